/* The sender over hours of failures, in seconds. */
#include "simulating.h"

#include <sys/random.h>

static _Atomic bool never_waits; /* the random part of each wait is 0 */

ssize_t __real_getrandom(void *bytes, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags);

ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
	if (!atomic_load(&never_waits))
		return __real_getrandom(bytes, size, flags);
	memset(bytes, 0, size);
	return (ssize_t)size;
}

static void pass_until(int64_t time)
{
	atomic_store(&stops_at, time);
	while (clock_monotonic() < time)
		(void)usleep(1000);
}

static int64_t outage_ends;

static void be_down(struct visit *visit)
{
	if (visit->other || clock_monotonic() >= outage_ends)
		return;
	visit->status = visit->number % 2 == 0 ? 503 : 500;
	visit->answer = "";
}

/* Of main: from its first visit, which failed, to the first that succeeded, in seconds. */
static int outage_as_segment_saw_it(void)
{
	int first = 0;
	int good;

	while (segment.visits[first].other)
		first++;
	good = first;
	while (segment.visits[good].other || segment.visits[good].status != 200)
		good++;
	return (int)((segment.visits[good].at - segment.visits[first].at) / SECOND);
}

static void an_hour_of_5xx_loses_nothing(void **state)
{
	int64_t begin = clock_monotonic();
	const char *outage;
	char *log;
	int seen;

	(void)state;
	keep_log();
	outage_ends = begin + HOUR;
	behave(be_down);
	start();
	queue("main", 300);
	for (int i = 1; i <= 10; i++) { /* the other keeps its pace meanwhile */
		queue("other", 10);
		pass_until(begin + 5 * i * MINUTE);
		assert_int_equal(read_locked(&engine.lock, &engine.sent), 10 * i);
	}
	pass_until(outage_ends);
	atomic_store(&stops_at, INT64_MAX);
	await_really(&engine.sent, 400);
	assert_sent_once(-1);
	assert_int_equal(engine.dead, 0);
	/* The backoff is at most a minute, 30 s in the mean: neither in a hot loop nor asleep. */
	assert_in_range(visits(), 60, 250);
	for (int i = 0; i < visits() && segment.visits[i].at < outage_ends; i++)
		if (segment.visits[i].other)
			assert_int_equal(segment.visits[i].status, 200);
	log = logged();
	assert_in_range(count_in(log, "msg=\"delivery paused\" destination=main"), 10, 61);
	assert_int_equal(count_in(log, "msg=\"delivery resumed\" destination=main"), 1);
	outage = strstr(log, "outage_seconds=");
	assert_non_null(outage);
	seen = outage_as_segment_saw_it();
	assert_in_range(seen, HOUR / SECOND - 60, HOUR / SECOND + 61);
	assert_in_range(atoi(strchr(outage, '=') + 1), seen - 2, seen + 2);
	free(log);
}

static int refused;

/* A key that is refused for hours is not asked again every second. */
static void refuse_key(struct visit *visit)
{
	if (clock_monotonic() >= outage_ends)
		return;
	visit->status = 401;
	refused++;
}

static void three_hours_of_401_hold_it(void **state)
{
	(void)state;
	keep_log();
	outage_ends = clock_monotonic() + 3 * HOUR;
	behave(refuse_key);
	start();
	queue("main", 150);
	while (clock_monotonic() < outage_ends)
		(void)usleep(1000);
	await_really(&engine.sent, 150);
	assert_sent_once(-1);
	assert_int_equal(engine.dead, 0);
	assert_in_range(refused, 30, 45); /* one every five minutes */
}

/* Splitting a batch needs no timer: with a clock that stands, none ever ends. */
static void refuse_number_37(struct visit *visit)
{
	if (strstr(visit->body, "\"n\":37}") != NULL)
		visit->status = 400;
}

static void a_batch_is_split_while_the_clock_stands(void **state)
{
	(void)state;
	destinations[0].batch_wait = 0;
	behave(refuse_number_37);
	start();
	atomic_store(&stands_at, clock_monotonic());
	queue("main", 100);
	await_really(&engine.dead, 1);
	await_really(&engine.sent, 99);
	atomic_store(&stands_at, 0);
	assert_sent_once(37);
}

/* Chance may let the second attempt start, and end, in the millisecond of the first one's failure.
 */
static void fail_first(struct visit *visit)
{
	if (visit->number > 0)
		return;
	visit->status = 503;
	visit->answer = "";
}

static void a_retry_in_the_same_millisecond_resumes(void **state)
{
	(void)state;
	keep_log();
	destinations[0].batch_wait = 0;
	behave(fail_first);
	atomic_store(&never_waits, true);
	start();
	atomic_store(&stands_at, clock_monotonic());
	queue("main", 3);
	await_really(&engine.sent, 3);
	atomic_store(&stands_at, 0);
	await_paused(0, false);
	atomic_store(&never_waits, false);
	assert_sent_once(-1);
	assert_int_equal(visits(), 2);
	assert_logged("msg=\"delivery paused\" destination=main", true);
	assert_logged("at=1970-01-01T00:00:00.000Z", false); /* it says when, though that is now */
	assert_logged("msg=\"delivery resumed\" destination=main", true);
}

static void limit_first(struct visit *visit)
{
	if (visit->number > 0)
		return;
	visit->status = 429;
	visit->headers = "Retry-After: 20\r\n";
	visit->answer = "";
}

