/* Several calls of the store fail in a row, rolling back and opening it again among them: nothing
 * that was answered is lost, nothing is emitted twice. For each run a day is lived through
 * (faulty_days.h). */
#include "faulty_days.h"

static void several_calls_fail_in_a_row(void **state)
{
	(void)state;
	fail_in_turn(&(struct faults){.mode = BEFORE, .in_a_row = 2}, 1);
	fail_in_turn(&(struct faults){.mode = AFTER, .in_a_row = 5}, 3);
}

static void rolling_back_and_reopening_a_file_fails_too(void **state)
{
	(void)state;
	fail_in_turn(&(struct faults){.on_file = true, .mode = BEFORE, .in_a_row = 2}, 11);
	fail_in_turn(&(struct faults){.on_file = true, .mode = AFTER, .in_a_row = 4}, 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_calls_fail_in_a_row),
		cmocka_unit_test(rolling_back_and_reopening_a_file_fails_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
