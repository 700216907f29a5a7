/* What becomes of a batch by its answer, and how long to wait. */
#include "unit.h"

#include "base/clock.h"
#include "send/retry.h"

#include <string.h>

#define PAGE "<html><body>It works!</body></html>"

static void classifies_by_status_and_answer(void **state)
{
	static const struct {
		CURLcode code;
		long status;
		const char *answer;
		enum outcome outcome;
	} examples[] = {
		{CURLE_OK, 200, "{\"success\":true}", OUTCOME_SENT},
		{CURLE_OK, 200, "{\n  \"success\": true\n}\n", OUTCOME_SENT},
		{CURLE_OK, 200, "", OUTCOME_SENT},
		{CURLE_OK, 200, " \r\n", OUTCOME_SENT},
		{CURLE_OK, 200, "OK", OUTCOME_SENT},
		{CURLE_OK, 200, "ok\n", OUTCOME_SENT},
		{CURLE_OK, 200, "{}", OUTCOME_SENT},
		{CURLE_OK, 202, "{\"accepted\":3}", OUTCOME_SENT},
		{CURLE_OK, 204, "", OUTCOME_SENT},
		{CURLE_OK, 200, "{\"ok\":true}", OUTCOME_SENT},
		{CURLE_OK, 200, "{\"ok\":true,\"errors\":[]}", OUTCOME_SENT},
		{CURLE_OK, 200, "{\"success\":true,\"errors\":{},\"error\":null}", OUTCOME_SENT},
		{CURLE_OK, 200, "{\"success\":true,\"error\":\"\"}", OUTCOME_SENT},
		{CURLE_OK, 200, "{\"error\":false}", OUTCOME_SENT},
		{CURLE_OK, 200, "{\"errors\":0}", OUTCOME_SENT},
		{CURLE_OK, 200, "{\"status\":\"ok\"}", OUTCOME_SENT},
		{CURLE_OK, 200, "{\"status\":200}", OUTCOME_SENT},
		{CURLE_OK, 200, "{\"data\":{\"success\":false}}", OUTCOME_SENT},
		/* A 2xx that is not Segment's. */
		{CURLE_OK, 200, "{\"success\":false}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"success\":false,\"code\":\"x\"}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"ok\":false,\"errors\":[{\"error\":\"no\"}]}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"ok\":false}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"ok\": 0}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"ok\":null}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"success\":\"False\"}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"success\":true,\"errors\":[\"no\"]}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"errors\":{\"a\":1}}", OUTCOME_RETRY},
		{CURLE_OK, 201, "{\"errors\":\"no\"}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"error\":\"no\"}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"error\":true}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"error\":{\"code\":1}}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"status\":\"error\"}", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"status\":\"Failed\"}", OUTCOME_RETRY},
		{CURLE_OK, 200, PAGE, OUTCOME_RETRY},
		{CURLE_OK, 200, "OKAY", OUTCOME_RETRY},
		{CURLE_OK, 200, "OK " PAGE, OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"success\":true", OUTCOME_RETRY},
		{CURLE_OK, 200, "{\"success\":true}{}", OUTCOME_RETRY},
		{CURLE_OK, 200, "[]", OUTCOME_RETRY},
		{CURLE_OK, 200, "true", OUTCOME_RETRY},
		{CURLE_OK, 200, "\"OK\"", OUTCOME_RETRY},
		/* No answer, or half of one. */
		{CURLE_COULDNT_CONNECT, 0, "", OUTCOME_RETRY},
		{CURLE_COULDNT_RESOLVE_HOST, 0, "", OUTCOME_RETRY},
		{CURLE_OPERATION_TIMEDOUT, 0, "", OUTCOME_RETRY},
		{CURLE_PEER_FAILED_VERIFICATION, 0, "", OUTCOME_RETRY},
		{CURLE_PARTIAL_FILE, 200, "{\"success\":true}", OUTCOME_RETRY},
		{CURLE_RECV_ERROR, 400, "", OUTCOME_RETRY},
		/* Segment's own words for "later". */
		{CURLE_OK, 408, "", OUTCOME_RETRY},
		{CURLE_OK, 410, "", OUTCOME_RETRY},
		{CURLE_OK, 429, "", OUTCOME_RETRY},
		{CURLE_OK, 460, "", OUTCOME_RETRY},
		{CURLE_OK, 500, "{\"success\":true}", OUTCOME_RETRY},
		{CURLE_OK, 502, PAGE, OUTCOME_RETRY},
		{CURLE_OK, 503, "", OUTCOME_RETRY},
		{CURLE_OK, 511, "", OUTCOME_RETRY},
		{CURLE_OK, 529, "", OUTCOME_RETRY},
		/* Something in the batch. */
		{CURLE_OK, 400, "{\"success\":false}", OUTCOME_BISECT},
		{CURLE_OK, 413, "", OUTCOME_BISECT},
		{CURLE_OK, 422, "", OUTCOME_BISECT},
		/* The key, the address, or what stands between. */
		{CURLE_OK, 301, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 302, PAGE, OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 304, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 401, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 402, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 403, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 404, PAGE, OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 405, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 407, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 411, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 415, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 426, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 501, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 505, "", OUTCOME_CONFIG_ERROR},
		{CURLE_OK, 0, "", OUTCOME_CONFIG_ERROR},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		enum outcome outcome =
			retry_classify(examples[i].code, examples[i].status, examples[i].answer);

		if (outcome != examples[i].outcome)
			fail_msg("%d, %ld, \"%s\": outcome %d instead of %d", (int)examples[i].code,
				examples[i].status, examples[i].answer, (int)outcome,
				(int)examples[i].outcome);
	}
}

