/* A map from strings to pointers that no choice of strings makes slow.
 *
 * It is a crit-bit tree: a look-up takes at most as many steps as the string has bits, usually the
 * logarithm of the number of strings. */
#ifndef SEGRELAY_BASE_STRING_MAP_H
#define SEGRELAY_BASE_STRING_MAP_H

#include "base/arena.h"

#include <stddef.h>

struct string_map_node;

/* Starts as `struct string_map map = {.arena = arena}`; everything lives in the arena. */
struct string_map {
	struct arena *arena;
	struct string_map_node *root;
};

/* The value of a string of `length` bytes without NUL; NULL when the map does not have it. */
void *string_map_get(const struct string_map *map, const char *string, size_t length);

/* The place of a string's value. A string that the map did not have is added with the value NULL;
 * it is not copied and must live as long as the map. NULL when memory runs out. */
void **string_map_place(struct string_map *map, const char *string, size_t length);

#endif
