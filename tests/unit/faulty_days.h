/* A day of webhooks, lived through while something fails, and what it leaves behind.
 *
 * A store stands between the engine and SQLite, counts the calls and lets the n-th fail, before it
 * did anything or after it did (as a commit whose sync failed may be on the disk all the same), or
 * the n-th allocation within a turn. What was asked in vain is asked again, as Shopify and the
 * sender do. In the end all must be as on the day on which nothing failed.
 *
 * The monotonic clock is wrapped (see the Makefile), so that the second until the store is opened
 * again need not be waited for. */
#ifndef SEGRELAY_TESTS_FAULTY_DAYS_H
#define SEGRELAY_TESTS_FAULTY_DAYS_H

#include "turning.h"

#include "store/store.h"

#include <stdatomic.h>

/* ---- the clock ---- */

static _Atomic int64_t jumped;

int64_t __real_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void);

int64_t __wrap_clock_monotonic(void)
{
	return __real_clock_monotonic() + atomic_load(&jumped);
}

static void jump(int64_t ms)
{
	(void)atomic_fetch_add(&jumped, ms);
}

/* ---- the store that fails ---- */

enum mode { BEFORE, AFTER, MEMORY };

struct faulty {
	struct store base; /* first */
	struct store *inner;
	_Atomic enum mode mode;
	bool keeps_open;        /* a rollback may fail, too: the transaction stays open */
	_Atomic int calls_left; /* until the first that fails; INT_MAX for never */
	_Atomic int in_a_row;   /* how many fail */
	_Atomic int wipes;      /* that were carried out */
};

static struct faulty *faulty_of(struct store *store)
{
	return (struct faulty *)store;
}

static struct store *inner(struct store *store)
{
	return faulty_of(store)->inner;
}

static bool counts_down(struct faulty *faulty)
{
	int left = atomic_fetch_sub(&faulty->calls_left, 1) - 1;

	return left <= 0 && left > -atomic_load(&faulty->in_a_row);
}

static bool is_hit(struct store *store)
{
	return faulty_of(store)->mode != MEMORY && counts_down(faulty_of(store));
}

/* The thread whose turn began, while it lasts: so that allocations can fail in it. */
static _Thread_local struct faulty *turning;

static bool was_reached(struct faulty *faulty)
{
	return atomic_load(&faulty->calls_left) <= 0;
}

static int refuse(struct error *error)
{
	return error_set(error, "store: it failed: disk I/O error (10)");
}

/* Each function fails when it is hit, before or after what it does. Those below are other. */
#define STORE_FUNCTION(name, parameters, arguments)                 \
	static int plain_##name parameters                          \
	{                                                           \
		bool hit = is_hit(store);                           \
		bool before = faulty_of(store)->mode == BEFORE;     \
		int result;                                         \
                                                                    \
		if (hit && before)                                  \
			return refuse(error);                       \
		store = inner(store);                               \
		result = store->engine->name arguments;             \
		return hit && result == 0 ? refuse(error) : result; \
	}
#define STORE_PROCEDURE(name, parameters, arguments) \
	static void plain_##name parameters          \
	{                                            \
		store = inner(store);                \
		store->engine->name arguments;       \
	}
#include "store/store_functions.h"
#undef STORE_FUNCTION
#undef STORE_PROCEDURE

/* What cannot be begun is not open. */
static int faulty_begin(struct store *store, struct error *error)
{
	if (is_hit(store))
		return refuse(error);
	if (faulty_of(store)->mode == MEMORY)
		turning = faulty_of(store);
	return inner(store)->engine->begin(inner(store), error);
}

static int faulty_commit(struct store *store, struct error *error)
{
	bool hit = is_hit(store);
	int result;

	turning = NULL;
	if (hit && faulty_of(store)->mode == BEFORE)
		return refuse(error);
	result = inner(store)->engine->commit(inner(store), error);
	return hit && result == 0 ? refuse(error) : result;
}

