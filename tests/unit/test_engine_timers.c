/* The engine's timers: what must happen later happens, once, whatever came between. */
#include "turning.h"

#define CART(updated, quantity)                                        \
	"{\"token\":\"c1\",\"updated_at\":\"2026-11-23T10:00:" updated \
	"Z\",\"line_items\":[{\"key\":\"1:a\",\"quantity\":" quantity  \
	",\"title\":\"Mug\",\"price\":\"9.00\",\"line_price\":\"9.00\"}]}"

static const char other[] = "{\"id\":5}";

static int64_t noon(void)
{
	return time_parse("2026-11-23T12:00:00Z");
}

/* Turns the engine once at a time. */
static void turn_at(struct given *given, int64_t time)
{
	clock_hold(time);
	assert_int_equal(post(given, "shop/update", other), STORED);
}

static int let_run(void **state)
{
	clock_hold(TIME_UNKNOWN);
	return tear_down(state);
}

static void restart(struct given *given)
{
	char url[96];

	engine_stop(given->engine);
	store_close(given->store);
	config_release(given->config);
	(void)snprintf(url, sizeof(url), "sqlite:%s", given->path);
	start(given, url);
}

static void a_cart_is_told_when_it_has_rested(void **state)
{
	struct given *given = *state;

	clock_hold(noon());
	assert_int_equal(post(given, "carts/create", CART("01", "1")), STORED);
	turn_at(given, noon() + 9 * SECOND);
	assert_int_equal(outbox_number(given, "queued"), -1);
	turn_at(given, noon() + 10 * SECOND);
	assert_int_equal(outbox_number(given, "queued"), 1);
	turn_at(given, noon() + HOUR);
	assert_int_equal(outbox_number(given, "queued"), 1);
	assert_int_equal(topic_number(given, "carts/create", "ignored"), 1);
}

static void a_newer_snapshot_restarts_the_rest_but_not_for_ever(void **state)
{
	struct given *given = *state;
	static const char *const snapshots[] = {CART("21", "3"), CART("22", "4"), CART("23", "5"),
		CART("24", "6"), CART("25", "7"), CART("26", "8"), CART("27", "9")};

	clock_hold(noon());
	(void)post(given, "carts/create", CART("01", "1"));
	clock_hold(noon() + 9 * SECOND);
	(void)post(given, "carts/update", CART("10", "2"));
	turn_at(given, noon() + 18 * SECOND);
	assert_int_equal(outbox_number(given, "queued"), -1);
	turn_at(given, noon() + 19 * SECOND);
	assert_int_equal(outbox_number(given, "queued"), 1);
	/* it changes every nine seconds: after a minute it is emitted all the same */
	for (int i = 0; i < 7; i++) {
		clock_hold(noon() + HOUR + 9 * i * SECOND);
		(void)post(given, "carts/update", snapshots[i]);
		assert_int_equal(outbox_number(given, "queued"), 1);
	}
	turn_at(given, noon() + HOUR + MINUTE);
	assert_int_equal(outbox_number(given, "queued"), 2);
}

static void an_item_that_is_taken_out_again_is_not_told(void **state)
{
	struct given *given = *state;

	clock_hold(noon());
	(void)post(given, "carts/create", CART("01", "1"));
	(void)post(given, "carts/update",
		"{\"token\":\"c1\",\"updated_at\":\"2026-11-23T10:00:05Z\",\"line_items\":[]}");
	turn_at(given, noon() + MINUTE);
	assert_int_equal(outbox_number(given, "queued"), -1);
}

static void a_timer_survives_a_restart(void **state)
{
	struct given *given = *state;

	clock_hold(noon());
	(void)post(given, "carts/create", CART("01", "1"));
	restart(given);
	turn_at(given, noon() + 9 * SECOND);
	assert_int_equal(outbox_number(given, "queued"), -1);
	restart(given);
	turn_at(given, noon() + DAY);
	assert_int_equal(outbox_number(given, "queued"), 1);
	restart(given);
	turn_at(given, noon() + 2 * DAY);
	assert_int_equal(outbox_number(given, "queued"), 1);
}

/* Nothing waits for a time that comes again in a year, and nothing is emitted twice. */
static void a_clock_that_is_set_back_holds_up_no_timer(void **state)
{
	struct given *given = *state;

	clock_hold(noon() + 365 * DAY);
	(void)post(given, "carts/create", CART("01", "1"));
	turn_at(given, noon());
	assert_int_equal(outbox_number(given, "queued"), 1);
	(void)post(given, "carts/update", CART("10", "2"));
	turn_at(given, noon() + 9 * SECOND);
	assert_int_equal(outbox_number(given, "queued"), 1);
	turn_at(given, noon() + 10 * SECOND);
	assert_int_equal(outbox_number(given, "queued"), 2);
}

/* Forwards by years: a settled cart is emitted at once, and once. */
static void a_clock_that_jumps_ahead_tells_at_once(void **state)
{
	struct given *given = *state;

	clock_hold(noon());
	(void)post(given, "carts/create", CART("01", "1"));
	turn_at(given, noon() + 3650 * DAY);
	assert_int_equal(outbox_number(given, "queued"), 1);
	turn_at(given, noon());
	turn_at(given, noon() + MINUTE);
	assert_int_equal(outbox_number(given, "queued"), 1);
}

