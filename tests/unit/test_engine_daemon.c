/* What the daemon's engine does beside its turns: the wall clock that jumps, the namespaces that a
 * failed turn fixed. */
#include "logging.h"
#include "turning.h"

#define JUMPED "msg=\"clock jumped\""
#define ORDER                                                                                    \
	"{\"id\":1,\"created_at\":\"2026-11-23T10:00:00Z\",\"email\":\"a@example.com\",\"total_" \
	"price\":\"3.00\",\"line_items\":[]}"

static int64_t noon(void)
{
	return time_parse("2026-11-23T12:00:00Z");
}

static int begin(void **state)
{
	clock_hold(noon());
	return set_up(state);
}

static int let_run(void **state)
{
	release_log();
	log_configure(LOG_ERROR, LOG_TEXT);
	clock_hold(TIME_UNKNOWN);
	return tear_down(state);
}

static int do_nothing(struct engine *engine, struct task *task, struct error *error)
{
	(void)engine, (void)task, (void)error;
	return 0;
}

/* Two turns: between them the engine looks at the clocks. */
static void turn_twice(struct given *given)
{
	struct task nothing = {.run = do_nothing};

	for (int i = 0; i < 2; i++)
		assert_int_equal(engine_call(given->engine, &nothing, &given->error), 0);
}

static void expect_jump(struct given *given, int64_t time, const char *words)
{
	char *log;

	clock_hold(time);
	turn_twice(given);
	log = logged();
	if (strstr(log, words) == NULL)
		fail_msg("\"%s\" is not in the log:\n%s", words, log);
	free(log);
}

static void a_clock_that_jumps_is_logged(void **state)
{
	struct given *given = *state;
	char *log;

	keep_log();
	turn_twice(given);
	expect_jump(given, noon() + 50 * SECOND, "");
	expect_jump(given, noon() + 20 * SECOND, "");
	log = logged();
	assert_int_equal(count_in(log, JUMPED), 0);
	free(log);
	expect_jump(given, noon() + HOUR, "seconds=35");
	expect_jump(given, noon() - DAY, "seconds=-90");
	expect_jump(given, noon() - DAY + 2 * MINUTE, "seconds=1");
	log = logged();
	assert_int_equal(count_in(log, JUMPED), 3);
	assert_int_equal(count_in(log, "set back"), 1);
	free(log);
}

static void jumps_are_counted(void **state)
{
	struct given *given = *state;
	struct text metrics = {0};

	turn_twice(given);
	clock_hold(noon() + HOUR);
	turn_twice(given);
	assert_int_equal(store_metrics(given->engine, &metrics, &given->error), 0);
	assert_non_null(strstr(text_string(&metrics), "\nsegrelay_clock_jumps_total 1\n"));
	text_free(&metrics);
}

static int apply_and_fail(struct engine *engine, struct task *task, struct error *error)
{
	if (apply(engine, task, error) != STORED)
		return -1;
	return error_set(error, "the disk went away");
}

static int find_namespace(struct engine *engine, struct task *task, struct error *error)
{
	struct arena *arena = arena_create(1024);
	const char *json = NULL;

	(void)task;
	assert_int_equal(
		store_get_record(engine_store(engine), "", "namespace", "map", arena, &json, error),
		0);
	assert_non_null(json);
	arena_destroy(arena);
	return 0;
}

static int drop_namespace(struct engine *engine, struct task *task, struct error *error)
{
	(void)task;
	return store_drop_record(engine_store(engine), "", "namespace", "map", error);
}

/* What a rolled-back turn fixed is not stored: the next turn stores it. */
static void a_namespace_outlives_a_failed_turn(void **state)
{
	struct given *given = *state;
	struct webhook webhook = {
		.task = {.run = apply_and_fail}, .topic = "orders/create", .body = ORDER};
	struct task drop = {.run = drop_namespace};
	struct task look = {.run = find_namespace};

	log_configure(LOG_ERROR, LOG_TEXT);
	assert_int_equal(engine_call(given->engine, &drop, &given->error), 0);
	keep_log();
	assert_int_equal(engine_call(given->engine, &webhook.task, &given->error), -1);
	for (int i = 0; i < 40000 && engine_refuses(given->engine, NULL); i++)
		(void)usleep(1000);
	assert_int_equal(post(given, "orders/create", ORDER), STORED);
	assert_int_equal(engine_call(given->engine, &look, &given->error), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_clock_that_jumps_is_logged, begin, let_run),
		cmocka_unit_test_setup_teardown(jumps_are_counted, begin, let_run),
		cmocka_unit_test_setup_teardown(a_namespace_outlives_a_failed_turn, begin, let_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
