/* Records whose values are of another kind than the relay writes: another version wrote them, or a
 * disk lost a bit. Each golden case is mapped up to its last webhook, one value of one record is
 * replaced, and the last webhook and the timers follow: what cannot be read is taken for nothing.
 * The mapping never fails, as that would hold up all shops. */
#include "payloads.h"

#include "base/clock.h"
#include "base/json.h"
#include "commands/map_records.h"

enum {
	TRIES = 40 /* of the changes after a case; which ones differs from case to case */,
	NAMES_MAX = 64
};

static const char *const others[] = {"{\"id\":{\"id\":[]},\"amount\":true}", "{}", "[]",
	"[\"a\",1,null,{},[[]]]", "true", "null", "\"\"", "\"gid://shopify/Order/\"", "-1",
	"99999999999999999999", "\"2026-02-30T25:61:61Z\""};

/* ---- what is remembered, and the names of it ---- */

struct name {
	char kind[32];
	char key[256];
};

struct trial {
	const struct shop *shop;
	struct map_records kept;
	struct record_store memory; /* on what is kept; `put` notes the names */
	struct name names[NAMES_MAX];
	size_t name_count;
	int changes;
};

static int get(
	void *context, const char *kind, const char *key, struct arena *arena, const char **json)
{
	struct record_store memory = map_records_store(&((struct trial *)context)->kept);

	return memory.get(memory.context, kind, key, arena, json);
}

static int put(void *context, const char *kind, const char *key, const char *json)
{
	struct trial *trial = context;
	struct record_store memory = map_records_store(&trial->kept);
	struct name *name = &trial->names[trial->name_count];
	size_t i = 0;

	assert_non_null(key);
	while (i < trial->name_count &&
		(strcmp(trial->names[i].kind, kind) != 0 || strcmp(trial->names[i].key, key) != 0))
		i++;
	if (i == trial->name_count && trial->name_count < NAMES_MAX) {
		(void)snprintf(name->kind, sizeof(name->kind), "%s", kind);
		(void)snprintf(name->key, sizeof(name->key), "%s", key);
		trial->name_count++;
	}
	return memory.put(memory.context, kind, key, json);
}

static int set_timer(void *context, const char *kind, const char *key, int64_t due)
{
	struct record_store memory = map_records_store(&((struct trial *)context)->kept);

	assert_non_null(key);
	return memory.set_timer(memory.context, kind, key, due);
}

static void forget_all(struct trial *trial)
{
	map_records_free(&trial->kept);
	trial->kept = (struct map_records){0};
	trial->name_count = 0;
}

/* ---- mapping ---- */

static void map(struct trial *trial, const struct payload_file *file)
{
	struct arena *arena = arena_create(65536);
	struct delivery delivery = {.shop = trial->shop->domain,
		.topic = file->topic,
		.received = time_parse("2026-11-23T12:00:00Z")};
	struct mapped mapped;
	struct error error;
	const cJSON *payload = json_parse(arena, file->body, file->length, &error);

	if (payload != NULL && map_delivery(&delivery, payload, trial->shop, &trial->memory, arena,
				       &mapped, &error) != 0)
		fail_msg("%s: %s", file->path, error.text);
	arena_destroy(arena);
}

static void run_out(struct trial *trial, const char *path)
{
	struct arena *arena = arena_create(65536);
	struct mapped mapped;
	struct timer timer;
	struct error error;

	while (map_records_take_timer(&trial->kept, INT64_MAX, arena, &timer))
		if (map_timer(&timer, timer.due, trial->shop, &trial->memory, arena, &mapped,
			    &error) != 0)
			fail_msg("%s: %s", path, error.text);
	arena_destroy(arena);
}

/* ---- changing ---- */

static size_t count_of(const cJSON *value)
{
	size_t count = 1;

	for (const cJSON *child = value->child; child != NULL; child = child->next)
		count += count_of(child);
	return count;
}

static cJSON *value_at(cJSON *value, size_t *place)
{
	cJSON *found = *place == 0 ? value : NULL;

	(*place)--;
	for (cJSON *child = value->child; found == NULL && child != NULL; child = child->next)
		found = value_at(child, place);
	return found;
}

/* Replaces a value of a record; which of both depends on the number. False when there is none. */
static bool change_record(struct trial *trial, size_t number)
{
	struct arena *arena = arena_create(65536);
	const struct name *name = &trial->names[number % trial->name_count];
	const char *text = NULL;
	struct text changed = {0};
	cJSON *record = NULL;
	struct error error;

	assert_int_equal(get(trial, name->kind, name->key, arena, &text), 0);
	if (text != NULL)
		record = json_parse(arena, text, strlen(text), &error);
	if (record != NULL) {
		const char *other = others[number / 7 % COUNT_OF(others)];
		const cJSON *by = json_parse(arena, other, strlen(other), &error);
		size_t place = number / 3 % count_of(record);
		cJSON *value = value_at(record, &place);

		value->type = by->type;
		value->child = by->child;
		value->valuestring = by->valuestring;
		json_add_value(&changed, record);
		assert_int_equal(put(trial, name->kind, name->key, text_string(&changed)), 0);
		trial->changes++;
	}
	text_free(&changed);
	arena_destroy(arena);
	return record != NULL;
}

static void try_change(struct trial *trial, const char *folder, int count, size_t number)
{
	struct payload_file file;

	for (int i = 1; i <= count && payload_read(folder, i, &file); i++) {
		if (i == count && trial->name_count > 0)
			(void)change_record(trial, number);
		map(trial, &file);
		free(file.body);
	}
	if (trial->name_count > 0)
		(void)change_record(trial, number * 5 + 1);
	run_out(trial, folder);
	forget_all(trial);
}

static void try_case(const char *folder, int offset, void *context)
{
	int tries = getenv("EVERY_CHANGE") != NULL ? 2000 : TRIES;
	struct payload_file file;
	int count = 0;

	while (payload_read(folder, count + 1, &file)) {
		free(file.body);
		count++;
	}
	for (int i = 0; i < tries && count > 0; i++)
		try_change(context, folder, count, (size_t)(offset * 131 + i * 37));
}

static void records_of_another_kind_do_no_harm(void **state)
{
	struct config *config = config_defaults("aurora-outfitters.myshopify.com");
	struct trial *trial = calloc(1, sizeof(*trial));

	(void)state;
	assert_non_null(trial);
	trial->shop = &config->shops[0];
	trial->memory = (struct record_store){get, put, set_timer, trial};
	each_case(try_case, trial);
	assert_true(trial->changes > 1000);
	free(trial);
	config_release(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(records_of_another_kind_do_no_harm)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
