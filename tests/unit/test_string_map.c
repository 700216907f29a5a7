/* The map from strings to pointers: what is put in is found, and no choice of strings makes it
 * slow. */
#include "unit.h"

#include "base/steps.h"
#include "base/string_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 5000 };

struct given {
	struct arena *arena;
	struct string_map map;
};

static int set_up(void **state)
{
	struct given *given = calloc(1, sizeof(*given));

	assert_non_null(given);
	given->arena = arena_create(65536);
	given->map.arena = given->arena;
	*state = given;
	return 0;
}

static int tear_down(void **state)
{
	struct given *given = *state;

	arena_destroy(given->arena);
	free(given);
	return 0;
}

static void put(struct given *given, const char *string, size_t length, void *value)
{
	void **place = string_map_place(&given->map, string, length);

	assert_non_null(place);
	*place = value;
}

static void nothing_is_in_an_empty_map(void **state)
{
	struct given *given = *state;

	assert_null(string_map_get(&given->map, "a", 1));
	assert_null(string_map_get(&given->map, "", 0));
}

/* Strings that begin with each other, the empty one, and all bytes. */
static void strings_are_told_apart(void **state)
{
	static const char *const strings[] = {"", "a", "ab", "abc", "b", "\x01", "\x7f", "\x80",
		"\xff", "\xff\xff", "a\x01", "ab\x80", "A", "aB"};
	struct given *given = *state;

	for (size_t i = 0; i < COUNT_OF(strings); i++) {
		assert_null(string_map_get(&given->map, strings[i], strlen(strings[i])));
		put(given, strings[i], strlen(strings[i]), (void *)(uintptr_t)strings[i]);
		for (size_t j = 0; j < COUNT_OF(strings); j++)
			assert_ptr_equal(
				string_map_get(&given->map, strings[j], strlen(strings[j])),
				j <= i ? strings[j] : NULL);
	}
}

static void a_string_has_one_place(void **state)
{
	static char values[2];
	struct given *given = *state;
	void **place;

	put(given, "tag", 3, &values[0]);
	put(given, "tags", 4, &values[1]);
	place = string_map_place(&given->map, "tags", 3); /* "tag" */
	assert_ptr_equal(*place, &values[0]);
	*place = &values[1];
	assert_ptr_equal(string_map_get(&given->map, "tag", 3), &values[1]);
}

static void many_are_found(void **state)
{
	static char strings[COUNT][16];
	struct given *given = *state;

	for (int i = 0; i < COUNT; i++) {
		int length = snprintf(strings[i], sizeof(strings[i]), "%d", i * 7919 % 100003);

		put(given, strings[i], (size_t)length, strings[i]);
	}
	for (int i = 0; i < COUNT; i++)
		assert_ptr_equal(
			string_map_get(&given->map, strings[i], strlen(strings[i])), strings[i]);
	assert_null(string_map_get(&given->map, "x", 1));
	assert_null(string_map_get(&given->map, "100004", 6));
}

/* Each begins with the one before: nothing is harder for the tree. */
static void work_is_bounded_by_the_bytes(void **state)
{
	static char letters[COUNT + 1];
	struct given *given = *state;
	uint64_t before = steps_done;
	uint64_t bytes = 0;

	memset(letters, 'a', COUNT);
	for (size_t length = 1; length <= COUNT; length++) {
		put(given, letters, length, letters);
		bytes += length;
	}
	assert_true(steps_done - before > bytes / 16);
	assert_true(steps_done - before < 8 * bytes);
	assert_ptr_equal(string_map_get(&given->map, letters, COUNT), letters);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_in_an_empty_map),
		TEST(strings_are_told_apart),
		TEST(a_string_has_one_place),
		TEST(many_are_found),
		TEST(work_is_bounded_by_the_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
