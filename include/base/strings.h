/* Lists of allocated strings, for example of the configuration. */
#ifndef SEGRELAY_BASE_STRINGS_H
#define SEGRELAY_BASE_STRINGS_H

#include <stddef.h>

/* `items` has `count` elements. Zero-initialised. */
struct strings {
	char **items;
	size_t count;
};

/* Appends a copy of an item, or of its first `length` bytes. 0, or -1 without memory; the list is
 * unchanged then. */
int strings_add(struct strings *strings, const char *item);
int strings_add_part(struct strings *strings, const char *item, size_t length);

/* Frees the list, which is empty afterwards. The items are overwritten first, because they may be
 * secrets. */
void strings_free(struct strings *strings);

/* The value of the first "name=value" of a list; NULL when there is none. It belongs to the list.
 */
const char *strings_named(const struct strings *pairs, const char *name);

#endif
