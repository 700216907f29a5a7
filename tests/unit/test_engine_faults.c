/* Each call of the store, and each allocation within a turn, fails in turn: nothing that was
 * answered is lost, nothing is emitted twice. For each a day is lived through (faulty_days.h).
 * These are some 1,000 days. The allocations are wrapped (see the Makefile). */
#include "faulty_days.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
	return turning != NULL && counts_down(turning) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return turning != NULL && counts_down(turning) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return turning != NULL && counts_down(turning) ? NULL : __real_realloc(memory, size);
}

static void each_call_fails_in_turn(void **state)
{
	(void)state;
	fail_in_turn(&(struct faults){.mode = BEFORE, .in_a_row = 1}, 1);
}

static void each_call_fails_after_it_was_carried_out(void **state)
{
	(void)state;
	fail_in_turn(&(struct faults){.mode = AFTER, .in_a_row = 1}, 1);
}

static void each_allocation_fails_in_turn(void **state)
{
	(void)state;
	fail_in_turn(&(struct faults){.mode = MEMORY, .in_a_row = 1}, 1);
	fail_in_turn(&(struct faults){.mode = MEMORY, .in_a_row = 3}, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_fails_in_turn),
		cmocka_unit_test(each_call_fails_after_it_was_carried_out),
		cmocka_unit_test(each_allocation_fails_in_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
