/* The mapping without memory: each allocation fails in turn. What comes then is -1 with a sentence,
 * or the whole result: never half of one that looks whole, as that would be told for good.
 *
 * The payloads are those of the golden cases. What allocates is wrapped (see the Makefile). */
#include "payloads.h"

#include "base/clock.h"
#include "base/json.h"
#include "mapping/mapping.h"

enum {
	RECORDS_MAX = 200,
	TRIES = 12, /* of the allocations of a payload; which ones differs from payload to payload
		     */
};

/* ---- what allocates ---- */

static int calls_left = INT32_MAX;
static bool goes_on; /* all that follow fail, too */

static bool is_hit(void)
{
	if (calls_left > 0)
		calls_left--;
	if (calls_left != 0)
		return false;
	calls_left = goes_on ? 0 : INT32_MAX;
	return true;
}

void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_arena_alloc(struct arena *arena, size_t size);
char *__real_arena_copy(struct arena *arena, const char *string);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_arena_alloc(struct arena *arena, size_t size);
char *__wrap_arena_copy(struct arena *arena, const char *string);
char *__wrap_arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void *__wrap_malloc(size_t size)
{
	return is_hit() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return is_hit() ? NULL : __real_realloc(memory, size);
}

/* No arena has so much. */
static void *fail_in(struct arena *arena)
{
	return __real_arena_alloc(arena, SIZE_MAX);
}

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
	return is_hit() ? fail_in(arena) : __real_arena_alloc(arena, size);
}

char *__wrap_arena_copy(struct arena *arena, const char *string)
{
	if (string == NULL)
		return NULL;
	return is_hit() ? fail_in(arena) : __real_arena_copy(arena, string);
}

char *__wrap_arena_format(struct arena *arena, const char *format, ...)
{
	char text[4096];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return is_hit() ? fail_in(arena) : __real_arena_copy(arena, text);
}

/* ---- what is remembered ---- */

struct kept {
	char *kind;
	char *key;
	char *json;
};

/* The records, and a text of all that a mapping has said about them and what it tells. */
struct remembered {
	struct kept records[RECORDS_MAX];
	size_t count;
	char said[400000];
	size_t length;
};

static void say(struct remembered *all, const char *what, const char *more, const char *rest)
{
	int length = snprintf(all->said + all->length, sizeof(all->said) - all->length,
		"%s %s %s\n", what, more, rest != NULL ? rest : "-");

	assert_true(length > 0 && (size_t)length < sizeof(all->said) - all->length);
	all->length += (size_t)length;
}

static char *copy_of(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(__real_malloc(size), text, size);
}

static struct kept *find(struct remembered *all, const char *kind, const char *key)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->records[i].kind, kind) == 0 &&
			strcmp(all->records[i].key, key) == 0)
			return &all->records[i];
	return NULL;
}

static int get(
	void *context, const char *kind, const char *key, struct arena *arena, const char **json)
{
	const struct kept *record = find(context, kind, key);

	*json = record != NULL && record->json != NULL ? arena_copy(arena, record->json) : NULL;
	return record != NULL && record->json != NULL && *json == NULL ? -1 : 0;
}

static int put(void *context, const char *kind, const char *key, const char *json)
{
	struct remembered *all = context;
	struct kept *record = find(all, kind, key);

	say(all, kind, key, json);
	if (record == NULL) {
		assert_true(all->count < RECORDS_MAX);
		record = &all->records[all->count++];
		*record = (struct kept){copy_of(kind), copy_of(key), NULL};
	}
	free(record->json);
	record->json = json != NULL ? copy_of(json) : NULL;
	return 0;
}

static int set_timer(void *context, const char *kind, const char *key, int64_t due)
{
	char time[32];

	(void)snprintf(time, sizeof(time), "%lld", (long long)due);
	say(context, kind, key, time);
	return 0;
}

static void forget(struct remembered *all)
{
	for (size_t i = 0; i < all->count; i++) {
		free(all->records[i].kind);
		free(all->records[i].key);
		free(all->records[i].json);
	}
	all->count = 0;
}

/* The records as they are now: what a mapping remembers it may recall before its end, but nothing
 * is kept of a trial. */
static void save(const struct remembered *all, struct remembered *saved)
{
	forget(saved);
	for (size_t i = 0; i < all->count; i++) {
		const struct kept *record = &all->records[i];

		saved->records[i] = (struct kept){copy_of(record->kind), copy_of(record->key),
			record->json != NULL ? copy_of(record->json) : NULL};
	}
	saved->count = all->count;
}

