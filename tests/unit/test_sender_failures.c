/* The sender when Segment, the network or the store fails: nothing lost, nothing is sent twice. */
#include "sending.h"

#include "send/http.h"

#include <inttypes.h>

/* ---- later ---- */

static void fail_twice(struct visit *visit)
{
	if (visit->number >= 2) {
		visit->until = INT_MAX; /* it stays paused until the test has seen it */
		return;
	}
	visit->delay = 2; /* the next may follow at once, but not with the same time */
	visit->status = 503;
	visit->answer = "upstream\tfailed\r\n\x1b[31m badly: " KEY;
}

static void tries_again_as_it_is(void **state)
{
	(void)state;
	keep_log();
	behave(fail_twice);
	start();
	queue("main", 3);
	await_paused(0, true);
	assert_string_equal(state_of(0).reason,
		"503 upstream failed   [31m badly: ********************************");
	let_go();
	await_sent(3);
	await_paused(0, false);
	assert_sent_once(-1);
	assert_int_equal(segment.count, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(segment.visits[i].messages, 3);
		assert_int_equal(segment.visits[i].retry, i);
	}
	assert_string_not_equal(segment.visits[0].sent_at, segment.visits[2].sent_at);
	assert_logged("<4>level=warning msg=\"delivery paused\" destination=main waiting=3 "
		      "oldest_seconds=",
		true);
	assert_logged(" failures=1 status=503 answer=\"upstream failed", true);
	assert_logged("failures=2", false); /* once a minute */
	assert_logged("msg=\"delivery resumed\" destination=main", true);
	assert_logged(KEY, false);
}

static void hang_up_once(struct visit *visit)
{
	if (visit->number == 0)
		visit->status = 0;
}

static void survives_a_broken_connection(void **state)
{
	(void)state;
	behave(hang_up_once);
	start();
	queue("main", 3);
	await_sent(3);
	assert_sent_once(-1);
	assert_int_equal(segment.count, 2);
}

static void waits_for_segment_to_come_back(void **state)
{
	(void)state;
	start();
	close_segment();
	queue("main", 150);
	await_paused(0, true);
	assert_non_null(strcasestr(state_of(0).reason, "connect"));
	(void)usleep(100000);
	open_segment();
	await_sent(150);
	assert_sent_once(-1);
}

static void gives_up_what_was_removed(void **state)
{
	(void)state;
	start();
	close_segment();
	queue("main", 5);
	await_paused(0, true); /* they are in memory, to be tried again */
	(void)pthread_mutex_lock(&engine.lock);
	engine.parcels[2].removed = true;
	(void)pthread_mutex_unlock(&engine.lock);
	sender_removed(sender, "main");
	await(&engine.lock, &engine.renewals, 1, "renewals");
	open_segment();
	await_sent(4);
	assert_sent_once(2);
}

static void lie_once(struct visit *visit)
{
	if (visit->number == 0)
		visit->answer = "<html>Welcome to our proxy</html>";
	else
		visit->until = INT_MAX;
}

static void does_not_believe_a_proxy(void **state)
{
	(void)state;
	behave(lie_once);
	start();
	queue("main", 3);
	await_paused(0, true);
	assert_string_equal(state_of(0).reason, "answered 200, but not as Segment does");
	let_go();
	await_sent(3);
	assert_sent_once(-1);
	assert_int_equal(segment.count, 2);
}

/* The answer to the third batch asks to wait; the others, which were in flight with it, are
 * accepted when it was, and the probe when the test has looked. */
static void limit_the_third(struct visit *visit)
{
	if (visit->number < 2)
		visit->until = 4;
	if (visit->retry > 0)
		visit->until = INT_MAX;
	if (visit->number != 2)
		return;
	visit->status = 429;
	visit->headers = "Retry-After: 1\r\n";
}

