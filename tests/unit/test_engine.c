/* The engine: a turn is a transaction, what was told is not told again, counters balance. */
#include "unit.h"

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/operator.h"

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
	int64_t announced; /* messages, by the hook */
};

static void on_queued(void *context, const char *destination, int64_t messages)
{
	struct given *given = context;

	assert_string_equal(destination, "map");
	(void)pthread_mutex_lock(&given->mutex);
	given->announced += messages;
	(void)pthread_mutex_unlock(&given->mutex);
}

static int set_up(void **state)
{
	struct given *given = calloc(1, sizeof(*given));
	struct engine_hooks hooks = {.on_queued = on_queued, .queued_context = given};

	(void)pthread_mutex_init(&given->mutex, NULL);
	given->config = config_defaults(SHOP);
	assert_int_equal(store_open("sqlite::memory:", &given->store, NULL, &given->error), 0);
	assert_int_equal(
		engine_start(given->store, given->config, &given->engine, &given->error), 0);
	engine_set_hooks(given->engine, &hooks);
	log_configure(LOG_ERROR, LOG_TEXT);
	*state = given;
	return 0;
}

static int tear_down(void **state)
{
	struct given *given = *state;

	engine_stop(given->engine);
	store_close(given->store);
	config_release(given->config);
	free(given);
	return 0;
}

/* ---- deliveries ---- */

struct webhook {
	struct request request;
	struct given *given;
	struct arena *arena;
	const char *topic;
	const char *body;
	bool test;
	int applied;
	int result; /* of the turn */
	bool is_done;
};

static int apply(struct engine *engine, struct request *request, struct error *error)
{
	struct webhook *webhook = (struct webhook *)request;
	struct error problem = {""};
	struct delivery delivery = {.shop = SHOP,
		.topic = webhook->topic,
		.test = webhook->test,
		.received = clock_now(),
		.body = webhook->body,
		.body_length = strlen(webhook->body)};
	const cJSON *payload =
		json_parse(webhook->arena, webhook->body, delivery.body_length, &problem);

	assert_int_equal(
		digest_hmac("k", 1, webhook->body, delivery.body_length, delivery.fingerprint), 0);
	webhook->applied = engine_apply(engine, &delivery, payload, problem.text,
		config_shop(engine_config(engine), SHOP), webhook->arena, error);
	return webhook->applied == REFUSED ? 0 : webhook->applied;
}

static int post(struct given *given, const char *topic, const char *body)
{
	struct webhook webhook = {.request = {.run = apply},
		.topic = topic,
		.body = body,
		.arena = arena_create(1024)};
	int result = engine_call(given->engine, &webhook.request, &given->error);

	arena_destroy(webhook.arena);
	return result == 0 ? webhook.applied : result;
}

/* A number of the status, at a path of its first topic or destination with that name. */
static int64_t number(
	struct given *given, const char *list, const char *key, const char *name, const char *path)
{
	struct text answer = {0};
	struct arena *arena = arena_create(1024);
	const cJSON *status;
	const cJSON *item;
	int64_t found = -1;

	assert_int_equal(
		operator_handle(given->engine, "GET", "/status", "", NULL, 0, &answer), 200);
	status = json_parse(arena, text_string(&answer), answer.length, &given->error);
	cJSON_ArrayForEach (item, json_at(status, list)) {
		if (strcmp(json_text(item, key), name) == 0)
			found = strtoll(json_text(item, path), NULL, 10);
	}
	text_free(&answer);
	arena_destroy(arena);
	return found;
}

static int64_t topic_number(struct given *given, const char *topic, const char *path)
{
	return number(given, "topics", "topic", topic, path);
}

static int64_t outbox_number(struct given *given, const char *path)
{
	return number(given, "destinations", "name", "map", path);
}

static const char order[] = "{\"id\":1,\"created_at\":\"2026-11-23T10:00:00Z\","
			    "\"total_price\":\"10.00\",\"customer\":{\"id\":7}}";

static void an_order_becomes_two_messages(void **state)
{
	struct given *given = *state;

	assert_int_equal(post(given, "orders/create", order), STORED);
	assert_int_equal(topic_number(given, "orders/create", "mapped"), 1);
	assert_int_equal(outbox_number(given, "queued"), 2);
	assert_int_equal(outbox_number(given, "waiting"), 2);
	assert_int_equal(given->announced, 2);
}

