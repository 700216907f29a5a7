/* Emitted messages stay known whatever the clocks do, and expire in the end.
 *
 * The monotonic clock and the allocations are wrapped (see the Makefile), the wall clock is held.
 */
#include "turning.h"

#include <stdatomic.h>

#define ORDER(note)                                                                          \
	"{\"id\":1,\"created_at\":\"2026-11-23T10:00:00Z\",\"note\":\"" note "\",\"email\":" \
	"\"a@example.com\",\"total_price\":\"3.00\",\"line_items\":[]}"

static _Atomic int64_t passed; /* ms of the monotonic clock, beyond the real */

int64_t __real_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void);

int64_t __wrap_clock_monotonic(void)
{
	return __real_clock_monotonic() + atomic_load(&passed);
}

static _Thread_local int allocations_left = INT32_MAX; /* until one fails */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	return allocations_left != INT32_MAX && --allocations_left == 0 ? NULL
									: __real_malloc(size);
}

static int64_t noon(void)
{
	return time_parse("2026-11-23T12:00:00Z");
}

static int begin(void **state)
{
	clock_hold(noon());
	return set_up_file(state);
}

static int begin_in_1970(void **state)
{
	clock_hold(0);
	return set_up_file(state);
}

static int let_run(void **state)
{
	clock_hold(TIME_UNKNOWN);
	return tear_down(state);
}

static void restart_at(struct given *given, int64_t time)
{
	char url[96];

	engine_stop(given->engine);
	store_close(given->store);
	config_release(given->config);
	clock_hold(time);
	(void)snprintf(url, sizeof(url), "sqlite:%s", given->path);
	start(given, url);
}

/* ---- what the engine keeps ---- */

struct looking {
	struct task task;
	int64_t first; /* the id of the first delivery */
	int64_t last;
};

static int look(struct engine *engine, struct task *task, struct error *error)
{
	struct looking *looking = (struct looking *)task;

	return store_row_range(
		engine_store(engine), STORE_DELIVERIES, 0, &looking->first, &looking->last, error);
}

static int64_t first_delivery(struct given *given)
{
	struct looking looking = {.task = {.run = look}};

	assert_int_equal(engine_call(given->engine, &looking.task, &given->error), 0);
	return looking.first;
}

/* Time goes by, and the engine goes through all that it keeps: a round has three steps, and
 * begins ten minutes after the last one. */
static void let_pass(struct given *given, int64_t ms)
{
	(void)atomic_fetch_add(&passed, ms);
	for (int i = 0; i < 30; i++) {
		(void)atomic_fetch_add(&passed, MINUTE);
		(void)first_delivery(given);
		(void)first_delivery(given);
	}
}

/* Whether an order that comes again with another body is emitted. */
static bool is_told(struct given *given, const char *order)
{
	int64_t before = outbox_number(given, "queued");

	assert_int_equal(post(given, "orders/create", order), STORED);
	return outbox_number(given, "queued") > before;
}

/* ---- the clocks ---- */

static void a_clock_that_jumps_ahead_forgets_nothing(void **state)
{
	struct given *given = *state;

	assert_true(is_told(given, ORDER("1")));
	clock_hold(noon() + 3650 * DAY);
	let_pass(given, HOUR);
	assert_false(is_told(given, ORDER("2")));
	clock_hold(noon() + HOUR);
	let_pass(given, HOUR);
	assert_false(is_told(given, ORDER("3")));
	assert_int_equal(first_delivery(given), 1);
}

static void a_start_with_a_clock_that_is_ahead_forgets_nothing(void **state)
{
	struct given *given = *state;

	assert_true(is_told(given, ORDER("1")));
	let_pass(given, 0);
	for (int i = 1; i < 5; i++) {
		restart_at(given, noon() + i * 3650 * DAY);
		let_pass(given, HOUR);
	}
	assert_false(is_told(given, ORDER("2")));
	assert_int_equal(first_delivery(given), 1);
}

static void what_comes_while_the_clock_is_behind_is_kept(void **state)
{
	struct given *given = *state;

	let_pass(given, 0);
	restart_at(given, 0);
	assert_true(is_told(given, ORDER("1")));
	clock_hold(noon() + HOUR);
	let_pass(given, HOUR);
	assert_false(is_told(given, ORDER("2")));
	assert_int_equal(first_delivery(given), 1);
}

/* The retention clock stays behind then, perhaps for years. */
static void what_comes_after_a_first_start_with_a_clock_that_is_behind_expires(void **state)
{
	struct given *given = *state;

	let_pass(given, 0);
	clock_hold(noon());
	assert_true(is_told(given, ORDER("1")));
	clock_hold(noon() + 3 * DAY);
	let_pass(given, 3 * DAY);
	assert_int_equal(first_delivery(given), 1);
	clock_hold(noon() + 8 * DAY);
	let_pass(given, 5 * DAY);
	assert_int_equal(first_delivery(given), 0);
}