static void obeys_retry_after(void **state)
{
	const struct visit *probe = segment.visits;
	int64_t begin = clock_now();

	(void)state;
	destinations[0].batch_messages = 10;
	behave(limit_the_third);
	start();
	queue("main", 30);
	await_visits(3);
	await_paused(0, true);
	/* asked for a second, and no more: however long it took until then */
	assert_in_range(state_of(0).paused_until, begin + SECOND, clock_now() + SECOND);
	queue("other", 1);
	await_sent(30 - 10 + 1);
	assert_true(is_paused(0)); /* their acceptance does not end the pause */
	assert_int_equal(state_of(0).failures, 1);
	let_go();
	await_sent(31);
	assert_sent_once(-1);
	while (probe->retry == 0)
		probe++;
	assert_int_equal(probe->retry, 1);
	assert_true(probe->at - segment.visits[2].at >= 950);
}

static void garbage_and_a_reset(struct visit *visit)
{
	if (visit->number != 0)
		return;
	visit->status = 503;
	visit->headers = "Retry-After: soon\r\nX-RateLimit-Reset: 1\r\n";
}

static void obeys_a_rate_limit(void **state)
{
	(void)state;
	behave(garbage_and_a_reset);
	start();
	queue("main", 3);
	await_sent(3);
	assert_true(segment.visits[1].at - segment.visits[0].at >= 950);
}

static const char *asked;

static void ask_to_wait(struct visit *visit)
{
	visit->status = 429;
	visit->headers = asked;
}

/* The milliseconds that an answer with such headers asks to wait. */
static int64_t wait_of(const char *headers)
{
	CURL *handle = http_handle();
	struct text answer = {0};
	int64_t wait;

	asked = headers;
	assert_non_null(handle);
	assert_int_equal(http_set_url(handle, url), CURLE_OK);
	(void)curl_easy_setopt(handle, CURLOPT_POSTFIELDS, "{}");
	(void)curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
	(void)curl_easy_setopt(handle, CURLOPT_TIMEOUT, (long)(PATIENCE / SECOND));
	assert_int_equal(curl_easy_perform(handle), CURLE_OK);
	wait = http_retry_wait(handle);
	curl_easy_cleanup(handle);
	text_free(&answer);
	return wait;
}

/* Wherever it stands, and however much longer or shorter the other is. */
static void retry_after_comes_before_a_rate_limit(void **state)
{
	static const struct {
		const char *headers;
		int64_t expected;
	} cases[] = {
		{"", -1},
		{"Retry-After: 7\r\n", 7 * SECOND},
		{"X-RateLimit-Reset: 9\r\n", 9 * SECOND},
		{"Retry-After: 7\r\nX-RateLimit-Reset: 9\r\n", 7 * SECOND},
		{"X-RateLimit-Reset: 9\r\nRetry-After: 7\r\n", 7 * SECOND},
		{"Retry-After: 9\r\nX-RateLimit-Reset: 7\r\n", 9 * SECOND},
		{"X-RateLimit-Reset: 7\r\nRetry-After: 9\r\n", 9 * SECOND},
		{"retry-after: 7\r\nx-ratelimit-reset: 9\r\n", 7 * SECOND},
		{"Retry-After: 0\r\nX-RateLimit-Reset: 9\r\n", 0},
		{"X-RateLimit-Reset: 9\r\nRetry-After: 0\r\n", 0},
		{"Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\nX-RateLimit-Reset: 9\r\n", 0},
		{"Retry-After: 9999999999\r\nX-RateLimit-Reset: 9\r\n", HOUR},
		/* what cannot be read does not count, the other does */
		{"Retry-After: soon\r\nX-RateLimit-Reset: 9\r\n", 9 * SECOND},
		{"X-RateLimit-Reset: 9\r\nRetry-After: soon\r\n", 9 * SECOND},
		{"Retry-After:\r\nX-RateLimit-Reset: 9\r\n", 9 * SECOND},
		{"Retry-After: -7\r\nX-RateLimit-Reset: 9\r\n", 9 * SECOND},
		{"Retry-After: 7\r\nX-RateLimit-Reset: soon\r\n", 7 * SECOND},
		{"X-RateLimit-Reset: soon\r\nRetry-After: 7\r\n", 7 * SECOND},
		{"Retry-After: soon\r\nX-RateLimit-Reset: later\r\n", -1},
	};

	(void)state;
	behave(ask_to_wait);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t wait = wait_of(cases[i].headers);

		if (wait != cases[i].expected)
			fail_msg("%s: %" PRId64 " ms instead of %" PRId64, cases[i].headers, wait,
				cases[i].expected);
	}
}