static void faulty_rollback(struct store *store)
{
	struct error error;
	bool hit = faulty_of(store)->keeps_open && is_hit(store);

	turning = NULL;
	inner(store)->engine->rollback(inner(store));
	if (hit)
		(void)inner(store)->engine->begin(inner(store), &error);
}

static int faulty_savepoint(struct store *store, struct error *error)
{
	return is_hit(store) ? refuse(error) : inner(store)->engine->savepoint(inner(store), error);
}

static int faulty_release(struct store *store, struct error *error)
{
	return is_hit(store) ? refuse(error) : inner(store)->engine->release(inner(store), error);
}

static int faulty_rollback_to(struct store *store, struct error *error)
{
	return is_hit(store) ? refuse(error)
			     : inner(store)->engine->rollback_to(inner(store), error);
}

static void faulty_close(struct store *store)
{
	store_close(inner(store));
	free(store);
}

static int faulty_housekeeping(
	struct store *store, enum store_housekeeping kind, struct error *error)
{
	if (kind != STORE_WIPE)
		return plain_housekeeping(store, kind, error);
	if (is_hit(store))
		return refuse(error);
	(void)atomic_fetch_add(&faulty_of(store)->wipes, 1);
	return inner(store)->engine->housekeeping(inner(store), kind, error);
}

static struct store_engine faulty_engine = {
	.close = faulty_close,
#define STORE_FUNCTION(name, parameters, arguments) .name = plain_##name,
#define STORE_PROCEDURE STORE_FUNCTION
#include "store/store_functions.h"
#undef STORE_FUNCTION
#undef STORE_PROCEDURE
};

static struct store *make_faulty(struct store *inner_store)
{
	struct faulty *faulty = calloc(1, sizeof(*faulty));

	faulty_engine.begin = faulty_begin;
	faulty_engine.commit = faulty_commit;
	faulty_engine.rollback = faulty_rollback;
	faulty_engine.savepoint = faulty_savepoint;
	faulty_engine.release = faulty_release;
	faulty_engine.rollback_to = faulty_rollback_to;
	faulty_engine.housekeeping = faulty_housekeeping;
	faulty->base.engine = &faulty_engine;
	faulty->inner = inner_store;
	atomic_store(&faulty->calls_left, INT32_MAX);
	return &faulty->base;
}

/* ---- a day ---- */

#define BROWSER "b7c1f7a0-6f0e-4f5c-9f3e-2f0f6d7a8c11"
#define LINES                                                                                   \
	"\"line_items\":[{\"id\":11,\"key\":\"1:a\",\"product_id\":5,\"quantity\":1,\"title\":" \
	"\"Mug\",\"price\":\"9.00\",\"line_price\":\"9.00\"}]"
#define CREATED "\"created_at\":\"2026-11-23T10:00:00Z\",\"updated_at\":\"2026-11-23T10:00:00Z\""
#define OF_SHOP "\"shop_id\":90001,\"shop_domain\":\"" SHOP "\""

static const struct {
	const char *topic;
	const char *body;
} webhooks[] = {
	{"products/create", "{\"id\":5,\"product_type\":\"Mugs\",\"handle\":\"mug\"}"},
	{"carts/create", "{\"token\":\"c1\"," CREATED "," LINES "}"},
	{"checkouts/create", "{\"id\":51,\"token\":\"k1\",\"cart_token\":\"c2\"," CREATED "," LINES
			     ",\"email\":\"a@example.com\",\"total_price\":\"9.00\"}"},
	{"orders/create",
		"{\"id\":1,\"name\":\"#1\"," CREATED "," LINES
		",\"total_price\":\"10.00\",\"checkout_token\":\"k1\",\"cart_token\":\"c2\","
		"\"customer\":{\"id\":7,\"email\":\"a@example.com\"},\"note_attributes\":"
		"[{\"name\":\"_segment_anonymous_id\",\"value\":\"" BROWSER "\"}]}"},
	{"orders/create", "{\"id\":2," CREATED "," LINES ",\"customer\":{\"id\":9,\"email\":"
			  "\"n@example.com\"},\"total_price\":\"3.00\"}"},
	{"refunds/create",
		"{\"id\":3,\"order_id\":1," CREATED
		",\"transactions\":[{\"id\":31,\"kind\":\"refund\",\"status\":\"success\","
		"\"amount\":\"5.00\",\"currency\":\"USD\"}]}"},
	{"orders/create", "{\"id\":"},
	{"shop/update", "{\"id\":4}"},
};

