/* Times of payloads and headers become UTC with milliseconds, and nothing else becomes a time. */
#include "unit.h"

#include "base/clock.h"

#include <string.h>
#include <time.h>

static void reads_times_with_zones(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{"2024-11-05T21:54:49-05:00", "2024-11-06T02:54:49.000Z"},
		{"2023-02-10T12:16:07.251Z", "2023-02-10T12:16:07.251Z"},
		{"2023-11-09T16:28:37.556612022Z", "2023-11-09T16:28:37.556Z"},
		{"2024-02-29T23:59:59+05:30", "2024-02-29T18:29:59.000Z"},
		{"2024-03-01T00:00:00+14:00", "2024-02-29T10:00:00.000Z"},
		{"1999-12-31T23:59:59.9Z", "1999-12-31T23:59:59.900Z"},
		{"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
		{"2026-11-23 10:00:00", "2026-11-23T10:00:00.000Z"},
		{"2026-11-23T10:00:00+0100", "2026-11-23T09:00:00.000Z"},
	};
	char text[TIME_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		time_format(time_parse(cases[i].in), text);
		assert_string_equal(text, cases[i].out);
	}
}

static void refuses_what_is_no_time(void **state)
{
	static const char *const cases[] = {"", "2024", "2024-13-01T00:00:00Z",
		"2024-00-10T00:00:00Z", "2024-02-30T00:00:00Z", "2024-01-01T24:00:00Z",
		"2024-01-01T00:60:00Z", "2024-01-01T00:00:00X", "2024-01-01T00:00:00.Z",
		"2024-01-01T00:00:00Zx", "01/02/2024", "2024-01-01", "2024-01-01T00:00:00+25:00"};

	(void)state;
	assert_int_equal(time_parse(NULL), TIME_UNKNOWN);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (time_parse(cases[i]) != TIME_UNKNOWN)
			fail_msg("\"%s\" was taken for a time", cases[i]);
}

static void reads_what_clocks_in_new_york_show(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{"2023-05-13T00:07:28", "2023-05-13T04:07:28.000Z"},
		{"2026-11-23T07:00:00", "2026-11-23T12:00:00.000Z"},
		{"2026-11-23 07:00:00", "2026-11-23T12:00:00.000Z"},
		{"2023-06-01T06:19:18.637636", "2023-06-01T10:19:18.637Z"},
		/* with a zone it is what it says */
		{"2023-05-13T04:07:28+00:00", "2023-05-13T04:07:28.000Z"},
		{"2023-05-13T04:07:28Z", "2023-05-13T04:07:28.000Z"},
		/* into daylight time: 2026-03-08, 2024-03-10 */
		{"2026-03-08T01:59:59", "2026-03-08T06:59:59.000Z"},
		{"2026-03-08T03:00:00", "2026-03-08T07:00:00.000Z"},
		{"2026-03-08T02:30:00", "2026-03-08T07:30:00.000Z"},
		{"2024-03-10T01:59:59", "2024-03-10T06:59:59.000Z"},
		{"2024-03-10T03:00:00", "2024-03-10T07:00:00.000Z"},
		/* out of it: 2026-11-01, 2024-11-03, 2020-11-01 */
		{"2026-11-01T00:59:59", "2026-11-01T04:59:59.000Z"},
		{"2026-11-01T01:59:59", "2026-11-01T05:59:59.000Z"},
		{"2026-11-01T02:00:00", "2026-11-01T07:00:00.000Z"},
		{"2024-11-03T01:59:59", "2024-11-03T05:59:59.000Z"},
		{"2024-11-03T02:00:00", "2024-11-03T07:00:00.000Z"},
		{"2020-11-01T02:00:00", "2020-11-01T07:00:00.000Z"},
		{"2025-12-31T23:30:00", "2026-01-01T04:30:00.000Z"},
	};
	char text[TIME_TEXT];

	(void)state;
	assert_int_equal(time_parse_new_york(NULL), TIME_UNKNOWN);
	assert_int_equal(time_parse_new_york("2026-11-23"), TIME_UNKNOWN);
	assert_int_equal(time_parse_new_york("2026-11-23T25:00:00"), TIME_UNKNOWN);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		time_format(time_parse_new_york(cases[i].in), text);
		assert_string_equal(text, cases[i].out);
	}
}

static void knows_the_epoch(void **state)
{
	(void)state;
	assert_int_equal(time_parse("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(time_parse("2001-09-09T01:46:40Z"), 1000000000LL * SECOND);
}

/* What cannot be written as a time of four digits' years is none: it would be written as another.
 */
static void ends_with_the_years_of_four_digits(void **state)
{
	static const char *const beyond[] = {"9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z",
		"9999-12-31T20:00:00-05:00", "0000-01-01T00:00:00+00:01"};
	static const char *const within[] = {"9999-12-31T23:59:59.999Z",
		"9999-12-31T23:59:59.999+05:00", "0000-01-01T00:00:00.000Z"};
	char text[TIME_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(beyond); i++) {
		assert_int_equal(time_parse(beyond[i]), TIME_UNKNOWN);
		assert_int_equal(time_parse_new_york(beyond[i]), TIME_UNKNOWN);
	}
	assert_int_equal(time_parse_new_york("9999-12-31T20:00:00"), TIME_UNKNOWN);
	for (size_t i = 0; i < COUNT_OF(within); i++) {
		time_format(time_parse(within[i]), text);
		assert_int_equal(time_parse(text), time_parse(within[i]));
		assert_int_equal(strlen(text), 24);
	}
	time_format(time_parse("0000-01-01T00:00:00.000Z"), text);
	assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

static void can_be_held(void **state)
{
	int64_t before;
	int64_t now;

	(void)state;
	clock_hold(1234);
	assert_int_equal(clock_now(), 1234);
	clock_hold(TIME_UNKNOWN);
	before = (int64_t)time(NULL) * SECOND;
	now = clock_now();
	assert_in_range(now, before, (int64_t)time(NULL) * SECOND + SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_times_with_zones),
		cmocka_unit_test(refuses_what_is_no_time),
		cmocka_unit_test(reads_what_clocks_in_new_york_show),
		cmocka_unit_test(knows_the_epoch),
		cmocka_unit_test(ends_with_the_years_of_four_digits),
		cmocka_unit_test(can_be_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