static void old_data_expires(void **state)
{
	struct given *given = *state;

	assert_true(is_told(given, ORDER("1")));
	clock_hold(noon() + 729 * DAY);
	let_pass(given, 729 * DAY);
	assert_int_equal(first_delivery(given), 0);
	assert_false(is_told(given, ORDER("2")));
	clock_hold(noon() + 731 * DAY);
	let_pass(given, 2 * DAY);
	assert_true(is_told(given, ORDER("3")));
}

static void after_a_standstill_forgetting_catches_up(void **state)
{
	struct given *given = *state;

	assert_true(is_told(given, ORDER("1")));
	let_pass(given, 0);
	restart_at(given, noon() + 800 * DAY);
	let_pass(given, 0);
	assert_false(is_told(given, ORDER("2")));
	clock_hold(noon() + 1165 * DAY);
	let_pass(given, 364 * DAY);
	assert_false(is_told(given, ORDER("3")));
	let_pass(given, 2 * DAY);
	assert_true(is_told(given, ORDER("4")));
}

/* The wall clock must not be used because the stored time could not be read. */
static void a_start_without_memory_forgets_nothing(void **state)
{
	struct given *given = *state;
	int failures = 0;

	assert_true(is_told(given, ORDER("1")));
	let_pass(given, 0);
	clock_hold(noon() + 3650 * DAY);
	for (int call = 1; call <= 20; call++) {
		int result;

		engine_stop(given->engine);
		allocations_left = call;
		result = engine_start(given->store, given->config, &given->engine, &given->error);
		allocations_left = INT32_MAX;
		if (result != 0)
			assert_int_equal(engine_start(given->store, given->config, &given->engine,
						 &given->error),
				0);
		failures += result != 0;
		let_pass(given, 0);
	}
	assert_in_range(failures, 1, 19);
	assert_false(is_told(given, ORDER("2")));
}

/* Neither for ever: nor if the clock never moves again. */
static void a_clock_that_stands_keeps_for_twice_as_long(void **state)
{
	struct given *given = *state;

	assert_true(is_told(given, ORDER("1")));
	let_pass(given, 1459 * DAY);
	assert_false(is_told(given, ORDER("2")));
	let_pass(given, 2 * DAY);
	assert_true(is_told(given, ORDER("3")));
}

/* It may never run until the next expiry. */
static void a_relay_that_is_always_restarted_forgets(void **state)
{
	struct given *given = *state;

	assert_true(is_told(given, ORDER("1")));
	let_pass(given, 729 * DAY);
	for (int i = 0; i < 5; i++) {
		restart_at(given, noon() + 4000 * DAY);
		(void)atomic_fetch_add(&passed, MINUTE);
		(void)first_delivery(given);
	}
	let_pass(given, 363 * DAY);
	restart_at(given, noon() + 4000 * DAY);
	let_pass(given, DAY);
	assert_true(is_told(given, ORDER("2")));
}

struct asking {
	struct task task;
	int64_t time;
};

static int ask(struct engine *engine, struct task *task, struct error *error)
{
	(void)error;
	((struct asking *)task)->time = engine_retention_now(engine);
	return 0;
}

/* Every ten seconds, as systemd starts again what has failed. */
static void a_relay_that_cannot_run_does_not_hurry(void **state)
{
	struct given *given = *state;
	struct asking asking = {.task = {.run = ask}};

	let_pass(given, 0);
	clock_hold(noon() + 30 * MINUTE);
	for (int i = 1; i <= 20; i++) {
		restart_at(given, noon() + 30 * MINUTE + i * 10 * SECOND);
		(void)atomic_fetch_add(&passed, 10 * SECOND);
		for (int turn = 0; turn < 4; turn++)
			(void)first_delivery(given);
	}
	assert_int_equal(engine_call(given->engine, &asking.task, &given->error), 0);
	assert_in_range(asking.time, noon() + 30 * MINUTE, clock_now() + 30 * SECOND);
}

#define CLOCK_TEST(test) cmocka_unit_test_setup_teardown(test, begin, let_run)

/* ---- how long records are kept ---- */

struct finding {
	struct task task;
	const char *kind;
	const char *key;
	bool is_there;
};

static int find_record(struct engine *engine, struct task *task, struct error *error)
{
	struct finding *finding = (struct finding *)task;
	struct arena *arena = arena_create(1024);
	const char *json;
	int result = store_get_record(
		engine_store(engine), SHOP, finding->kind, finding->key, arena, &json, error);

	finding->is_there = result == 0 && json != NULL;
	arena_destroy(arena);
	return result;
}