enum { TRIES_MOST = 20 };

struct day {
	struct given *given;
	struct faulty *faulty;
	struct text accepted; /* what Segment accepted, in order */
	bool has_refused;
};

static int do_nothing(struct engine *engine, struct task *task, struct error *error)
{
	(void)engine, (void)task, (void)error;
	return 0;
}

/* Lets time go by until the engine takes requests again: nobody helps it. */
static void wait_for_recovery(struct day *day)
{
	struct task nothing = {.run = do_nothing};

	for (int i = 0; i < 30; i++) {
		jump(SECOND);
		if (engine_call(day->given->engine, &nothing, &day->given->error) == 0 &&
			!engine_refuses(day->given->engine, NULL))
			return;
	}
	fail_msg("the engine does not recover: %s", day->given->error.text);
}

#define REASON(day) ((day)->faulty->mode == MEMORY ? "memory" : "it failed")

/* A test fails rather than asks for ever. */
static void try_again(struct day *day, int *tries)
{
	if (++*tries > TRIES_MOST)
		fail_msg("in vain: %s", day->given->error.text);
	wait_for_recovery(day);
}

static void check_reason(const struct day *day)
{
	if (strstr(day->given->error.text, REASON(day)) == NULL)
		fail_msg("said \"%s\"", day->given->error.text);
}

static void ask(struct day *day, struct task *task)
{
	int tries = 0;

	while (engine_call(day->given->engine, task, &day->given->error) != 0) {
		check_reason(day);
		try_again(day, &tries);
	}
}

static void post_again(struct day *day, const char *topic, const char *body)
{
	int tries = 0;
	int result;

	while ((result = post(day->given, topic, body)) != STORED) {
		assert_true(result == -1 || result == REFUSED);
		if (result == -1)
			check_reason(day);
		try_again(day, &tries);
	}
}

static void question(struct day *day, const char *method, const char *path, const char *body)
{
	int tries = 0;
	int status = 0;

	while (status != 200) {
		struct text answer = {0};

		status = api_handle(day->given->engine, method, path, "", body,
			body != NULL ? strlen(body) : 0, &answer);
		if (status != 200 && status != 503)
			fail_msg("%s: %d %s", path, status, text_string(&answer));
		if (status == 503 && strstr(text_string(&answer), REASON(day)) == NULL)
			fail_msg("%s: %s", path, text_string(&answer));
		text_free(&answer);
		if (status != 200)
			try_again(day, &tries);
	}
}

/* ---- a sender ---- */

struct taking {
	struct task task;
	struct arena *arena;
	struct message *messages;
	size_t count;
};

struct acking {
	struct task task;
	const struct message *message;
};

static int take(struct engine *engine, struct task *task, struct error *error)
{
	struct taking *taking = (struct taking *)task;
	const struct claim_limits limits = {3, 100000};

	return engine_claim(
		engine, "map", &limits, taking->arena, &taking->messages, &taking->count, error);
}

static int ack_sent(struct engine *engine, struct task *task, struct error *error)
{
	const struct acking *acking = (const struct acking *)task;

	return engine_ack_sent(engine, "map", &acking->message->id, 1, error);
}

static int ack_dead(struct engine *engine, struct task *task, struct error *error)
{
	const struct acking *acking = (const struct acking *)task;
	int64_t dead;

	return engine_ack_dead(
		engine, "map", acking->message->id, 400, "no thank you", &dead, error);
}

static int save_pause(struct engine *engine, struct task *task, struct error *error)
{
	char name[] = "map";
	struct destination_state pause = {
		.name = name, .paused_until = 5, .failures = 1, .reason = "503"};

	(void)task;
	return engine_pause(engine, &pause, error);
}