static void a_clock_that_is_set_back_prolongs_no_pause(void **state)
{
	(void)state;
	behave(limit_first);
	atomic_store(&stops_at, clock_monotonic() + 100);
	start();
	queue("main", 3);
	await_paused(0, true);
	atomic_store(&set_back, 50 * MINUTE);
	atomic_store(&stops_at, INT64_MAX);
	await_really(&engine.sent, 3);
	atomic_store(&set_back, 0);
	assert_sent_once(-1);
	assert_int_equal(visits(), 2);
	assert_in_range(segment.visits[1].at - segment.visits[0].at, 19 * SECOND, 40 * SECOND);
}

static void fail_then_limit(struct visit *visit)
{
	if (visit->number > 1)
		return;
	visit->status = visit->number == 0 ? 503 : 429;
	visit->headers = visit->number == 0 ? "" : "Retry-After: 3000\r\n";
	visit->answer = "";
}

/* The line of the first failure says that it goes on at once. */
static void a_long_pause_is_logged_after_a_short_one(void **state)
{
	(void)state;
	keep_log();
	behave(fail_then_limit);
	start();
	queue("main", 3);
	await_really(&engine.sent, 3);
	await_paused(0, false);
	assert_sent_once(-1);
	assert_int_equal(count_logged("msg=\"delivery paused\""), 2);
	assert_logged("failures=2 status=429", true);
	assert_logged("outage_seconds=300", true);
}

static void fail_then_refuse(struct visit *visit)
{
	if (visit->number > 1)
		return;
	visit->status = visit->number == 0 ? 503 : 401;
	visit->answer = "";
}

/* It needs the operator, who read of a pause that ends by itself. */
static void a_configuration_error_is_logged_after_a_pause(void **state)
{
	(void)state;
	keep_log();
	behave(fail_then_refuse);
	start();
	queue("main", 3);
	await_really(&engine.sent, 3);
	await_paused(0, false);
	assert_sent_once(-1);
	assert_int_equal(count_logged("msg=\"delivery paused\""), 2);
	assert_int_equal(count_logged("level=warning msg=\"delivery paused\""), 1);
	assert_int_equal(count_logged("level=error msg=\"delivery paused\""), 1);
	assert_logged("failures=1 status=503", true);
	assert_logged("failures=2 status=401", true);
	assert_int_equal(count_logged("the destination refuses the write key or url"), 1);
}

/* ---- the time that messages wait for others ---- */

static bool is_asked(void)
{
	bool asked;

	(void)pthread_mutex_lock(&engine.lock);
	asked = engine.first != NULL;
	(void)pthread_mutex_unlock(&engine.lock);
	return asked;
}

static void hold(bool holding)
{
	(void)pthread_mutex_lock(&engine.lock);
	engine.holding = holding;
	(void)pthread_cond_broadcast(&engine.changed);
	(void)pthread_mutex_unlock(&engine.lock);
}

enum { BATCH_WAIT = 10 * MINUTE, BATCH_FILLS = 6 * MINUTE };

/* Half a batch is queued, and so long after it the rest of it with `more`, which is claimed, and
 * `since` while it is. The time when the rest was queued. */
static int64_t fill_a_batch(int more, int since)
{
	int64_t begin = clock_monotonic();
	int64_t filled;

	destinations[0].batch_wait = BATCH_WAIT;
	atomic_store(&stops_at, begin);
	start();
	queue("main", 50);
	pass_until(begin + BATCH_FILLS);
	hold(true);
	filled = clock_monotonic();
	queue("main", 50 + more);
	await_condition(is_asked);
	if (since > 0)
		queue("main", since);
	hold(false);
	await_really(&engine.sent, 100);
	return filled;
}

/* What comes while a batch is claimed waits for others as long as any, from then on. */
static void what_came_since_a_claim_has_its_own_time(void **state)
{
	int64_t filled;

	(void)state;
	filled = fill_a_batch(0, 5);
	atomic_store(&stops_at, INT64_MAX);
	await_really(&engine.sent, 105);
	assert_sent_once(-1);
	assert_int_equal(visits(), 2);
	assert_true(segment.visits[1].at >= filled + BATCH_WAIT);
}

/* What waited when a full batch was claimed, and had no room in it, waits no longer than if it had
 * been: simulated time stops before that. */
static void what_a_claim_leaves_waits_no_longer(void **state)
{
	int64_t filled;

	(void)state;
	filled = fill_a_batch(5, 0);
	atomic_store(&stops_at, filled - BATCH_FILLS + BATCH_WAIT + 30 * SECOND);
	await_really(&engine.sent, 105);
	assert_sent_once(-1);
	assert_int_equal(visits(), 2);
	atomic_store(&stops_at, INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_hour_of_5xx_loses_nothing),
		TEST(three_hours_of_401_hold_it),
		TEST(a_batch_is_split_while_the_clock_stands),
		TEST(a_retry_in_the_same_millisecond_resumes),
		TEST(a_clock_that_is_set_back_prolongs_no_pause),
		TEST(a_long_pause_is_logged_after_a_short_one),
		TEST(a_configuration_error_is_logged_after_a_pause),
		TEST(what_came_since_a_claim_has_its_own_time),
		TEST(what_a_claim_leaves_waits_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
