/* A byte string that grows. */
#ifndef SEGRELAY_BASE_TEXT_H
#define SEGRELAY_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Initialised as `struct text text = {0}`; `data` is NULL or NUL-terminated. When memory is
 * exhausted `failed` is set and everything added later is ignored: check it once, at the end. */
struct text {
	char *data;
	size_t length;
	size_t capacity;
	bool failed;
};

/* Reserves room for `more` bytes; false (and `failed`) without memory. */
bool text_reserve(struct text *text, size_t more);

/* Appends `length` bytes, which may contain NUL. */
void text_add(struct text *text, const void *bytes, size_t length);

/* Appends a C string. */
void text_put(struct text *text, const char *string);

/* Appends formatted text like printf. */
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a number in decimal, with at least `digits` digits. */
void text_number(struct text *text, uint64_t number, unsigned digits);

/* Appends the value of a Prometheus label, escaped. */
void text_label(struct text *text, const char *value);

/* Truncates to `length` bytes; keeps the memory. */
void text_cut(struct text *text, size_t length);

/* Frees the memory; the text is empty and can be used again. */
void text_free(struct text *text);

/* The content as a C string, "" when empty. Owned by the text, valid until it changes. */
const char *text_string(const struct text *text);

/* Returns the content, which the caller frees, and empties the text. NULL when an addition failed.
 */
char *text_take(struct text *text);

/* `a`, or `b` when `a` is NULL. */
const char *text_or(const char *a, const char *b);

/* The number of letters to add, remove or change to turn one into the other, to suggest a name.
 * Only the first 31 letters count. */
size_t text_distance(const char *a, const char *b);

#endif