/* Segment refuses the first refund that it sees. */
static void deliver(struct day *day, const struct message *message)
{
	struct acking acking = {.task = {.run = ack_sent}, .message = message};

	if (!day->has_refused && strcmp(message->event, "Order Refunded") == 0) {
		day->has_refused = true;
		acking.task.run = ack_dead;
	} else {
		text_format(&day->accepted, "%s %s\n", message->event, message->json);
	}
	ask(day, &acking.task);
}

static void send_all(struct day *day)
{
	struct taking taking = {.task = {.run = take}, .count = 1};

	while (taking.count > 0) {
		taking.arena = arena_create(1024);
		ask(day, &taking.task);
		for (size_t i = 0; i < taking.count; i++)
			deliver(day, &taking.messages[i]);
		arena_destroy(taking.arena);
	}
}

/* ---- from morning to night ---- */

struct counting {
	struct task task;
	int64_t timers;
};

static int count_timers(struct engine *engine, struct task *task, struct error *error)
{
	return store_count_timers(engine_store(engine), &((struct counting *)task)->timers, error);
}

static int64_t noon(void)
{
	return time_parse("2026-11-23T12:00:00Z");
}

/* Somebody is forgotten in several small steps. What there was no memory for is postponed by a
 * minute. */
static void run_timers(struct day *day, int64_t now)
{
	struct counting counting = {.task = {.run = count_timers}, .timers = 1};

	for (int i = 0; counting.timers > 0; i++) {
		assert_true(i < 100);
		clock_hold(now + (i < 50 ? i * 10 : (i - 49) * MINUTE));
		ask(day, &counting.task);
	}
}

static void live(struct day *day)
{
	struct task pause = {.run = save_pause};

	clock_hold(noon());
	for (size_t i = 0; i < COUNT_OF(webhooks); i++)
		post_again(day, webhooks[i].topic, webhooks[i].body);
	run_timers(day, noon() + MINUTE);
	question(day, "GET", "/status", NULL);
	send_all(day);
	ask(day, &pause);
	question(day, "GET", "/dead", NULL);
	question(day, "GET", "/dead/1", NULL);
	question(day, "POST", "/dead/requeue", "{\"all\":true}");
	send_all(day);
	question(day, "POST", "/dead/drop", "{\"all\":true}");
	post_again(day, "customers/redact",
		"{" OF_SHOP ",\"customer\":{\"id\":9},\"orders_to_redact\":[2]}");
	post_again(day, "customers/data_request",
		"{" OF_SHOP ",\"customer\":{\"id\":7},\"data_request\":{\"id\":99}}");
	post_again(day, "orders/delete", "{\"id\":77}");
	post_again(day, "products/delete", "{\"id\":77}"); /* refused */
	post_again(day, "refunds/create", "{\"id\":1,\"line_items\":[],\"order_id\":2}");
	post_again(day, "shop/redact", "{" OF_SHOP "}");
	question(day, "POST", "/erase/cancel", "{\"shop\":\"" SHOP "\"}");
	run_timers(day, noon() + 2 * MINUTE);
	jump(HOUR); /* the expiry */
	question(day, "GET", "/status", NULL);
	question(day, "POST", "/erase/preview", "{\"shop\":\"aurora.myshopify.com\"}");
	question(day, "POST", "/erase", "{\"shop\":\"gone.myshopify.com\",\"customer\":\"9\"}");
	run_timers(day, noon() + 2 * HOUR);
	post_again(day, "shop/redact", "{" OF_SHOP " }");
}

/* ---- what is there at night ---- */

static int add_record(void *context, const struct record *record)
{
	text_format(context, "%s %s %s\n", record->kind, record->key, record->json);
	return 0;
}

static int add_row(void *context, const struct stored_row *row)
{
	text_format(context, "row %s %.*s\n", row->topic != NULL ? row->topic : "-",
		(int)row->length, row->json);
	return 0;
}

