/* The engine: a turn is a transaction, an emitted message is not emitted again, counters balance.
 */
#include "engine/engine_private.h"
#include "turning.h"

#include <semaphore.h>
#include <stdatomic.h>

static _Atomic int64_t stands_at; /* where the monotonic clock stands, 0: it does not */

int64_t __real_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void);

int64_t __wrap_clock_monotonic(void)
{
	int64_t stands = atomic_load(&stands_at);

	return stands > 0 ? stands : __real_clock_monotonic();
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
	assert_int_equal(
		post(given, "orders/create", "{\"id\":5,\"line_items\":[],\"test\":true}"), STORED);
	assert_int_equal(topic_number(given, "orders/create", "ignored"), 1);
}

/* ---- turns ---- */

static int fail_run(struct engine *engine, struct task *task, struct error *error)
{
	(void)engine, (void)task;
	return error_set(error, "the disk went away");
}

static void note_done(struct task *task, int result, const struct error *error)
{
	struct webhook *webhook = (struct webhook *)task;

	(void)error;
	(void)pthread_mutex_lock(&webhook->given->mutex);
	webhook->result = result;
	webhook->is_done = true;
	(void)pthread_mutex_unlock(&webhook->given->mutex);
}

static sem_t is_busy;
static sem_t may_go_on;