static void backs_off_with_full_jitter(void **state)
{
	static const int64_t most[] = {0, 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	enum { TRIES = 400 };

	(void)state;
	for (int64_t failures = 1; failures < (int64_t)COUNT_OF(most); failures++) {
		int64_t longest = 0;
		int64_t shortest = INT64_MAX;

		for (int i = 0; i < TRIES; i++) {
			int64_t wait = retry_backoff(failures);

			assert_in_range(wait, 0, most[failures]);
			longest = wait > longest ? wait : longest;
			shortest = wait < shortest ? wait : shortest;
		}
		/* The whole range is used: by chance not so once in 0.9^400. */
		assert_true(longest > most[failures] - most[failures] / 10);
		assert_true(shortest < most[failures] / 10);
	}
	assert_in_range(retry_backoff(INT64_MAX), 0, MINUTE);
}

static void reads_retry_after(void **state)
{
	static const struct {
		const char *header;
		int64_t wait;
	} examples[] = {
		{"0", 0},
		{"1", SECOND},
		{"120", 2 * MINUTE},
		{"007", 7 * SECOND},
		{"3600", HOUR},
		{"3601", HOUR},
		{"86400", HOUR},
		{"99999999999999999999999999999999", HOUR},
		/* The three forms of RFC 9110, 5.6.7. */
		{"Mon, 23 Nov 2026 10:00:30 GMT", 30 * SECOND},
		{"Monday, 23-Nov-26 10:00:30 GMT", 30 * SECOND},
		{"Mon Nov 23 10:00:30 2026", 30 * SECOND},
		{"Mon, 23 Nov 2026 09:59:00 GMT", 0},
		{"Sun, 06 Nov 1994 08:49:37 GMT", 0},
		{"Tue, 24 Nov 2026 10:00:00 GMT", HOUR},
		{"Fri, 31 Dec 9999 23:59:59 GMT", HOUR},
		{"06 Nov 99999999999999999999", -1},
		/* Neither. */
		{NULL, -1},
		{"", -1},
		{"-1", -1},
		{"-120", -1},
		{"1.5", -1},
		{"120 seconds", -1},
		{"0x10", -1},
		{"1e3", -1},
		{"soon", -1},
		{"Mon, 41 Nov 2026 10:00:30 GMT", -1},
		{"Mon, 23 Foo 2026 10:00:30 GMT", -1},
	};
	const int64_t now = time_parse("2026-11-23T10:00:00Z");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		int64_t wait = retry_after(examples[i].header, now);

		if (wait != examples[i].wait)
			fail_msg("\"%s\": %lld ms instead of %lld", examples[i].header,
				(long long)wait, (long long)examples[i].wait);
	}
}

/* It is a date to older versions of curl, in more milliseconds than there are. */
static void a_year_of_nine_digits_overflows_nothing(void **state)
{
	int64_t wait = retry_after("06 Nov 919944761", time_parse("2026-11-23T10:00:00Z"));

	(void)state;
	assert_true(wait == HOUR || wait == -1);
}

/* 5xx for an hour: neither a storm nor a long silence. */
static void an_hour_of_failures_is_some_hundred_attempts(void **state)
{
	int64_t passed = 0;
	int64_t failures = 0;
	int64_t in_first_minute = 0;

	(void)state;
	while (passed < HOUR) {
		int64_t wait = retry_backoff(++failures);

		assert_in_range(wait, 0, MINUTE);
		passed += wait;
		if (passed < MINUTE)
			in_first_minute = failures;
	}
	/* half a minute on average once it is at its most: 120 of them, give or take */
	assert_in_range(failures, 70, 200);
	assert_in_range(in_first_minute, 3, 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classifies_by_status_and_answer),
		cmocka_unit_test(backs_off_with_full_jitter),
		cmocka_unit_test(reads_retry_after),
		cmocka_unit_test(a_year_of_nine_digits_overflows_nothing),
		cmocka_unit_test(an_hour_of_failures_is_some_hundred_attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