static void add_topics(struct store *store, struct text *text, struct error *error)
{
	struct topic_state *topics;
	size_t count;

	assert_int_equal(store_topics(store, &topics, &count, error), 0);
	for (size_t i = 0; i < count; i++) {
		const struct topic_state *at = &topics[i];

		assert_int_equal(at->received,
			at->repeated + at->ignored + at->mapped + at->dead + at->dropped);
		text_format(text, "%s ignored %d mapped %d dead %d dropped %d\n", at->topic,
			(int)at->ignored, (int)at->mapped, (int)at->dead, (int)at->dropped);
	}
	store_free_topics(topics, count);
}

static void add_destinations(struct day *day, struct store *store, struct text *text)
{
	struct destination_state *states;
	size_t count;

	assert_int_equal(store_destinations(store, &states, &count, &day->given->error), 0);
	assert_int_equal(count, 1);
	text_format(text, "queued %d sent %d dead %d dropped %d paused %d failures %d\n",
		(int)states->queued, (int)states->sent, (int)states->dead, (int)states->dropped,
		(int)states->paused_until, (int)states->failures);
	assert_int_equal(states->queued, states->sent + states->dead + states->dropped);
	if (day->given->announced < states->queued)
		fail_msg("%d messages were queued, %d announced", (int)states->queued,
			(int)day->given->announced);
	store_free_destinations(states, count);
}

/* All that the store holds, and what Segment accepted. */
static char *describe(struct day *day)
{
	struct store *store = day->faulty->inner;
	struct error *error = &day->given->error;
	struct text text = {0};

	add_topics(store, &text, error);
	add_destinations(day, store, &text);
	assert_int_equal(store_each_record(store, SHOP, "", "", 1000, add_record, &text, error), 0);
	for (int table = 0; table < STORE_TABLES; table++)
		assert_int_equal(store_each_row(store, (enum store_table)table, SHOP, 0, INT32_MAX,
					 add_row, &text, error),
			0);
	text_add(&text, day->accepted.data, day->accepted.length);
	return text_take(&text);
}

/* ---- all days ---- */

struct faults {
	bool on_file;
	enum mode mode;
	int in_a_row;
};

static void begin_day(struct day *day, const struct faults *faults, int call)
{
	struct given *given = calloc(1, sizeof(*given));
	char url[96] = "sqlite::memory:";

	*day = (struct day){.given = given};
	if (faults->on_file)
		make_file(given, url, sizeof(url));
	start_on(given, url, make_faulty);
	log_configure((enum log_level)(LOG_ERROR - 1), LOG_TEXT);
	day->faulty = faulty_of(given->store);
	day->faulty->mode = faults->mode;
	day->faulty->keeps_open = faults->on_file;
	atomic_store(&day->faulty->in_a_row, faults->in_a_row);
	atomic_store(&day->faulty->calls_left, call);
}

/* What the day left behind, and whether its call was reached. */
static char *live_a_day(const struct faults *faults, int call, bool *reached)
{
	struct day day;
	void *given;
	char *left;

	begin_day(&day, faults, call);
	live(&day);
	*reached = was_reached(day.faulty);
	assert_true(atomic_load(&day.faulty->wipes) > 0); /* somebody was erased */
	engine_stop(day.given->engine);
	day.given->engine = NULL;
	atomic_store(&day.faulty->calls_left, INT32_MAX);
	left = describe(&day);
	text_free(&day.accepted);
	given = day.given;
	clock_hold(TIME_UNKNOWN);
	(void)tear_down(&given);
	return left;
}

static void fail_in_turn(const struct faults *faults, int step)
{
	bool reached = true;
	char *expected = live_a_day(faults, INT32_MAX, &reached);
	int call = 1;

	assert_false(reached);
	for (reached = true; reached; call += step) {
		char *left = live_a_day(faults, call, &reached);

		if (strcmp(left, expected) != 0)
			fail_msg("call %d failed, and then there was\n%s\ninstead of\n%s", call,
				left, expected);
		free(left);
	}
	free(expected);
	assert_true(call > 200);
}

#endif
