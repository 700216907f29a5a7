/* A byte string that grows. */
#ifndef SEGRELAY_BASE_TEXT_H
#define SEGRELAY_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts as `struct text text = {0}`; `data` is NULL or NUL-terminated. When memory runs out
 * `failed` is set and everything added later is left out: look once, at the end. */
struct text {
	char *data;
	size_t length;
	size_t capacity;
	bool failed;
};

/* Makes room for `more` further bytes; false (and `failed`) when there is no memory. */
bool text_reserve(struct text *text, size_t more);

/* Adds `length` bytes, which may contain NUL. */
void text_add(struct text *text, const void *bytes, size_t length);

/* Adds a C string. */
void text_put(struct text *text, const char *string);

/* Adds what printf would print. */
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a number in decimal digits, at least `digits` of them. */
void text_number(struct text *text, uint64_t number, unsigned digits);

/* Adds what may stand between the quotes of a label of a Prometheus metric. */
void text_label(struct text *text, const char *value);

/* Cuts back to `length` bytes; keeps the memory. */
void text_cut(struct text *text, size_t length);

/* Gives the memory back; the text is empty and can be used again. */
void text_free(struct text *text);

/* The content as a C string, "" when empty. Owned by the text, valid until it changes. */
const char *text_string(const struct text *text);

/* Hands the content over; the caller frees it. NULL when adding failed. The text is empty after. */
char *text_take(struct text *text);

/* `a`, or `b` when `a` is NULL. */
const char *text_or(const char *a, const char *b);

/* How many letters must be added, removed or changed to make one of the other; for suggesting a
 * name. Only the first 31 letters count. */
size_t text_distance(const char *a, const char *b);

#endif
