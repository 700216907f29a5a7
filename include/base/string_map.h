/* A map from strings to pointers without a slow case, whatever the strings.
 *
 * It is a crit-bit tree: a look-up takes at most as many steps as the string has bits, usually the
 * logarithm of the number of strings. */
#ifndef SEGRELAY_BASE_STRING_MAP_H
#define SEGRELAY_BASE_STRING_MAP_H

#include "base/arena.h"

#include <stddef.h>

struct string_map_node;

/* Initialised as `struct string_map map = {.arena = arena}`; all memory is from the arena. */
struct string_map {
	struct arena *arena;
	struct string_map_node *root;
};

/* The value of a string of `length` bytes without NUL; NULL when it is not in the map. */
void *string_map_get(const struct string_map *map, const char *string, size_t length);

/* A pointer to the value of a string. A string that is not in the map is added with the value NULL;
 * it is not copied and must live as long as the map. NULL without memory. */
void **string_map_place(struct string_map *map, const char *string, size_t length);

#endif