/* Whatever failed together is one failure: the backoff grows by attempts in a row. */
static void fail_slowly(struct visit *visit)
{
	visit->until = visit->number < 4 ? 4 : INT_MAX; /* the probe: the test has seen the pause */
	visit->delay = 50;
	visit->status = visit->number < 4 ? 500 : 200;
	visit->answer = visit->number < 4 ? "" : GOOD;
}

static void a_group_fails_once(void **state)
{
	(void)state;
	destinations[0].batch_messages = 10;
	behave(fail_slowly);
	start();
	queue("main", 40);
	await_visits(4);
	await_paused(0, true);
	(void)usleep(20000);
	assert_int_equal(state_of(0).failures, 1);
	let_go();
	await_sent(40);
	assert_sent_once(-1);
	assert_true(segment.visits[5].at >= segment.visits[4].at + 45); /* the probe stood alone */
}

/* Notes how many other requests are open. Those that may be open together wait for each other, and
 * then for one more that may not. */
static void note_open(struct visit *visit)
{
	visit->until = visit->number == 0 ? 1 : visit->number < 3 ? 3 : 7;
	visit->delay = 60;
	visit->retry = segment.open;
}

/* After a pause one probe, then two, then four. */
static void comes_back_gently(void **state)
{
	(void)state;
	destinations[0].batch_messages = 10;
	destinations[0].batches_in_flight = 8;
	store("main", 200);
	engine.states[0].failures = 2;
	behave(note_open);
	start();
	await_sent(200);
	assert_sent_once(-1);
	assert_int_equal(segment.visits[0].retry, 0);
	assert_int_equal(segment.visits[1].retry, 0);
	assert_int_equal(segment.visits[2].retry, 1);
	assert_in_range(segment.visits[3].retry, 0, 1);
	assert_in_range(segment.most_open, 4, 8);
}

static void fail_main(struct visit *visit)
{
	if (!visit->other) {
		visit->status = 500;
		visit->answer = "";
	}
}

static void destinations_are_independent(void **state)
{
	(void)state;
	behave(fail_main);
	start();
	queue("main", 5);
	await_paused(0, true);
	for (int i = 1; i <= 3; i++) {
		queue("other", 5);
		await_sent(5 * i);
	}
	assert_true(is_paused(0));
	assert_false(is_paused(1));
}

static void obeys_a_pause_from_before_a_restart(void **state)
{
	int64_t began = clock_monotonic();

	(void)state;
	store("main", 3);
	engine.states[0].failures = 2;
	engine.states[0].paused_until = clock_now() + 700;
	start();
	await_sent(3);
	assert_true(segment.visits[0].at - began >= 650);
	await_paused(0, false);
}

/* A clock that was set back must not stop a destination for days. */
static void no_pause_is_longer_than_an_hour(void **state)
{
	(void)state;
	store("main", 3);
	engine.states[0].failures = 2;
	engine.states[0].paused_until = clock_now() + 3 * DAY;
	start();
	await_sent(3);
}

static void limit_old_key_late(struct visit *visit)
{
	visit->until = visit->number == 0 ? INT_MAX : 0;
	if (visit->number > 0)
		return;
	visit->status = 429;
	visit->headers = "Retry-After: 1\r\n";
	visit->answer = "";
}

/* It is obeyed though the options are others by now; so the log and the operator hear of it. */
static void a_limit_after_a_reload_is_a_pause(void **state)
{
	struct config next = {
		.destinations = destinations, .destination_count = 2, .references = 1};
	struct destination same[2];

	(void)state;
	keep_log();
	memcpy(same, destinations, sizeof(same));
	next.destinations = same;
	behave(limit_old_key_late);
	start();
	queue("main", 3);
	await_visits(1);
	sender_reload(sender, &next);
	(void)usleep(100000);
	let_go();
	await_paused(0, true);
	await_sent(3);
	await_paused(0, false);
	assert_sent_once(-1);
	assert_true(segment.visits[1].at - segment.visits[0].at >= 950);
	assert_int_equal(state_of(0).paused_until, 0);
	assert_logged("msg=\"delivery paused\" destination=main", true);
	assert_logged("msg=\"delivery resumed\" destination=main", true);
	sender_stop(sender, SECOND);
	sender = NULL;
	assert_int_equal(next.references, 1);
}