static bool has(struct given *given, const char *kind, const char *key)
{
	struct finding finding = {.task = {.run = find_record}, .kind = kind, .key = key};

	assert_int_equal(engine_call(given->engine, &finding.task, &given->error), 0);
	return finding.is_there;
}

static bool has_carts(struct given *given, bool expected)
{
	return has(given, "cart", "c1") == expected && has(given, "link", "c2") == expected &&
	       has(given, "link", "k1") == expected;
}

static bool has_orders(struct given *given, bool expected)
{
	return has(given, "order", "1") == expected && has(given, "customer", "7") == expected;
}

/* From one moment after noon to another. */
static void pass_until(struct given *given, int64_t from, int64_t to)
{
	clock_hold(noon() + to);
	let_pass(given, to - from);
}

static void post_all(struct given *given, const char *second)
{
	char body[256];

	(void)snprintf(body, sizeof(body),
		"{\"token\":\"c1\",\"updated_at\":\"2026-11-23T10:00:0%sZ\","
		"\"line_items\":[{\"key\":\"1:a\",\"quantity\":1,\"title\":\"Mug\",\"price\":"
		"\"9.00\"}]}",
		second);
	assert_int_equal(post(given, "carts/update", body), STORED);
	(void)snprintf(body, sizeof(body),
		"{\"token\":\"k1\",\"cart_token\":\"c2\",\"updated_at\":\"2026-11-23T10:00:0%sZ\","
		"\"email\":\"a%s@example.com\"}",
		second, second);
	assert_int_equal(post(given, "checkouts/update", body), STORED);
}

static void carts_orders_and_products_are_kept_for_a_time_of_their_own(void **state)
{
	struct given *given = *state;

	given->config->shops[0].cart_ttl = 5 * DAY;
	given->config->keep_orders = 60 * DAY;
	post_all(given, "1");
	assert_int_equal(post(given, "products/create",
				 "{\"id\":5,\"product_type\":\"Mugs\",\"handle\":\"mug\"}"),
		STORED);
	assert_int_equal(post(given, "orders/create",
				 "{\"id\":1,\"customer\":{\"id\":7,\"first_name\":\"Ann\"},"
				 "\"line_items\":[]}"),
		STORED);
	pass_until(given, 0, 3 * DAY);
	/* what is written again begins anew; the checkout's step is as it was */
	post_all(given, "2");
	pass_until(given, 3 * DAY, 5 * DAY - 2 * HOUR);
	assert_true(has(given, "checkout", "k1"));
	pass_until(given, 5 * DAY - 2 * HOUR, 5 * DAY + 2 * HOUR);
	assert_false(has(given, "checkout", "k1"));
	pass_until(given, 5 * DAY + 2 * HOUR, 8 * DAY - 2 * HOUR);
	assert_true(has_carts(given, true));
	pass_until(given, 8 * DAY - 2 * HOUR, 8 * DAY + 2 * HOUR);
	assert_true(has_carts(given, false));
	pass_until(given, 8 * DAY + 2 * HOUR, 60 * DAY - 3 * HOUR);
	assert_true(has_orders(given, true));
	pass_until(given, 60 * DAY - 3 * HOUR, 60 * DAY + 3 * HOUR);
	assert_true(has_orders(given, false));
	pass_until(given, 60 * DAY + 3 * HOUR, 3649 * DAY);
	assert_true(has(given, "product", "5"));
	pass_until(given, 3649 * DAY, 3651 * DAY);
	assert_false(has(given, "product", "5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLOCK_TEST(a_clock_that_jumps_ahead_forgets_nothing),
		CLOCK_TEST(a_start_with_a_clock_that_is_ahead_forgets_nothing),
		CLOCK_TEST(what_comes_while_the_clock_is_behind_is_kept),
		cmocka_unit_test_setup_teardown(
			what_comes_after_a_first_start_with_a_clock_that_is_behind_expires,
			begin_in_1970, let_run),
		CLOCK_TEST(old_data_expires),
		CLOCK_TEST(after_a_standstill_forgetting_catches_up),
		CLOCK_TEST(a_start_without_memory_forgets_nothing),
		CLOCK_TEST(a_clock_that_stands_keeps_for_twice_as_long),
		CLOCK_TEST(a_relay_that_is_always_restarted_forgets),
		CLOCK_TEST(a_relay_that_cannot_run_does_not_hurry),
		cmocka_unit_test_setup_teardown(
			carts_orders_and_products_are_kept_for_a_time_of_their_own, begin, let_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