static void what_was_told_is_not_told_again(void **state)
{
	struct given *given = *state;

	assert_int_equal(post(given, "orders/create", order), STORED);
	assert_int_equal(post(given, "orders/create", order), STORED);
	assert_int_equal(post(given, "orders/paid", order), STORED);
	assert_int_equal(
		post(given, "orders/create", "{\"id\":1,\"created_at\":\"2026-11-23T10:00:00Z\"}"),
		STORED);
	assert_int_equal(topic_number(given, "orders/create", "repeated"), 2);
	assert_int_equal(topic_number(given, "orders/paid", "repeated"), 1);
	assert_int_equal(outbox_number(given, "queued"), 2);
	assert_int_equal(given->announced, 2);
}

static void what_cannot_be_mapped_is_set_aside(void **state)
{
	struct given *given = *state;

	log_configure(LOG_ERROR, LOG_TEXT);
	assert_int_equal(post(given, "orders/create", "{\"id\":"), STORED);
	assert_int_equal(post(given, "orders/create", "{\"name\":\"#1\"}"), STORED);
	assert_int_equal(topic_number(given, "orders/create", "dead"), 2);
}

static void what_no_rule_speaks_of_is_ignored(void **state)
{
	struct given *given = *state;

	assert_int_equal(post(given, "shop/update", "{\"id\":5}"), STORED);
	assert_int_equal(topic_number(given, "shop/update", "ignored"), 1);
	assert_int_equal(post(given, "orders/create", "{\"id\":5,\"test\":true}"), STORED);
	assert_int_equal(topic_number(given, "orders/create", "ignored"), 1);
}

/* ---- turns ---- */

static int fail_run(struct engine *engine, struct request *request, struct error *error)
{
	(void)engine, (void)request;
	return error_set(error, "the disk went away");
}

static void note_done(struct request *request, int result, const struct error *error)
{
	struct webhook *webhook = (struct webhook *)request;

	(void)error;
	(void)pthread_mutex_lock(&webhook->given->mutex);
	webhook->result = result;
	webhook->is_done = true;
	(void)pthread_mutex_unlock(&webhook->given->mutex);
}

/* Keeps the engine busy until others have submitted, so that one turn takes all of them. */
static int wait_run(struct engine *engine, struct request *request, struct error *error)
{
	const struct timespec pause = {.tv_nsec = 100000000};

	(void)engine, (void)request, (void)error;
	(void)nanosleep(&pause, NULL);
	return 0;
}

static bool all_done(struct given *given, const struct webhook *webhooks, size_t count)
{
	bool done = true;

	(void)pthread_mutex_lock(&given->mutex);
	for (size_t i = 0; i < count; i++)
		done = done && webhooks[i].is_done;
	(void)pthread_mutex_unlock(&given->mutex);
	return done;
}

static void a_turn_that_fails_fails_for_all_of_it(void **state)
{
	struct given *given = *state;
	const struct timespec pause = {.tv_nsec = 10000000};
	struct webhook webhooks[4] = {
		{.given = given}, {.given = given}, {.given = given}, {.given = given}};

	for (size_t i = 0; i < COUNT_OF(webhooks); i++) {
		webhooks[i].request = (struct request){.run = apply, .done = note_done};
		webhooks[i].topic = "orders/create";
		webhooks[i].body = order;
		webhooks[i].arena = arena_create(1024);
	}
	webhooks[0].request.run = wait_run;
	webhooks[2].request.run = fail_run;
	for (size_t i = 0; i < COUNT_OF(webhooks); i++)
		engine_submit(given->engine, &webhooks[i].request);
	for (int i = 0; i < 500 && !all_done(given, webhooks, COUNT_OF(webhooks)); i++)
		(void)nanosleep(&pause, NULL);
	assert_true(all_done(given, webhooks, COUNT_OF(webhooks)));
	for (size_t i = 1; i < COUNT_OF(webhooks); i++)
		assert_int_equal(webhooks[i].result, -1);
	for (size_t i = 0; i < COUNT_OF(webhooks); i++)
		arena_destroy(webhooks[i].arena);
	assert_true(engine_refuses(given->engine, &given->error));
	assert_string_equal(given->error.text, "the disk went away");
}

static void stopping_finishes_what_was_submitted(void **state)
{
	struct given *given = *state;
	struct webhook webhook = {.given = given,
		.request = {.run = apply, .done = note_done},
		.topic = "orders/create",
		.body = order,
		.arena = arena_create(1024)};
	struct destination_state *states;
	size_t count;

	engine_submit(given->engine, &webhook.request);
	engine_stop(given->engine);
	given->engine = NULL;
	assert_true(webhook.is_done);
	assert_int_equal(webhook.result, 0);
	arena_destroy(webhook.arena);
	assert_int_equal(store_destinations(given->store, &states, &count, &given->error), 0);
	assert_int_equal(states[0].queued, 2);
	store_free_destinations(states, count);
}