static void restore(struct remembered *all, struct remembered *saved)
{
	forget(all);
	memcpy(all->records, saved->records, sizeof(all->records));
	all->count = saved->count;
	saved->count = 0;
}

/* ---- a payload ---- */

struct payload {
	const struct payload_file *file;
	const struct shop *shop;
	struct remembered *all;
	struct error error;
};

static int map(
	struct payload *payload, struct arena *arena, const cJSON *json, struct mapped *mapped)
{
	struct record_store memory = {
		.get = get, .put = put, .set_timer = set_timer, .context = payload->all};
	struct delivery delivery = {.shop = payload->shop->domain,
		.topic = payload->file->topic,
		.received = time_parse("2026-11-23T12:00:00Z"),
		.triggered_at = "2026-11-23T11:59:58.123456789Z"};

	return map_delivery(
		&delivery, json, payload->shop, &memory, arena, mapped, &payload->error);
}

/* Maps with the n-th allocation failing (0: none); the calls that are made are added to what is
 * said. How many allocations there were, or -1 when the mapping failed. */
static int map_once(struct payload *payload, int failing, bool all_after)
{
	struct arena *arena = arena_create(1024);
	const cJSON *json =
		json_parse(arena, payload->file->body, payload->file->length, &payload->error);
	struct mapped mapped;
	int result;

	assert_non_null(json);
	payload->all->length = 0;
	payload->all->said[0] = '\0';
	payload->error.text[0] = '\0';
	goes_on = all_after;
	calls_left = failing > 0 ? failing : INT32_MAX;
	result = map(payload, arena, json, &mapped);
	if (result == 0)
		result = INT32_MAX - calls_left;
	calls_left = INT32_MAX;
	goes_on = false;
	if (result >= 0) {
		say(payload->all, "status", mapped.status == MAP_EVENTS ? "mapped" : "", NULL);
		for (const struct segment_call *call = mapped.calls; call != NULL;
			call = call->next)
			say(payload->all, call->event, call->key, call->json);
	}
	arena_destroy(arena);
	return result;
}

static int try_to_map(struct payload *payload, int failing, bool all_after)
{
	static struct remembered saved;
	int result;

	save(payload->all, &saved);
	result = map_once(payload, failing, all_after);
	restore(payload->all, &saved);
	return result;
}

static void fail_at(struct payload *payload, int failing, bool all_after, const char *expected)
{
	if (try_to_map(payload, failing, all_after) == -1) {
		if (payload->error.text[0] == '\0')
			fail_msg("%s: no reason given", payload->file->path);
	} else if (strcmp(payload->all->said, expected) != 0) {
		size_t at = 0;

		while (payload->all->said[at] == expected[at])
			at++;
		at = at > 40 ? at - 40 : 0;
		fail_msg("%s: allocation %d of them failed, and then came\n...%.200s\ninstead of"
			 "\n...%.200s",
			payload->file->path, failing, payload->all->said + at, expected + at);
	}
}

static void fail_in_turn(struct payload *payload, int offset)
{
	static char expected[sizeof(payload->all->said)];
	int count;
	int step;

	count = try_to_map(payload, 0, false);
	if (count < 0)
		fail_msg("%s: %s", payload->file->path, payload->error.text);
	memcpy(expected, payload->all->said, sizeof(expected));
	step = getenv("EVERY_ALLOCATION") != NULL ? 1 : count / TRIES + 1;
	for (int failing = 1 + offset % step; failing <= count; failing += step) {
		fail_at(payload, failing, false, expected);
		fail_at(payload, failing, true, expected);
	}
	assert_int_equal(map_once(payload, 0, false), count);
}

/* ---- all payloads ---- */

struct trial {
	struct remembered all;
	const struct shop *shop;
};

static void try_file(const struct payload_file *file, struct trial *trial, int offset)
{
	struct payload payload = {.file = file, .shop = trial->shop, .all = &trial->all};
	struct arena *arena = arena_create(1024);

	if (json_parse(arena, file->body, file->length, &payload.error) != NULL)
		fail_in_turn(&payload, offset);
	arena_destroy(arena);
}

static void try_case(const char *folder, int offset, void *context)
{
	struct trial *trial = context;
	struct payload_file file;

	for (int number = 1; payload_read(folder, number, &file); number++) {
		try_file(&file, trial, offset + number);
		free(file.body);
	}
	forget(&trial->all);
}

static void no_half_result_looks_whole(void **state)
{
	static struct trial trial;
	struct config *config = config_defaults("aurora-outfitters.myshopify.com");

	(void)state;
	trial.shop = &config->shops[0];
	each_case(try_case, &trial);
	config_release(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(no_half_result_looks_whole)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
