/* A message that is set aside; or that an erasure removed while it was sent. */
#include "turning.h"

#include "engine/engine_private.h"

static const char order[] = "{\"id\":4501,\"name\":\"#4501\",\"customer\":{\"id\":7}}";

struct setting_aside {
	struct task task; /* first: `run` gets its address */
	bool erases;
	struct set_aside_result result;
	int64_t count;
};

static int run(struct engine *engine, struct task *task, struct error *error)
{
	struct setting_aside *setting = (struct setting_aside *)task;
	const struct failed_alone failure = {
		.message = 1, .status = 500, .reason = "alma@example.com", .poison_after = DAY};

	if (setting->erases &&
		store_drop_row(engine_store(engine), STORE_MESSAGES, failure.message, error) != 0)
		return -1;
	if (engine_set_aside(engine, "map", &failure, &setting->result, error) != 0)
		return -1;
	return engine_count_set_aside(engine, "map", &setting->count, error);
}

static struct setting_aside set_aside(struct given *given, bool erases)
{
	struct setting_aside setting = {.task = {.run = run}, .erases = erases};

	assert_int_equal(post(given, "orders/create", order), STORED);
	assert_int_equal(engine_call(given->engine, &setting.task, &given->error), 0);
	return setting;
}

static void one_that_is_there_waits(void **state)
{
	struct setting_aside setting = set_aside(*state, false);

	assert_int_equal(setting.result.attempts, 1);
	assert_int_equal(setting.result.wait, SECOND);
	assert_int_equal(setting.count, 1);
}

/* So the sender says nothing of it: its answer may name the person. */
static void one_that_was_erased_does_not_wait(void **state)
{
	struct setting_aside setting = set_aside(*state, true);

	assert_int_equal(setting.result.attempts, 0);
	assert_int_equal(setting.result.wait, 0);
	assert_int_equal(setting.result.dead, 0);
	assert_int_equal(setting.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_that_is_there_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_that_was_erased_does_not_wait, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
