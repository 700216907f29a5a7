/* Finds members of objects; wide objects have an index. */
#include "base/json_index.h"

#include "base/steps.h"
#include "base/string_map.h"

#include <string.h>

/* Names can be chosen so that all have the same hash. So an object wider than any of Shopify's uses
 * a string map, which has no bad case. */
enum { NARROW = 8, WIDE_MOST = 256 };

/* A hash table with open addressing, at least half of it empty. */
struct index {
	size_t mask; /* its size - 1; the size is a power of two. 0 for a struct other_index */
	const cJSON *members[];
};

/* Used instead of the table, for wide objects and overlays. */
struct other_index {
	size_t mask;           /* 0 */
	struct string_map map; /* of a wide object */
	const cJSON *below;    /* of an overlay: where other members are looked up */
	bool is_overlay;
};

/* Names differ more in length and at their ends than at the beginning: total_price,
 * total_price_set, total_tax. */
static size_t hash_of(const char *name, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)name;

	if (length == 0)
		return 0;
	return length * 7 + (size_t)bytes[0] * 5 + (size_t)bytes[length / 2] * 3 +
	       bytes[length - 1];
}

/* Without strncmp: most names differ in their first letters. */
static bool is_named(const cJSON *member, const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (member->string[i] != name[i])
			return false;
	return member->string[length] == '\0';
}

/* ---- building ---- */

static void add(struct index *index, const cJSON *member)
{
	size_t first = hash_of(member->string, strlen(member->string));
	size_t place = first;

	while (index->members[place & index->mask] != NULL)
		place++;
	index->members[place & index->mask] = member;
	steps_add(place - first);
}

static struct other_index *make_other(struct arena *arena)
{
	struct other_index *index = arena_alloc(arena, sizeof(*index));

	if (index != NULL)
		*index = (struct other_index){.map = {.arena = arena}};
	return index;
}

/* Of two members with the same name, the first counts. */
static bool index_wide_object(struct arena *arena, cJSON *object)
{
	struct other_index *index = make_other(arena);

	if (index == NULL)
		return false;
	for (cJSON *member = object->child; member != NULL; member = member->next) {
		void **place =
			string_map_place(&index->map, member->string, strlen(member->string));

		if (place == NULL)
			return false;
		if (*place == NULL)
			*place = member;
	}
	object->valuestring = (char *)index;
	return true;
}

static bool index_object(struct arena *arena, cJSON *object, size_t count)
{
	struct index *index;
	size_t size = NARROW;

	while (size < 2 * count)
		size *= 2;
	index = arena_alloc(arena, sizeof(*index) + size * sizeof(index->members[0]));
	if (index == NULL)
		return false;
	index->mask = size - 1;
	memset(index->members, 0, size * sizeof(index->members[0]));
	for (const cJSON *member = object->child; member != NULL; member = member->next)
		add(index, member); /* of two members with the same name, the first counts */
	object->valuestring = (char *)index;
	return true;
}

/* Recursive: a value has at most 64 levels. */
bool json_index(struct arena *arena, cJSON *value)
{
	size_t count = 0;

	for (cJSON *child = value->child; child != NULL; child = child->next, count++)
		if (child->child != NULL && !json_index(arena, child))
			return false;
	steps_add(count);
	if (!cJSON_IsObject(value) || count <= NARROW)
		return true;
	return count > WIDE_MOST ? index_wide_object(arena, value)
				 : index_object(arena, value, count);
}

bool json_index_overlay(struct arena *arena, cJSON *object, const cJSON *below)
{
	struct other_index *index = make_other(arena);

	if (index == NULL)
		return false;
	index->is_overlay = true;
	index->below = below;
	object->valuestring = (char *)index;
	return true;
}

static const struct other_index *other_index_of(const cJSON *object)
{
	const struct other_index *index = (const void *)object->valuestring;

	return index != NULL && index->mask == 0 ? index : NULL;
}

bool json_index_is_overlay(const cJSON *object)
{
	const struct other_index *index = object != NULL ? other_index_of(object) : NULL;

	return index != NULL && index->is_overlay;
}

void json_index_drop(cJSON *object)
{
	if (object != NULL && !json_index_is_overlay(object))
		object->valuestring = NULL;
}

/* ---- look-up ---- */

static const cJSON *find_by_index(const struct index *index, const char *name, size_t length)
{
	size_t first = hash_of(name, length);
	size_t place = first;
	const cJSON *member;

	while ((member = index->members[place++ & index->mask]) != NULL)
		if (is_named(member, name, length))
			break;
	steps_add(place - first);
	return member;
}

static const cJSON *find_in_list(const cJSON *object, const char *name, size_t length)
{
	const cJSON *member = object->child;
	uint64_t steps = 1;

	for (; member != NULL && !is_named(member, name, length); member = member->next)
		steps++;
	steps_add(steps);
	return member;
}

/* The overlay's own members hide those below. */
static const cJSON *find_otherwise(
	const cJSON *object, const struct other_index *index, const char *name, size_t length)
{
	const cJSON *member;

	if (!index->is_overlay)
		return string_map_get(&index->map, name, length);
	member = find_in_list(object, name, length);
	return member != NULL ? member : json_find(index->below, name, length);
}

const cJSON *json_find(const cJSON *object, const char *name, size_t length)
{
	const struct index *index;

	if (!cJSON_IsObject(object))
		return NULL;
	index = (const void *)object->valuestring;
	if (index == NULL)
		return find_in_list(object, name, length);
	if (index->mask == 0)
		return find_otherwise(object, (const void *)index, name, length);
	return find_by_index(index, name, length);
}
