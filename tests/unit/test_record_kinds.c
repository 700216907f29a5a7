/* The kinds of records: every kind that is written has a row, and no row is of no use. */
#include "payloads.h"

#include "base/clock.h"
#include "base/json.h"
#include "commands/map_records.h"
#include "mapping/record_kinds.h"
#include "mapping/work.h"

enum { KINDS_MAX = 64 };

/* What the golden cases write. */
struct written {
	const struct shop *shop;
	struct map_records kept;
	struct record_store memory;
	char names[KINDS_MAX][32];
	size_t count;
};

static void note(struct written *written, const char *kind)
{
	for (size_t i = 0; i < written->count; i++)
		if (strcmp(written->names[i], kind) == 0)
			return;
	assert_true(written->count < KINDS_MAX);
	(void)snprintf(written->names[written->count++], sizeof(written->names[0]), "%s", kind);
}

static int get(
	void *context, const char *kind, const char *key, struct arena *arena, const char **json)
{
	struct record_store memory = map_records_store(&((struct written *)context)->kept);

	return memory.get(memory.context, kind, key, arena, json);
}

static int put(void *context, const char *kind, const char *key, const char *json)
{
	struct record_store memory = map_records_store(&((struct written *)context)->kept);

	note(context, kind);
	return memory.put(memory.context, kind, key, json);
}

static int set_timer(void *context, const char *kind, const char *key, int64_t due)
{
	struct record_store memory = map_records_store(&((struct written *)context)->kept);

	if (record_kind_timer(kind) == RECORD_TIMER_NONE)
		fail_msg("timer kind %s has no row in record_kinds.c", kind);
	return memory.set_timer(memory.context, kind, key, due);
}

static void map(struct written *written, const struct payload_file *file)
{
	struct arena *arena = arena_create(65536);
	struct delivery delivery = {.shop = written->shop->domain,
		.topic = file->topic,
		.received = time_parse("2026-11-23T12:00:00Z")};
	struct mapped mapped;
	struct error error;
	const cJSON *payload = json_parse(arena, file->body, file->length, &error);

	if (payload != NULL && map_delivery(&delivery, payload, written->shop, &written->memory,
				       arena, &mapped, &error) != 0)
		fail_msg("%s: %s", file->path, error.text);
	arena_destroy(arena);
}

static void run_out(struct written *written, const char *path)
{
	struct arena *arena = arena_create(65536);
	struct mapped mapped;
	struct timer timer;
	struct error error;

	while (map_records_take_timer(&written->kept, INT64_MAX, arena, &timer))
		if (map_timer(&timer, timer.due, written->shop, &written->memory, arena, &mapped,
			    &error) != 0)
			fail_msg("%s: %s", path, error.text);
	arena_destroy(arena);
}

static void map_case(const char *folder, int offset, void *context)
{
	struct written *written = context;
	struct payload_file file;

	(void)offset;
	for (int i = 1; payload_read(folder, i, &file); i++) {
		map(written, &file);
		free(file.body);
	}
	run_out(written, folder);
	map_records_free(&written->kept);
	written->kept = (struct map_records){0};
}

static bool is_written(const struct written *written, const char *kind)
{
	for (size_t i = 0; i < written->count; i++)
		if (strcmp(written->names[i], kind) == 0)
			return true;
	return false;
}

static void each_kind_that_a_golden_case_writes_has_a_row(void **state)
{
	struct config *config = config_defaults("aurora-outfitters.myshopify.com");
	struct written *written = calloc(1, sizeof(*written));

	(void)state;
	assert_non_null(written);
	written->shop = &config->shops[0];
	written->memory = (struct record_store){get, put, set_timer, written};
	each_case(map_case, written);
	for (size_t i = 0; i < written->count; i++)
		if (record_kind_find(written->names[i]) == NULL)
			fail_msg("record kind %s has no row in record_kinds.c", written->names[i]);
	for (const struct record_kind *kind = record_kinds; kind->name != NULL; kind++)
		if (!kind->is_engines && !is_written(written, kind->name))
			fail_msg("no golden case writes a record of kind %s", kind->name);
	free(written);
	config_release(config);
}

static void a_name_stands_once(void **state)
{
	(void)state;
	for (const struct record_kind *kind = record_kinds; kind->name != NULL; kind++)
		assert_ptr_equal(record_kind_find(kind->name), kind);
}

/* The customers of a shop are found by the key, or by a path: a person's record without either
 * would survive the erasure. */
static void the_engines_own_records_name_nobody(void **state)
{
	(void)state;
	for (const struct record_kind *kind = record_kinds; kind->name != NULL; kind++) {
		if (kind->is_engines)
			assert_false(kind->is_personal);
		if (!kind->is_personal) {
			assert_null(kind->customer);
			assert_null(kind->others[0]);
			assert_null(kind->identifiers[0]);
		}
	}
}

/* ---- a kind without a row ---- */

static void assert_refused(const char *kind, bool is_timer)
{
	struct map_records kept = {0};
	struct record_store memory = map_records_store(&kept);
	struct arena *arena = arena_create(1024);
	struct error error = {.text = ""};
	struct work work = {
		.records = &memory, .arena = arena, .error = &error, .steps_end = UINT64_MAX};
	struct text json = {0};

	text_put(&json, "{}");
	if (is_timer)
		work_set_timer(&work, kind, "1", 1000);
	else
		work_remember(&work, kind, "1", &json, NULL);
	assert_true(work.failed);
	assert_int_equal(error.kind, ERROR_VALUE);
	assert_non_null(strstr(error.text, kind));
	assert_non_null(strstr(error.text, "has no row in record_kinds.c"));
	assert_null(kept.records);
	text_free(&json);
	arena_destroy(arena);
}

static void a_kind_without_a_row_is_not_written(void **state)
{
	(void)state;
	assert_refused("wishlist", false);
	assert_refused("wishlist", true);
	assert_refused("privacy", false); /* the engine's own */
	assert_refused("order", true);    /* has no timers */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_that_a_golden_case_writes_has_a_row),
		cmocka_unit_test(a_name_stands_once),
		cmocka_unit_test(the_engines_own_records_name_nobody),
		cmocka_unit_test(a_kind_without_a_row_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
