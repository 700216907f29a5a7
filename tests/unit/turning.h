/* An engine on a store of its own for each test, and short words for what tests do with it. */
#ifndef SEGRELAY_TESTS_TURNING_H
#define SEGRELAY_TESTS_TURNING_H

#include "unit.h"

#include "admin/api.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "mapping/record_kinds.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SHOP "aurora.myshopify.com"

struct given {
	struct config *config;
	struct store *store;
	struct engine *engine;
	struct error error;
	pthread_mutex_t mutex;
	int64_t announced;     /* messages, by the hook */
	int64_t announcements; /* one a turn */
	bool damaged;
	char path[64];
};

static inline void on_queued(void *context, const char *destination, int64_t messages)
{
	struct given *given = context;

	assert_string_equal(destination, "map");
	(void)pthread_mutex_lock(&given->mutex);
	given->announced += messages;
	given->announcements++;
	(void)pthread_mutex_unlock(&given->mutex);
}

static inline void on_damaged(void *context)
{
	struct given *given = context;

	(void)pthread_mutex_lock(&given->mutex);
	given->damaged = true;
	(void)pthread_mutex_unlock(&given->mutex);
}

/* On a store of an URL; `wrap` may put another one around it. */
static inline void start_on(
	struct given *given, const char *url, struct store *(*wrap)(struct store *inner))
{
	struct engine_hooks hooks = {.on_queued = on_queued,
		.queued_context = given,
		.on_damaged = on_damaged,
		.context = given};

	(void)pthread_mutex_init(&given->mutex, NULL);
	given->config = config_defaults(SHOP);
	if (store_open(url, &given->store, NULL, &given->error) != 0)
		fail_msg("%s", given->error.text);
	if (wrap != NULL)
		given->store = wrap(given->store);
	assert_int_equal(
		engine_start(given->store, given->config, &given->engine, &given->error), 0);
	engine_set_hooks(given->engine, &hooks);
	log_configure(LOG_ERROR, LOG_TEXT);
}

static inline void start(struct given *given, const char *url)
{
	start_on(given, url, NULL);
}

static inline int set_up(void **state)
{
	struct given *given = calloc(1, sizeof(*given));

	start(given, "sqlite::memory:");
	*state = given;
	return 0;
}

/* Makes its file; the URL of a store on it. */
static inline void make_file(struct given *given, char *url, size_t size)
{
	int fd;

	(void)snprintf(given->path, sizeof(given->path), "/tmp/segrelay-engine-XXXXXX");
	fd = mkstemp(given->path);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)snprintf(url, size, "sqlite:%s", given->path);
}

/* On a file, which can fail. */
static inline int set_up_file(void **state)
{
	struct given *given = calloc(1, sizeof(*given));
	char url[96];

	make_file(given, url, sizeof(url));
	start(given, url);
	*state = given;
	return 0;
}

static inline void remove_files(const char *path)
{
	static const char *const suffixes[] = {"", "-wal", ".lock", ".reserve", ".progress"};
	char name[96];

	for (size_t i = 0; i < COUNT_OF(suffixes) && path[0] != '\0'; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
}

static inline int check_kind(void *context, const struct record *record)
{
	(void)context;
	if (record_kind_find(record->kind) == NULL)
		fail_msg("record kind %s has no row in record_kinds.c", record->kind);
	return 0;
}

/* Each record that a test leaves in the store is of a kind that has a row: what an erasure must
 * find. A store that a test broke is not read. */
static inline void check_kinds(struct store *store)
{
	static const char *const shops[] = {"", SHOP};
	struct error error;

	for (size_t i = 0; i < COUNT_OF(shops); i++)
		(void)store_each_record(store, shops[i], "", "", 10000, check_kind, NULL, &error);
}

static inline int tear_down(void **state)
{
	struct given *given = *state;

	engine_stop(given->engine);
	check_kinds(given->store);
	store_close(given->store);
	config_release(given->config);
	remove_files(given->path);
	free(given);
	return 0;
}

/* ---- deliveries ---- */

struct webhook {
	struct task task;
	struct given *given;
	const char *topic;
	const char *body;
	bool test;
	int applied;
	int result; /* of the turn */
	bool is_done;
};

static inline int apply(struct engine *engine, struct task *task, struct error *error)
{
	struct webhook *webhook = (struct webhook *)task;
	struct delivery delivery = {.shop = SHOP,
		.topic = webhook->topic,
		.test = webhook->test,
		.received = clock_now(),
		.body = webhook->body,
		.body_length = strlen(webhook->body)};

	assert_int_equal(
		digest_hmac("k", 1, webhook->body, delivery.body_length, delivery.fingerprint), 0);
	webhook->applied =
		engine_apply(engine, &delivery, config_shop(engine_config(engine), SHOP), error);
	return webhook->applied == REFUSED ? 0 : webhook->applied;
}

static inline int post(struct given *given, const char *topic, const char *body)
{
	struct webhook webhook = {.task = {.run = apply}, .topic = topic, .body = body};
	int result = engine_call(given->engine, &webhook.task, &given->error);

	return result == 0 ? webhook.applied : result;
}

/* A number of the status, at a path of its first topic or destination with that name. */
static inline int64_t number(
	struct given *given, const char *list, const char *key, const char *name, const char *path)
{
	struct text answer = {0};
	struct arena *arena = arena_create(1024);
	const cJSON *status;
	const cJSON *item;
	int64_t found = -1;

	assert_int_equal(api_handle(given->engine, "GET", "/status", "", NULL, 0, &answer), 200);
	status = json_parse(arena, text_string(&answer), answer.length, &given->error);
	cJSON_ArrayForEach (item, json_at(status, list)) {
		if (strcmp(json_text(item, key), name) == 0)
			found = strtoll(json_text(item, path), NULL, 10);
	}
	text_free(&answer);
	arena_destroy(arena);
	return found;
}

static inline int64_t topic_number(struct given *given, const char *topic, const char *path)
{
	return number(given, "topics", "topic", topic, path);
}

static inline int64_t outbox_number(struct given *given, const char *path)
{
	return number(given, "destinations", "name", "map", path);
}

#endif