/* ---- the store ---- */

static void fail_turns(int count)
{
	(void)pthread_mutex_lock(&engine.lock);
	engine.failures = count;
	(void)pthread_mutex_unlock(&engine.lock);
}

static void be_held(struct visit *visit)
{
	visit->until = INT_MAX;
}

static void says_again_what_the_store_did_not_take(void **state)
{
	(void)state;
	behave(be_held);
	start();
	queue("main", 3);
	await_visits(1);
	fail_turns(2);
	let_go();
	await_sent(3);
	assert_sent_once(-1);
	assert_int_equal(segment.count, 1);
	assert_int_equal(engine.failures, 0);
}

static void claims_again_what_was_rolled_back(void **state)
{
	int64_t began = clock_monotonic();

	(void)state;
	start();
	fail_turns(1);
	queue("main", 100);
	await_sent(100);
	assert_sent_once(-1);
	assert_true(clock_monotonic() - began >= 900); /* not in a hot loop */
	assert_in_range(engine.claims, 2, 4);
}

static void fail_once_held(struct visit *visit)
{
	visit->until = visit->number == 0 ? INT_MAX : 0;
	visit->status = visit->number == 0 ? 503 : 200;
	visit->answer = visit->number == 0 ? "" : GOOD;
}

static void await_pauses(int count)
{
	await(&engine.lock, &engine.pauses, count, "pauses remembered");
}

/* The pause is remembered only after its end was: it must not come back. */
static void remembers_a_pause_as_it_is_by_now(void **state)
{
	(void)state;
	behave(fail_once_held);
	start();
	queue("main", 3);
	await_visits(1);
	fail_turns(1);
	let_go();
	await_sent(3);
	await_pauses(2);
	(void)usleep(20000);
	assert_false(is_paused(0));
	assert_sent_once(-1);
}

static void fail_once_then_hold(struct visit *visit)
{
	visit->until = visit->number == 0 ? 0 : INT_MAX;
	visit->status = visit->number == 0 ? 503 : 200;
	visit->answer = visit->number == 0 ? "" : GOOD;
}

/* Else the operator would see a pause until the next one, and after each restart. */
static void remembers_the_end_of_a_pause_that_the_store_did_not_take(void **state)
{
	(void)state;
	behave(fail_once_then_hold);
	start();
	queue("main", 3);
	await_paused(0, true);
	await_visits(2);
	fail_turns(3); /* the batch and the end may be said in one turn or in two */
	let_go();
	await_sent(3);
	await_paused(0, false);
	assert_sent_once(-1);
}

static void stops_while_the_store_is_broken(void **state)
{
	int64_t began;

	(void)state;
	behave(be_held);
	start();
	queue("main", 3);
	await_visits(1);
	fail_turns(1000);
	let_go();
	began = clock_monotonic();
	sender_stop(sender, 500);
	sender = NULL;
	assert_true(clock_monotonic() - began >= 400);
	assert_int_equal(engine.sent, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tries_again_as_it_is),
		TEST(survives_a_broken_connection),
		TEST(waits_for_segment_to_come_back),
		TEST(gives_up_what_was_removed),
		TEST(does_not_believe_a_proxy),
		TEST(obeys_retry_after),
		TEST(obeys_a_rate_limit),
		TEST(retry_after_comes_before_a_rate_limit),
		TEST(a_group_fails_once),
		TEST(comes_back_gently),
		TEST(destinations_are_independent),
		TEST(obeys_a_pause_from_before_a_restart),
		TEST(no_pause_is_longer_than_an_hour),
		TEST(a_limit_after_a_reload_is_a_pause),
		TEST(says_again_what_the_store_did_not_take),
		TEST(claims_again_what_was_rolled_back),
		TEST(remembers_a_pause_as_it_is_by_now),
		TEST(remembers_the_end_of_a_pause_that_the_store_did_not_take),
		TEST(stops_while_the_store_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