static int go_wrong(struct engine *engine, struct task *task, struct error *error)
{
	(void)engine, (void)task;
	return error_set(error, "the disk went away");
}

static void pause_shortly(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static void a_turn_that_fails_leaves_the_timer(void **state)
{
	struct given *given = *state;
	struct task task = {.run = go_wrong};

	clock_hold(noon());
	(void)post(given, "carts/create", CART("01", "1"));
	log_configure(LOG_ERROR + 1, LOG_TEXT);
	clock_hold(noon() + 20 * SECOND);
	assert_int_equal(engine_call(given->engine, &task, &given->error), -1);
	while (engine_refuses(given->engine, NULL))
		pause_shortly();
	while (outbox_number(given, "queued") == -1)
		pause_shortly();
	assert_int_equal(outbox_number(given, "queued"), 1);
}

static int break_cart(struct engine *engine, struct task *task, struct error *error)
{
	(void)task;
	return store_put_record(
		engine_store(engine), SHOP, "cart", "c1", "{\"lines\":", INT64_MAX, error);
}

/* A flipped bit in a record must not stop everything else, for ever. */
static void a_record_that_cannot_be_read_is_taken_for_none(void **state)
{
	struct given *given = *state;
	struct task task = {.run = break_cart};

	clock_hold(noon());
	assert_int_equal(post(given, "carts/create", CART("01", "1")), STORED);
	assert_int_equal(engine_call(given->engine, &task, &given->error), 0);
	turn_at(given, noon() + MINUTE);
	assert_false(engine_refuses(given->engine, NULL));
	assert_int_equal(post(given, "carts/update", CART("10", "2")), STORED);
	turn_at(given, noon() + 2 * MINUTE);
	assert_int_equal(outbox_number(given, "queued"), 1);
}

static void a_shop_that_is_not_configured_now_may_come_back(void **state)
{
	struct given *given = *state;
	struct config *elsewhere = config_defaults("other.myshopify.com");

	clock_hold(noon());
	(void)post(given, "carts/create", CART("01", "1"));
	engine_reload(given->engine, elsewhere);
	clock_hold(noon() + 20 * SECOND);
	for (int i = 0; i < 3; i++)
		assert_int_equal(outbox_number(given, "queued"), -1);
	engine_reload(given->engine, given->config);
	turn_at(given, noon() + 2 * HOUR);
	assert_int_equal(outbox_number(given, "queued"), 1);
	config_release(elsewhere);
}

/* ---- what waits for Shopify's id of a subscriber ---- */

#define CREATED                                                                    \
	"{\"subscription\":{\"id\":253600001,\"customer_id\":61234567,\"status\":" \
	"\"active\",\"updated_at\":\"2026-08-20T15:00:00+00:00\"}}"
#define ACCOUNT                                                          \
	"{\"customer\":{\"id\":61234567,\"email\":\"alma@example.com\"," \
	"\"external_customer_id\":{\"ecommerce\":\"7106345812043\"}}}"

static void post_created(struct given *given)
{
	clock_hold(noon());
	assert_int_equal(post(given, "recharge:subscription/created", CREATED), STORED);
	assert_int_equal(topic_number(given, "recharge:subscription/created", "ignored"), 1);
	assert_int_equal(outbox_number(given, "queued"), -1);
}

static void a_subscriber_without_shopifys_id_is_waited_for(void **state)
{
	struct given *given = *state;

	post_created(given);
	turn_at(given, noon() + 9 * MINUTE);
	assert_int_equal(outbox_number(given, "queued"), -1);
	turn_at(given, noon() + 10 * MINUTE);
	assert_int_equal(outbox_number(given, "queued"), 1);
	turn_at(given, noon() + HOUR);
	assert_int_equal(outbox_number(given, "queued"), 1);
}

static void the_wait_ends_with_shopifys_id(void **state)
{
	struct given *given = *state;

	post_created(given);
	clock_hold(noon() + MINUTE);
	assert_int_equal(post(given, "recharge:customer/created", ACCOUNT), STORED);
	assert_int_equal(outbox_number(given, "queued"), 2); /* with its identify */
	turn_at(given, noon() + HOUR);
	assert_int_equal(outbox_number(given, "queued"), 2);
}

static void the_wait_survives_a_restart(void **state)
{
	struct given *given = *state;

	post_created(given);
	restart(given);
	turn_at(given, noon() + 9 * MINUTE);
	assert_int_equal(outbox_number(given, "queued"), -1);
	restart(given);
	clock_hold(noon() + 9 * MINUTE + 1);
	assert_int_equal(post(given, "recharge:customer/created", ACCOUNT), STORED);
	assert_int_equal(outbox_number(given, "queued"), 2);
	restart(given);
	turn_at(given, noon() + DAY);
	assert_int_equal(outbox_number(given, "queued"), 2);
}

static void what_waits_longer_than_a_stop_goes_at_the_start(void **state)
{
	struct given *given = *state;

	post_created(given);
	restart(given);
	turn_at(given, noon() + DAY);
	assert_int_equal(outbox_number(given, "queued"), 1);
}

static int break_wait(struct engine *engine, struct task *task, struct error *error)
{
	(void)task;
	return store_put_record(engine_store(engine), SHOP, "customer_deferred", "61234567",
		"{\"bodies\":[{\"topic\":\"x\"},{\"topic\":\"recharge:charge/failed\",\"received\":"
		"1,\"body\":\"{\"}]}",
		INT64_MAX, error);
}

static void what_waits_and_cannot_be_read_holds_nothing_up(void **state)
{
	struct given *given = *state;
	struct task task = {.run = break_wait};

	post_created(given);
	assert_int_equal(engine_call(given->engine, &task, &given->error), 0);
	turn_at(given, noon() + HOUR);
	assert_false(engine_refuses(given->engine, NULL));
	assert_int_equal(outbox_number(given, "queued"), -1);
	assert_int_equal(post(given, "recharge:customer/created", ACCOUNT), STORED);
}

/* Shopify names the customer, ReCharge only the e-mail: that leads to the account, and to what
 * waits. */
static void who_is_forgotten_is_not_waited_for(void **state)
{
	struct given *given = *state;

	post_created(given);
	assert_int_equal(post(given, "recharge:customer/created",
				 "{\"customer\":{\"id\":61234567,\"email\":\"alma@example.com\"}}"),
		STORED);
	assert_int_equal(post(given, "customers/redact",
				 "{\"shop_id\":90001,\"shop_domain\":\"" SHOP
				 "\",\"customer\":{\"id\":7106345812043,\"email\":"
				 "\"alma@example.com\"},\"orders_to_redact\":[]}"),
		STORED);
	for (int i = 1; i < 20; i++)
		turn_at(given, noon() + i);
	turn_at(given, noon() + HOUR);
	assert_int_equal(outbox_number(given, "queued"), -1);
}

static void the_timer_of_an_unknown_shop_is_tried_each_hour(void **state)
{
	struct given *given = *state;
	struct config *elsewhere = config_defaults("other.myshopify.com");
	int64_t due = noon() + 20 * SECOND;

	clock_hold(noon());
	(void)post(given, "carts/create", CART("01", "1"));
	engine_reload(given->engine, elsewhere);
	for (int i = 0; i < 5; i++) { /* an hour later each time */
		clock_hold(due + i * HOUR);
		assert_int_equal(outbox_number(given, "queued"), -1);
		assert_int_equal(outbox_number(given, "queued"), -1);
	}
	engine_reload(given->engine, given->config);
	turn_at(given, due + 5 * HOUR - SECOND);
	turn_at(given, due + 5 * HOUR - 1);
	assert_int_equal(outbox_number(given, "queued"), -1);
	turn_at(given, due + 5 * HOUR);
	assert_int_equal(outbox_number(given, "queued"), 1);
	turn_at(given, due + 7 * HOUR);
	assert_int_equal(outbox_number(given, "queued"), 1);
	config_release(elsewhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_cart_is_told_when_it_has_rested, set_up, let_run),
		cmocka_unit_test_setup_teardown(
			a_newer_snapshot_restarts_the_rest_but_not_for_ever, set_up, let_run),
		cmocka_unit_test_setup_teardown(
			an_item_that_is_taken_out_again_is_not_told, set_up, let_run),
		cmocka_unit_test_setup_teardown(a_timer_survives_a_restart, set_up_file, let_run),
		cmocka_unit_test_setup_teardown(
			a_clock_that_is_set_back_holds_up_no_timer, set_up, let_run),
		cmocka_unit_test_setup_teardown(
			a_clock_that_jumps_ahead_tells_at_once, set_up, let_run),
		cmocka_unit_test_setup_teardown(
			a_turn_that_fails_leaves_the_timer, set_up_file, let_run),
		cmocka_unit_test_setup_teardown(
			a_record_that_cannot_be_read_is_taken_for_none, set_up, let_run),
		cmocka_unit_test_setup_teardown(
			a_shop_that_is_not_configured_now_may_come_back, set_up, let_run),
		cmocka_unit_test_setup_teardown(
			a_subscriber_without_shopifys_id_is_waited_for, set_up, let_run),
		cmocka_unit_test_setup_teardown(the_wait_ends_with_shopifys_id, set_up, let_run),
		cmocka_unit_test_setup_teardown(the_wait_survives_a_restart, set_up_file, let_run),
		cmocka_unit_test_setup_teardown(
			what_waits_longer_than_a_stop_goes_at_the_start, set_up_file, let_run),
		cmocka_unit_test_setup_teardown(
			what_waits_and_cannot_be_read_holds_nothing_up, set_up, let_run),
		cmocka_unit_test_setup_teardown(
			who_is_forgotten_is_not_waited_for, set_up, let_run),
		cmocka_unit_test_setup_teardown(
			the_timer_of_an_unknown_shop_is_tried_each_hour, set_up, let_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
