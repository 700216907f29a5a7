/* A map from strings to pointers without a slow case: a crit-bit tree. */
#include "base/string_map.h"

#include "base/steps.h"

#include <stdbool.h>
#include <string.h>

/* A leaf contains a string. Any other node has the first bit in which the strings below it differ.
 */
struct string_map_node {
	size_t at;         /* the byte with the bit; for a leaf the string's length */
	unsigned char bit; /* a mask of one bit; 0 for a leaf */
	union {
		struct string_map_node *children[2];
		struct {
			const char *string;
			void *value;
		};
	};
};

/* A string continues with zeros, which it does not contain: so it differs from a longer one that
 * begins with it. */
static unsigned byte_of(const char *string, size_t length, size_t at)
{
	return at < length ? (unsigned char)string[at] : 0;
}

static struct string_map_node *child_of(
	const struct string_map_node *node, const char *string, size_t length)
{
	return node->children[(byte_of(string, length, node->at) & node->bit) != 0];
}

/* The leaf found by the bits of the string: the only one that may contain it. */
static struct string_map_node *leaf_of(
	const struct string_map *map, const char *string, size_t length)
{
	struct string_map_node *node = map->root;
	uint64_t steps = 2;

	while (node->bit != 0) {
		node = child_of(node, string, length);
		steps += 2;
	}
	steps_add(steps);
	steps_add_bytes(length);
	return node;
}

static bool holds(const struct string_map_node *leaf, const char *string, size_t length)
{
	return leaf->at == length && memcmp(leaf->string, string, length) == 0;
}

void *string_map_get(const struct string_map *map, const char *string, size_t length)
{
	const struct string_map_node *leaf;

	if (map->root == NULL)
		return NULL;
	leaf = leaf_of(map, string, length);
	return holds(leaf, string, length) ? leaf->value : NULL;
}

static struct string_map_node *make_leaf(struct string_map *map, const char *string, size_t length)
{
	struct string_map_node *leaf = arena_alloc(map->arena, sizeof(*leaf));

	if (leaf != NULL)
		*leaf = (struct string_map_node){.at = length, .string = string};
	return leaf;
}

/* The first bit in which the string differs from a leaf's. */
static void find_difference(const struct string_map_node *leaf, const char *string, size_t length,
	struct string_map_node *difference)
{
	size_t at = 0;
	unsigned bits;

	while (at < length && at < leaf->at && string[at] == leaf->string[at])
		at++;
	bits = byte_of(string, length, at) ^ byte_of(leaf->string, leaf->at, at);
	while ((bits & (bits - 1)) != 0)
		bits &= bits - 1;
	*difference = (struct string_map_node){.at = at, .bit = (unsigned char)bits};
}

static bool comes_before(const struct string_map_node *node, const struct string_map_node *other)
{
	return node->bit != 0 &&
	       (node->at < other->at || (node->at == other->at && node->bit > other->bit));
}

/* Inserts a new node where the strings below begin to differ from this one. */
static struct string_map_node *insert(struct string_map *map, const char *string, size_t length,
	const struct string_map_node *difference)
{
	struct string_map_node **place = &map->root;
	struct string_map_node *leaf = make_leaf(map, string, length);
	struct string_map_node *node = arena_alloc(map->arena, sizeof(*node));
	bool is_set = (byte_of(string, length, difference->at) & difference->bit) != 0;
	uint64_t steps = 8;

	if (leaf == NULL || node == NULL)
		return NULL;
	for (; comes_before(*place, difference); steps += 2)
		place = &(*place)->children[(byte_of(string, length, (*place)->at) &
						    (*place)->bit) != 0];
	*node = *difference;
	node->children[is_set] = leaf;
	node->children[!is_set] = *place;
	*place = node;
	steps_add(steps);
	return leaf;
}

void **string_map_place(struct string_map *map, const char *string, size_t length)
{
	struct string_map_node difference;
	struct string_map_node *leaf;

	if (map->root == NULL) {
		leaf = map->root = make_leaf(map, string, length);
		return leaf != NULL ? &leaf->value : NULL;
	}
	leaf = leaf_of(map, string, length);
	if (holds(leaf, string, length))
		return &leaf->value;
	find_difference(leaf, string, length, &difference);
	leaf = insert(map, string, length, &difference);
	return leaf != NULL ? &leaf->value : NULL;
}
