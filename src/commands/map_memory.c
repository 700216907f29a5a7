/* What a dry run remembers: records, and what was told. */
#include "commands/map_memory.h"

#include <stdlib.h>
#include <string.h>

struct map_record {
	struct map_record *next;
	char *kind;
	char *key;
	char *json;
};

static struct map_record *find(const struct map_memory *memory, const char *kind, const char *key)
{
	struct map_record *record = memory->records;

	while (record != NULL && (strcmp(record->kind, kind) != 0 || strcmp(record->key, key) != 0))
		record = record->next;
	return record;
}

static int get(
	void *context, const char *kind, const char *key, struct arena *arena, const char **json)
{
	const struct map_record *record = find(context, kind, key);

	*json = record != NULL ? arena_copy(arena, record->json) : NULL;
	return record != NULL && *json == NULL ? -1 : 0;
}

static struct map_record *add(struct map_memory *memory, const char *kind, const char *key)
{
	struct map_record *record = calloc(1, sizeof(*record));

	if (record == NULL)
		return NULL;
	record->kind = strdup(kind);
	record->key = strdup(key);
	record->next = memory->records;
	memory->records = record;
	return record->kind != NULL && record->key != NULL ? record : NULL;
}

static int put(void *context, const char *kind, const char *key, const char *json)
{
	struct map_record *record = find(context, kind, key);

	if (record == NULL)
		record = add(context, kind, key);
	if (record == NULL)
		return -1;
	free(record->json);
	record->json = strdup(json);
	return record->json != NULL ? 0 : -1;
}

struct memory map_memory_of(struct map_memory *memory)
{
	return (struct memory){.get = get, .put = put, .context = memory};
}

int map_memory_tell(struct map_memory *memory, const struct uuid *id)
{
	struct uuid *more;

	for (size_t i = 0; i < memory->told_count; i++)
		if (memcmp(&memory->told[i], id, sizeof(*id)) == 0)
			return 1;
	more = realloc(memory->told, (memory->told_count + 1) * sizeof(*more));
	if (more == NULL)
		return -1;
	memory->told = more;
	memory->told[memory->told_count++] = *id;
	return 0;
}

void map_memory_free(struct map_memory *memory)
{
	while (memory->records != NULL) {
		struct map_record *record = memory->records;

		memory->records = record->next;
		free(record->kind);
		free(record->key);
		free(record->json);
		free(record);
	}
	free(memory->told);
}