/* Keeps the engine busy until others have submitted, so that one turn takes all of them. */
static int wait_run(struct engine *engine, struct task *task, struct error *error)
{
	(void)engine, (void)task, (void)error;
	(void)sem_post(&is_busy);
	while (sem_wait(&may_go_on) != 0)
		continue;
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

static void short_pause(void)
{
	const struct timespec pause = {.tv_nsec = 10000000};

	(void)nanosleep(&pause, NULL);
}

/* Submits webhooks so that one turn takes all of them, and waits until all are done. */
static void submit_together(struct given *given, struct webhook *webhooks, size_t count)
{
	struct webhook first = {.given = given, .task = {.run = wait_run, .done = note_done}};

	assert_int_equal(sem_init(&is_busy, 0, 0), 0);
	assert_int_equal(sem_init(&may_go_on, 0, 0), 0);
	engine_submit(given->engine, &first.task);
	while (sem_wait(&is_busy) != 0)
		continue;
	for (size_t i = 0; i < count; i++)
		engine_submit(given->engine, &webhooks[i].task);
	(void)sem_post(&may_go_on);
	for (int i = 0; i < 500 && !all_done(given, webhooks, count); i++)
		short_pause();
	assert_true(all_done(given, webhooks, count));
}

static struct webhook a_webhook(struct given *given, const char *body)
{
	return (struct webhook){.given = given,
		.task = {.run = apply, .done = note_done},
		.topic = "orders/create",
		.body = body};
}

static void what_waits_is_committed_together(void **state)
{
	struct given *given = *state;
	char bodies[20][200];
	struct webhook webhooks[20];

	for (size_t i = 0; i < COUNT_OF(webhooks); i++) {
		(void)snprintf(bodies[i], sizeof(bodies[i]),
			"{\"id\":%zu,\"created_at\":\"2026-11-23T10:00:00Z\"}", i + 1);
		webhooks[i] = a_webhook(given, bodies[i]);
	}
	submit_together(given, webhooks, COUNT_OF(webhooks));
	for (size_t i = 0; i < COUNT_OF(webhooks); i++)
		assert_int_equal(webhooks[i].result, 0);
	assert_int_equal(outbox_number(given, "waiting"), 20); /* a turn later: it was announced */
	assert_int_equal(given->announced, 20);
	assert_int_equal(given->announcements, 1);
}

struct slow_hook {
	sem_t called;
	_Atomic bool is_over;
};

static void on_queued_slowly(void *context, const char *destination, int64_t messages)
{
	struct slow_hook *hook = context;

	(void)destination;
	(void)messages;
	(void)sem_post(&hook->called);
	for (int i = 0; i < 5; i++)
		short_pause();
	hook->is_over = true;
}

/* A daemon that ends frees its sender while the engine turns on. */
static void hooks_that_were_taken_away_are_not_being_called(void **state)
{
	struct given *given = *state;
	struct slow_hook hook = {.is_over = false};
	const struct engine_hooks slow = {.on_queued = on_queued_slowly, .queued_context = &hook};
	const struct engine_hooks none = {0};

	assert_int_equal(sem_init(&hook.called, 0, 0), 0);
	engine_set_hooks(given->engine, &slow);
	assert_int_equal(post(given, "orders/create", order), STORED);
	while (sem_wait(&hook.called) != 0)
		continue;
	engine_set_hooks(given->engine, &none);
	assert_true(hook.is_over);
	hook.is_over = false;
	assert_int_equal(
		post(given, "orders/create", "{\"id\":2,\"created_at\":\"2026-11-23T10:00:00Z\"}"),
		STORED);
	assert_int_equal(outbox_number(given, "waiting"), 3);
	assert_int_equal(sem_trywait(&hook.called), -1);
	(void)sem_destroy(&hook.called);
}

struct removal {
	struct task task;
	_Atomic bool *is_told;
	bool was_told; /* when it was done */
	sem_t done;
};

static int remove_one(struct engine *engine, struct task *task, struct error *error)
{
	(void)task, (void)error;
	return counters_removed(&engine->counters, "map");
}

static void note_told(struct task *task, int result, const struct error *error)
{
	struct removal *removal = (struct removal *)task;

	(void)result, (void)error;
	removal->was_told = *removal->is_told;
	(void)sem_post(&removal->done);
}

static void on_removed(void *context, const char *destination)
{
	assert_string_equal(destination, "map");
	*(_Atomic bool *)context = true;
}

/* Whoever claims in the turn that forgets somebody must not have time to send what they got. */
static void a_removal_is_told_before_what_was_claimed_with_it(void **state)
{
	struct given *given = *state;
	_Atomic bool is_told = false;
	struct removal removal = {
		.task = {.run = remove_one, .done = note_told}, .is_told = &is_told};
	const struct engine_hooks hooks = {.on_removed = on_removed, .queued_context = &is_told};
	const struct engine_hooks none = {0};

	assert_int_equal(sem_init(&removal.done, 0, 0), 0);
	engine_set_hooks(given->engine, &hooks);
	engine_submit(given->engine, &removal.task);
	while (sem_wait(&removal.done) != 0)
		continue;
	engine_set_hooks(given->engine, &none);
	assert_true(removal.was_told);
	(void)sem_destroy(&removal.done);
}

static bool takes_webhooks_within(struct given *given, int seconds)
{
	for (int i = 0; i < seconds * 100 && engine_refuses(given->engine, NULL); i++)
		short_pause();
	return !engine_refuses(given->engine, NULL);
}

static void a_turn_that_fails_fails_for_all_of_it_and_is_over(void **state)
{
	struct given *given = *state;
	struct webhook webhooks[3];

	for (size_t i = 0; i < COUNT_OF(webhooks); i++)
		webhooks[i] = a_webhook(given, order);
	webhooks[1].task.run = fail_run;
	atomic_store(&stands_at, clock_monotonic()); /* it reopens the store a second later */
	submit_together(given, webhooks, COUNT_OF(webhooks));
	for (size_t i = 0; i < COUNT_OF(webhooks); i++)
		assert_int_equal(webhooks[i].result, -1);
	assert_true(engine_refuses(given->engine, &given->error));
	assert_string_equal(given->error.text, "the disk went away");
	assert_int_equal(given->announced, 0);
	assert_int_equal(post(given, "orders/create", order), -1);
	atomic_store(&stands_at, 0);
	assert_true(takes_webhooks_within(given, 5));
	assert_int_equal(topic_number(given, "orders/create", "received"), -1);
	assert_int_equal(post(given, "orders/create", order), STORED);
	assert_int_equal(topic_number(given, "orders/create", "mapped"), 1);
	assert_int_equal(outbox_number(given, "waiting"), 2);
}

/* Overwrites what is behind the first pages, as a failing disk would. */
static void damage(const char *path)
{
	char garbage[8192];
	int fd = open(path, O_WRONLY);

	memset(garbage, 0x5a, sizeof(garbage));
	assert_true(fd >= 0);
	for (off_t page = 2; page < 20; page++)
		assert_int_equal(pwrite(fd, garbage, sizeof(garbage), page * 8192), 8192);
	(void)close(fd);
}

/* Lets the store fail on a damaged file. */
static void fail_on_damage(struct given *given)
{
	struct webhook broken = a_webhook(given, order);

	assert_int_equal(post(given, "orders/create", order), STORED);
	broken.task.run = fail_run;
	submit_together(given, &broken, 1); /* reopening copies the WAL into the file */
	assert_true(takes_webhooks_within(given, 5));
	damage(given->path);
	broken = a_webhook(given, order);
	broken.task.run = fail_run;
	submit_together(given, &broken, 1);
}

static bool is_damaged_within(struct given *given, int seconds)
{
	bool damaged = false;

	for (int i = 0; i < seconds * 100 && !damaged; i++) {
		short_pause();
		(void)pthread_mutex_lock(&given->mutex);
		damaged = given->damaged;
		(void)pthread_mutex_unlock(&given->mutex);
	}
	return damaged;
}

static void a_damaged_store_is_reported_and_not_used(void **state)
{
	struct given *given = *state;

	fail_on_damage(given);
	assert_true(is_damaged_within(given, 5));
	assert_int_equal(post(given, "orders/create", order), -1);
}

/* A start may take longer than it takes to find that. */
static void damage_that_was_found_before_is_reported_to_hooks(void **state)
{
	const struct engine_hooks none = {0};
	struct given *given = *state;
	const struct engine_hooks hooks = {.on_damaged = on_damaged, .context = given};

	engine_set_hooks(given->engine, &none);
	fail_on_damage(given);
	assert_false(is_damaged_within(given, 2));
	engine_set_hooks(given->engine, &hooks);
	assert_true(is_damaged_within(given, 5));
}

static void stopping_finishes_what_was_submitted(void **state)
{
	struct given *given = *state;
	struct webhook webhook = a_webhook(given, order);
	struct destination_state *states;
	size_t count;

	engine_submit(given->engine, &webhook.task);
	engine_stop(given->engine);
	given->engine = NULL;
	assert_true(webhook.is_done);
	assert_int_equal(webhook.result, 0);
	assert_int_equal(store_destinations(given->store, &states, &count, &given->error), 0);
	assert_int_equal(states[0].queued, 2);
	store_free_destinations(states, count);
}

static int post_nth(struct given *given, int number)
{
	char body[32];

	(void)snprintf(body, sizeof(body), "{\"id\":%d}", number);
	return post(given, "shop/update", body);
}

static void a_full_store_refuses_webhooks_but_lets_messages_go(void **state)
{
	struct given *given = *state;
	struct config *full = config_defaults(SHOP);
	int stored = 0;

	assert_int_equal(post(given, "orders/create", order), STORED);
	full->max_store = 1;
	engine_reload(given->engine, full);
	config_release(full);
	while (post_nth(given, stored + 1) == STORED && ++stored < 500)
		short_pause(); /* it is checked each second */
	assert_int_equal(post_nth(given, 0), REFUSED);
	assert_true(engine_refuses(given->engine, &given->error));
	assert_non_null(strstr(given->error.text, "max_store"));
	assert_int_equal(topic_number(given, "shop/update", "received"), stored > 0 ? stored : -1);
	assert_int_equal(outbox_number(given, "waiting"), 2);
	/* The listener hands over nothing now; that there is room is noticed all the same. */
	engine_reload(given->engine, given->config);
	assert_true(takes_webhooks_within(given, 5));
	assert_int_equal(post_nth(given, 0), STORED);
}

struct taking {
	struct task task;
	struct arena *arena;
	struct message *messages;
	size_t count;
};

struct acking {
	struct task task;
	const struct taking *taking;
};

static int take(struct engine *engine, struct task *task, struct error *error)
{
	struct taking *taking = (struct taking *)task;
	const struct claim_limits limits = {10, 100000};

	return engine_claim(
		engine, "map", &limits, taking->arena, &taking->messages, &taking->count, error);
}

static int ack_taken(struct engine *engine, struct task *task, struct error *error)
{
	const struct taking *taking = ((struct acking *)task)->taking;
	int64_t ids[10];

	for (size_t i = 0; i < taking->count; i++)
		ids[i] = taking->messages[i].id;
	return engine_ack_sent(engine, "map", ids, taking->count, error);
}

static void ack(struct given *given, const struct taking *taking)
{
	struct acking acking = {.task = {.run = ack_taken}, .taking = taking};

	assert_int_equal(engine_call(given->engine, &acking.task, &given->error), 0);
}

static void an_identify_goes_before_its_event_and_both_are_acknowledged_once(void **state)
{
	struct given *given = *state;
	struct taking taking = {.task = {.run = take}, .arena = arena_create(1024)};

	assert_int_equal(post(given, "orders/create", order), STORED);
	assert_int_equal(engine_call(given->engine, &taking.task, &given->error), 0);
	assert_int_equal(taking.count, 2);
	assert_string_equal(taking.messages[0].event, "identify");
	assert_true(taking.messages[0].with_next);
	assert_string_equal(taking.messages[1].event, "Order Completed");
	assert_false(taking.messages[1].with_next);
	ack(given, &taking);
	ack(given, &taking); /* repeated after a commit with an unknown result */
	assert_int_equal(outbox_number(given, "sent"), 2);
	assert_int_equal(outbox_number(given, "waiting"), 0);
	arena_destroy(taking.arena);
}

static void topics_are_counted_apart_in_order(void **state)
{
	struct given *given = *state;
	static const char *const topics[] = {"shop/update", "locations/create", "shop/update",
		"carts/update", "themes/publish", "locations/create"};

	for (size_t i = 0; i < COUNT_OF(topics); i++) {
		char body[64];

		(void)snprintf(body, sizeof(body), "{\"id\":%zu,\"line_items\":[]}", i + 1);
		assert_int_equal(post(given, topics[i], body), STORED);
	}
	assert_int_equal(topic_number(given, "shop/update", "ignored"), 2);
	assert_int_equal(topic_number(given, "locations/create", "ignored"), 2);
	assert_int_equal(topic_number(given, "carts/update", "ignored"), 1);
	assert_int_equal(topic_number(given, "themes/publish", "ignored"), 1);
}

/* ---- the operator ---- */

static int ask(struct given *given, const char *method, const char *path, const char *body,
	const char *expected)
{
	struct text answer = {0};
	int status = api_handle(
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
	assert_int_equal(ask(given, "POST", "/dead/requeue", "{\"ids\":[1,9]}",
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
	assert_int_equal(ask(given, "GET", "/nothing", NULL, "no such path"), 404);
}

static void the_counters_balance(void **state)
{
	struct given *given = *state;
	struct text metrics = {0};

	assert_int_equal(post(given, "orders/create", order), STORED);
	assert_int_equal(post(given, "orders/create", order), STORED);
	assert_int_equal(post(given, "orders/create", "{"), STORED);
	assert_int_equal(store_metrics(given->engine, &metrics, &given->error), 0);
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
		ENGINE_TEST(what_waits_is_committed_together),
		ENGINE_TEST(hooks_that_were_taken_away_are_not_being_called),
		ENGINE_TEST(a_removal_is_told_before_what_was_claimed_with_it),
		ENGINE_TEST(a_turn_that_fails_fails_for_all_of_it_and_is_over),
		cmocka_unit_test_setup_teardown(
			a_damaged_store_is_reported_and_not_used, set_up_file, tear_down),
		cmocka_unit_test_setup_teardown(
			damage_that_was_found_before_is_reported_to_hooks, set_up_file, tear_down),
		ENGINE_TEST(stopping_finishes_what_was_submitted),
		ENGINE_TEST(a_full_store_refuses_webhooks_but_lets_messages_go),
		ENGINE_TEST(an_identify_goes_before_its_event_and_both_are_acknowledged_once),
		ENGINE_TEST(topics_are_counted_apart_in_order),
		ENGINE_TEST(dead_letters_can_be_shown_retried_and_dropped),
		ENGINE_TEST(the_counters_balance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
