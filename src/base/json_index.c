/* Finding the members of objects: of wide ones by an index. */
#include "base/json_index.h"

#include <string.h>

/* Whoever can choose the names can have them all in one place: of an object that is wider than any
 * of Shopify's there is no index, so that to make one never takes long. */
enum { NARROW = 8, WIDE_MOST = 256 };

/* A hash table with open addressing, at least half of it empty. */
struct index {
	size_t mask; /* its size less one; a power of two */
	const cJSON *members[];
};

/* Names differ in their length and their ends more than at their beginning: total_price,
 * total_price_set, total_tax. */
static size_t hash_of(const char *name, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)name;

	if (length == 0)
		return 0;
	return length * 7 + (size_t)bytes[0] * 5 + (size_t)bytes[length / 2] * 3 +
	       bytes[length - 1];
}

/* No call of strncmp for each: most differ in their first letters. */
static bool is_named(const cJSON *member, const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (member->string[i] != name[i])
			return false;
	return member->string[length] == '\0';
}

/* ---- making ---- */

static void add(struct index *index, const cJSON *member)
{
	size_t place = hash_of(member->string, strlen(member->string));

	while (index->members[place & index->mask] != NULL)
		place++;
	index->members[place & index->mask] = member;
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
		add(index, member); /* the first of two of a name is found first */
	object->valuestring = (char *)index;
	return true;
}

/* Goes as deep as the value, which has 64 levels at the most. */
bool json_index(struct arena *arena, cJSON *value)
{
	size_t count = 0;

	for (cJSON *child = value->child; child != NULL; child = child->next, count++)
		if (child->child != NULL && !json_index(arena, child))
			return false;
	if (!cJSON_IsObject(value) || count <= NARROW || count > WIDE_MOST)
		return true;
	return index_object(arena, value, count);
}

void json_index_drop(cJSON *object)
{
	if (object != NULL)
		object->valuestring = NULL;
}

/* ---- finding ---- */

static const cJSON *find_by_index(const struct index *index, const char *name, size_t length)
{
	size_t place = hash_of(name, length);
	const cJSON *member;

	while ((member = index->members[place++ & index->mask]) != NULL)
		if (is_named(member, name, length))
			return member;
	return NULL;
}

const cJSON *json_find(const cJSON *object, const char *name, size_t length)
{
	if (!cJSON_IsObject(object))
		return NULL;
	if (object->valuestring != NULL)
		return find_by_index((const void *)object->valuestring, name, length);
	for (const cJSON *member = object->child; member != NULL; member = member->next)
		if (is_named(member, name, length))
			return member;
	return NULL;
}