static void a_full_store_refuses_webhooks_but_lets_messages_go(void **state)
{
	struct given *given = *state;
	struct config *full = config_defaults(SHOP);

	assert_int_equal(post(given, "orders/create", order), STORED);
	full->max_store = 1;
	engine_reload(given->engine, full);
	config_release(full);
	assert_int_equal(
		post(given, "shop/update", "{\"id\":1}"), STORED); /* checked each second */
	sleep(1);
	assert_int_equal(post(given, "shop/update", "{\"id\":2}"), REFUSED);
	assert_true(engine_refuses(given->engine, &given->error));
	assert_non_null(strstr(given->error.text, "max_store"));
	assert_int_equal(topic_number(given, "shop/update", "received"), 1);
	assert_int_equal(outbox_number(given, "waiting"), 2);
}

/* ---- the operator ---- */

static int ask(struct given *given, const char *method, const char *path, const char *body,
	const char *expected)
{
	struct text answer = {0};
	int status = operator_handle(
		given->engine, method, path, "", body, body != NULL ? strlen(body) : 0, &answer);

	if (expected != NULL && strstr(text_string(&answer), expected) == NULL)
		fail_msg("%s has no %s", text_string(&answer), expected);
	text_free(&answer);
	return status;
}

static void dead_letters_can_be_shown_retried_and_dropped(void **state)
{
	struct given *given = *state;

	assert_int_equal(post(given, "orders/create", "{\"id\":"), STORED);
	assert_int_equal(post(given, "orders/paid", "{\"id\":"), STORED);
	assert_int_equal(ask(given, "GET", "/dead", NULL, "\"topic\":\"orders/create\""), 200);
	assert_int_equal(ask(given, "GET", "/dead/1", NULL, "\"body\":\"{\\\"id\\\":\""), 200);
	assert_int_equal(ask(given, "GET", "/dead/9", NULL, "no such dead letter"), 404);
	assert_int_equal(ask(given, "POST", "/dead/retry", "{\"ids\":[1,9]}",
				 "{\"done\":1,\"unknown\":[9]}"),
		200);
	assert_int_equal(topic_number(given, "orders/create", "dead"), 1); /* dead again */
	assert_int_equal(
		ask(given, "POST", "/dead/drop", "{\"all\":true}", "{\"done\":2,\"unknown\":[]}"),
		200);
	assert_int_equal(topic_number(given, "orders/create", "dropped"), 1);
	assert_int_equal(topic_number(given, "orders/create", "dead"), 0);
	assert_int_equal(ask(given, "POST", "/dead/drop", "{\"ids\":\"x\"}", "expected"), 400);
	assert_int_equal(ask(given, "POST", "/dead/drop", "nonsense", "expected"), 400);
	assert_int_equal(ask(given, "GET", "/nothing", NULL, "nothing here"), 404);
}

static void the_counters_balance(void **state)
{
	struct given *given = *state;
	struct text metrics = {0};

	assert_int_equal(post(given, "orders/create", order), STORED);
	assert_int_equal(post(given, "orders/create", order), STORED);
	assert_int_equal(post(given, "orders/create", "{"), STORED);
	assert_int_equal(operator_metrics(given->engine, &metrics, &given->error), 0);
	assert_non_null(strstr(text_string(&metrics), "segrelay_counters_balanced 1\n"));
	assert_non_null(strstr(text_string(&metrics),
		"segrelay_deliveries_total{shop=\"" SHOP "\",topic=\"orders/create\","
		"result=\"received\"} 3\n"));
	text_free(&metrics);
}

#define ENGINE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(an_order_becomes_two_messages),
		ENGINE_TEST(what_was_told_is_not_told_again),
		ENGINE_TEST(what_cannot_be_mapped_is_set_aside),
		ENGINE_TEST(what_no_rule_speaks_of_is_ignored),
		ENGINE_TEST(a_turn_that_fails_fails_for_all_of_it),
		ENGINE_TEST(stopping_finishes_what_was_submitted),
		ENGINE_TEST(a_full_store_refuses_webhooks_but_lets_messages_go),
		ENGINE_TEST(dead_letters_can_be_shown_retried_and_dropped),
		ENGINE_TEST(the_counters_balance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
