/* What the engine logs: only what came true, and what repeats itself summed up.
 *
 * The monotonic clock is wrapped (see the Makefile), so that nothing need be waited for. */
#include "logging.h"
#include "turning.h"

#include <stdatomic.h>

#define DEAD "msg=\"delivery moved to dead letters\""

static _Atomic int64_t jumped;

int64_t __real_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void);

int64_t __wrap_clock_monotonic(void)
{
	return __real_clock_monotonic() + atomic_load(&jumped);
}

static int give_up(void **state)
{
	release_log();
	return tear_down(state);
}

/* How often words were logged. */
static int said(const char *words)
{
	char *log = logged();
	int count = count_in(log, words);

	free(log);
	return count;
}

static int apply_and_fail(struct engine *engine, struct task *task, struct error *error)
{
	if (apply(engine, task, error) != STORED)
		return -1;
	return error_set(error, "the disk went away");
}

static int do_nothing(struct engine *engine, struct task *task, struct error *error)
{
	(void)engine, (void)task, (void)error;
	return 0;
}

static void recover(struct given *given)
{
	struct task nothing = {.run = do_nothing};

	(void)atomic_fetch_add(&jumped, SECOND);
	for (int i = 0; i < 1000 && engine_refuses(given->engine, NULL); i++) {
		(void)engine_call(given->engine, &nothing, &given->error);
		(void)usleep(1000);
	}
	assert_false(engine_refuses(given->engine, NULL));
	/* It is said behind that, before the next turn. */
	assert_int_equal(engine_call(given->engine, &nothing, &given->error), 0);
}

static void what_was_rolled_back_is_not_said(void **state)
{
	struct given *given = *state;
	struct webhook webhook = {
		.task = {.run = apply_and_fail}, .topic = "orders/create", .body = "{"};

	keep_log();
	assert_int_equal(engine_call(given->engine, &webhook.task, &given->error), -1);
	assert_int_equal(said(DEAD), 0);
	assert_int_equal(said("msg=\"webhook intake suspended\""), 1);
	recover(given);
	assert_int_equal(said("msg=\"webhook intake resumed\""), 1);
	(void)atomic_fetch_add(&jumped, 10 * SECOND);
	assert_int_equal(post(given, "orders/create", "{"), STORED);
	assert_int_equal(said(DEAD), 1);
}

static void what_repeats_itself_is_summed_up(void **state)
{
	struct given *given = *state;
	char body[16];

	keep_log();
	for (int i = 1; i <= 5; i++) {
		(void)snprintf(body, sizeof(body), "{%d", i);
		assert_int_equal(post(given, "orders/create", body), STORED);
	}
	assert_int_equal(said(DEAD), 1);
	assert_int_equal(said("action=\"segrelay dead show 1\" suppressed=0\n"), 1);
	(void)atomic_fetch_add(&jumped, 10 * SECOND);
	assert_int_equal(post(given, "orders/create", "{6"), STORED);
	assert_int_equal(said(DEAD), 2);
	assert_int_equal(said("action=\"segrelay dead show 6\" suppressed=4\n"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_rolled_back_is_not_said, set_up, give_up),
		cmocka_unit_test_setup_teardown(what_repeats_itself_is_summed_up, set_up, give_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
