/* The records, timers and emitted ids of a dry run. */
#include "commands/map_records.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

struct map_record {
	struct map_record *next;
	char *kind;
	char *key;
	char *json;  /* NULL when the record was removed */
	int64_t due; /* when its timer is due, TIME_UNKNOWN for none */
};

static struct map_record *find(const struct map_records *records, const char *kind, const char *key)
{
	struct map_record *record = records->records;

	while (record != NULL && (strcmp(record->kind, kind) != 0 || strcmp(record->key, key) != 0))
		record = record->next;
	return record;
}

static int get(
	void *context, const char *kind, const char *key, struct arena *arena, const char **json)
{
	const struct map_record *record = find(context, kind, key);

	*json = record != NULL ? arena_copy(arena, record->json) : NULL;
	return record != NULL && record->json != NULL && *json == NULL ? -1 : 0;
}

static struct map_record *add(struct map_records *records, const char *kind, const char *key)
{
	struct map_record *record = calloc(1, sizeof(*record));

	if (record == NULL)
		return NULL;
	record->kind = strdup(kind);
	record->key = strdup(key);
	record->due = TIME_UNKNOWN;
	record->next = records->records;
	records->records = record;
	return record->kind != NULL && record->key != NULL ? record : NULL;
}

static struct map_record *find_or_add(void *context, const char *kind, const char *key)
{
	struct map_record *record = find(context, kind, key);

	return record != NULL ? record : add(context, kind, key);
}

static int put(void *context, const char *kind, const char *key, const char *json)
{
	struct map_record *record = find_or_add(context, kind, key);

	if (record == NULL)
		return -1;
	free(record->json);
	record->json = json != NULL ? strdup(json) : NULL;
	return json != NULL && record->json == NULL ? -1 : 0;
}

static int set_timer(void *context, const char *kind, const char *key, int64_t due)
{
	struct map_record *record = find_or_add(context, kind, key);

	if (record == NULL)
		return -1;
	record->due = due;
	return 0;
}

bool map_records_take_timer(
	struct map_records *records, int64_t until, struct arena *arena, struct timer *timer)
{
	struct map_record *first = NULL;

	for (struct map_record *record = records->records; record != NULL; record = record->next)
		if (record->due != TIME_UNKNOWN && (first == NULL || record->due < first->due))
			first = record;
	if (first == NULL || first->due > until)
		return false;
	*timer = (struct timer){.due = first->due,
		.kind = arena_copy(arena, first->kind),
		.key = arena_copy(arena, first->key)};
	first->due = TIME_UNKNOWN;
	return timer->kind != NULL && timer->key != NULL;
}

struct record_store map_records_store(struct map_records *records)
{
	return (struct record_store){
		.get = get, .put = put, .set_timer = set_timer, .context = records};
}

int map_records_mark_emitted(struct map_records *records, const struct uuid *id)
{
	struct uuid *more;

	for (size_t i = 0; i < records->emitted_count; i++)
		if (memcmp(&records->emitted[i], id, sizeof(*id)) == 0)
			return 1;
	more = realloc(records->emitted, (records->emitted_count + 1) * sizeof(*more));
	if (more == NULL)
		return -1;
	records->emitted = more;
	records->emitted[records->emitted_count++] = *id;
	return 0;
}

void map_records_free(struct map_records *records)
{
	while (records->records != NULL) {
		struct map_record *record = records->records;

		records->records = record->next;
		free(record->kind);
		free(record->key);
		free(record->json);
		free(record);
	}
	free(records->emitted);
}
