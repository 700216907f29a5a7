/* The namespaces of messageIds, fixed for a destination's name at its first use.
 *
 * A message is emitted once by its messageId. If the namespace depended on the present write key,
 * every recent event would be emitted again after a rotation. So the namespace is derived from the
 * first key, and stored. Older stores have messageIds derived from the key that is configured at
 * the first start after the upgrade; the same derivation continues them. */
#include "engine/namespaces.h"

#include "base/json.h"
#include "engine/engine_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Records without a shop, which never expire. The key is the destination's name. */
#define KIND "namespace"
#define MEMBER "namespace"

/* Records of one page. */
enum { PAGE = 100 };

struct fixed_namespace {
	char *name;
	struct uuid space;
	bool stored;
};

static struct fixed_namespace *find(const struct namespaces *namespaces, const char *name)
{
	for (size_t i = 0; i < namespaces->count; i++)
		if (strcmp(namespaces->items[i].name, name) == 0)
			return &namespaces->items[i];
	return NULL;
}

/* The entry of a name, created when new. NULL without memory. */
static struct fixed_namespace *entry_of(struct namespaces *namespaces, const char *name)
{
	struct fixed_namespace *entry = find(namespaces, name);
	struct fixed_namespace *more;

	if (entry != NULL)
		return entry;
	more = realloc(namespaces->items, (namespaces->count + 1) * sizeof(*more));
	if (more == NULL)
		return NULL;
	namespaces->items = more;
	entry = &more[namespaces->count];
	*entry = (struct fixed_namespace){.name = strdup(name)};
	if (entry->name == NULL)
		return NULL;
	namespaces->count++;
	return entry;
}

/* ---- read ---- */

struct reading {
	struct namespaces *namespaces;
	struct arena *arena;
	char *last; /* the last name of the page, in the arena */
	size_t count;
	bool failed;
};

static int read_one(void *context, const struct record *record)
{
	struct reading *reading = context;
	struct error parse_error;
	const char *text;
	struct fixed_namespace *entry;
	struct uuid space;

	if (strcmp(record->kind, KIND) != 0)
		return 1;
	reading->count++;
	reading->last = arena_copy(reading->arena, record->key);
	text = json_text(
		json_parse(reading->arena, record->json, strlen(record->json), &parse_error),
		MEMBER);
	reading->failed = arena_failed(reading->arena);
	if (reading->failed || text == NULL || !uuid_read(text, &space))
		return reading->failed;
	entry = entry_of(reading->namespaces, record->key);
	reading->failed = entry == NULL;
	if (entry != NULL) {
		entry->space = space;
		entry->stored = true;
	}
	return reading->failed;
}

static int read_all(struct engine *engine, struct error *error)
{
	struct arena *arena = arena_create(16384);
	struct reading reading = {.namespaces = &engine->namespaces, .arena = arena, .last = ""};
	int result = arena != NULL ? 0 : error_no_memory(error);

	do {
		reading.count = 0;
		if (result == 0)
			result = store_each_record(engine->store, "", KIND, reading.last, PAGE,
				read_one, &reading, error);
		if (result == 0 && reading.failed)
			result = error_no_memory(error);
	} while (result == 0 && reading.count == PAGE);
	arena_destroy(arena);
	return result;
}

/* ---- fix ---- */

/* Whether another destination with another key has the namespace: their messages must not share
 * messageIds, as when a rotated key is used for another destination. `before` limits the check to
 * the first destinations of the configuration. */
static bool is_taken(const struct engine *engine, const struct destination *destination,
	const struct uuid *space, size_t before)
{
	for (size_t i = 0; i < before; i++) {
		const struct destination *other = &engine->config->destinations[i];
		const struct fixed_namespace *entry = find(&engine->namespaces, other->name);

		if (other != destination && entry != NULL && entry->stored &&
			memcmp(&entry->space, space, sizeof(*space)) == 0 &&
			strcmp(other->write_key, destination->write_key) != 0)
			return true;
	}
	return false;
}

static int derive_from_name(const struct destination *destination, struct uuid *space)
{
	struct text name = {0};
	int result;

	text_put(&name, destination->write_key);
	text_put(&name, "\n");
	text_put(&name, destination->name);
	result = name.failed ? -1 : 0;
	if (result == 0)
		*space = uuid_of_name(&uuid_segrelay, text_string(&name), name.length);
	text_free(&name);
	return result;
}

static int put(struct engine *engine, struct fixed_namespace *entry, struct error *error)
{
	char json[sizeof("{\"" MEMBER "\":\"\"}") + UUID_TEXT];
	char text[UUID_TEXT];

	uuid_format(&entry->space, text);
	(void)snprintf(json, sizeof(json), "{\"" MEMBER "\":\"%s\"}", text);
	if (store_put_record(engine->store, "", KIND, entry->name, json, INT64_MAX, error) != 0)
		return -1;
	entry->stored = true;
	return 0;
}

/* Fixes a destination's namespace if it has none, or one that is taken. */
static int fix(struct engine *engine, const struct destination *destination, size_t before,
	struct error *error)
{
	bool is_new = find(&engine->namespaces, destination->name) == NULL;
	struct fixed_namespace *entry = entry_of(&engine->namespaces, destination->name);

	if (entry == NULL)
		return error_no_memory(error);
	if (is_new)
		entry->space = destination->space;
	if (is_taken(engine, destination, &entry->space, before)) {
		if (derive_from_name(destination, &entry->space) != 0)
			return error_no_memory(error);
		entry->stored = false;
	}
	return entry->stored ? 0 : put(engine, entry, error);
}

static bool is_stored(const struct engine *engine, const struct destination *destination)
{
	const struct fixed_namespace *entry = find(&engine->namespaces, destination->name);

	return entry != NULL && entry->stored;
}

/* Stored destinations keep their namespace, also when a new destination before them has the key
 * that one of them had. If two shared a key and do not any more, the first one keeps the namespace.
 */
int namespaces_fix(struct engine *engine, struct error *error)
{
	const struct config *config = engine->config;

	if (read_all(engine, error) != 0)
		return -1;
	for (size_t i = 0; i < config->destination_count; i++)
		if (is_stored(engine, &config->destinations[i]) &&
			fix(engine, &config->destinations[i], i, error) != 0)
			return -1;
	for (size_t i = 0; i < config->destination_count; i++)
		if (!is_stored(engine, &config->destinations[i]) &&
			fix(engine, &config->destinations[i], config->destination_count, error) !=
				0)
			return -1;
	engine->namespaces.valid = true;
	return 0;
}

const struct uuid *namespaces_find(
	struct engine *engine, const struct destination *destination, struct error *error)
{
	if (!engine->namespaces.valid && namespaces_fix(engine, error) != 0)
		return NULL;
	/* a webhook that arrived before a reload removed the destination */
	if (!is_stored(engine, destination) &&
		fix(engine, destination, engine->config->destination_count, error) != 0)
		return NULL;
	return &find(&engine->namespaces, destination->name)->space;
}

/* The entries stay in memory and are stored again, so a key that changes meanwhile has no effect.
 */
void namespaces_invalidate(struct namespaces *namespaces)
{
	namespaces->valid = false;
	for (size_t i = 0; i < namespaces->count; i++)
		namespaces->items[i].stored = false;
}

void namespaces_free(struct namespaces *namespaces)
{
	for (size_t i = 0; i < namespaces->count; i++)
		free(namespaces->items[i].name);
	free(namespaces->items);
	*namespaces = (struct namespaces){0};
}
