/* The sender when all goes well: batches, several at a time, stopping, reloading, metrics. */
#include "sending.h"

#include "send/batch.h"

static void sends_all_in_batches(void **state)
{
	int full = 0;
	int rest = 0;

	(void)state;
	destinations[0].batches_in_flight = 1; /* else they may come in any order */
	start();
	queue("main", 250);
	await_sent(250);
	assert_sent_once(-1);
	assert_int_equal(segment.count, 3);
	for (int i = 0; i < 3; i++) { /* on connections of their own: in any order */
		full += segment.visits[i].messages == 100;
		rest += segment.visits[i].messages == 50;
	}
	assert_int_equal(full, 2);
	assert_int_equal(rest, 1);
}

static void check_request(struct visit *visit)
{
	static const char start_line[] = "POST /v1/batch HTTP/1.1\r\n";
	size_t length = strlen(visit->body);

	/* Basic auth is the key with a colon and no password. */
	if (strncmp(visit->head, start_line, strlen(start_line)) != 0 ||
		strstr(visit->head, "\r\nAuthorization: Basic "
				    "azN5MGZUaGVCMXVlS2V0dDFlMDAwMDAwMDAwMG1haW46\r\n") == NULL ||
		strcasestr(visit->head, "\r\nContent-Type: application/json\r\n") == NULL ||
		strstr(visit->head, "\r\nUser-Agent: segrelay/" SEGRELAY_VERSION "\r\n") == NULL ||
		strcasestr(visit->head, "\r\nExpect:") != NULL ||
		strcasestr(visit->head, "\r\nX-Retry-Count:") != NULL ||
		strncmp(visit->body, "{\"batch\":[{", 11) != 0 ||
		strstr(visit->body, ",\"writeKey\":\"" KEY "\"}") == NULL ||
		visit->body[length - 1] != '}')
		visit->status = 400;
}

static void speaks_as_segment_asks(void **state)
{
	int64_t began = clock_now();
	int64_t sent_at;

	(void)state;
	behave(check_request);
	start();
	queue("main", 1);
	await_visits(1);
	assert_int_equal(segment.visits[0].status, 200);
	sent_at = time_parse(segment.visits[0].sent_at);
	assert_in_range(sent_at, began, clock_now());
}

/* However slowly they were queued: no batch goes before its time, and there are no more than that
 * allows. */
static void assert_packed(int64_t began, int64_t ended)
{
	int64_t wait = destinations[0].batch_wait;

	assert_true(segment.visits[0].at >= began + wait);
	assert_in_range(segment.count, 1, 1 + (ended - began) / wait);
	assert_sent_once(-1);
}

static void a_batch_waits_for_others(void **state)
{
	int64_t began;
	int64_t ended;

	(void)state;
	destinations[0].batch_wait = 300;
	start();
	began = clock_monotonic();
	for (int i = 0; i < 5; i++) {
		queue("main", 1);
		(void)usleep(10000);
	}
	ended = clock_monotonic();
	await_sent(5);
	assert_packed(began, ended);
}

static void a_full_batch_does_not_wait(void **state)
{
	(void)state;
	destinations[0].batch_wait = MINUTE; /* beyond all patience */
	start();
	queue("main", 99);
	(void)usleep(50000);
	assert_int_equal(visits(), 0);
	queue("main", 1);
	await_sent(100);
	assert_int_equal(segment.count, 1);
}

/* Waits for a request to the engine. */
static void await_asked(void)
{
	int64_t end = clock_monotonic() + PATIENCE;
	bool asked = false;

	while (!asked) {
		assert_true(clock_monotonic() < end);
		(void)usleep(1000);
		(void)pthread_mutex_lock(&engine.lock);
		asked = engine.first != NULL;
		(void)pthread_mutex_unlock(&engine.lock);
	}
}

static void hold(bool holding)
{
	(void)pthread_mutex_lock(&engine.lock);
	engine.holding = holding;
	(void)pthread_cond_broadcast(&engine.changed);
	(void)pthread_mutex_unlock(&engine.lock);
}

/* What comes while a batch is claimed has its own time to wait: no trickle of small batches. */
static void what_came_since_waits_for_others(void **state)
{
	int64_t began;

	(void)state;
	destinations[0].batch_messages = 10;
	destinations[0].batch_wait = 500;
	start();
	hold(true);
	began = clock_monotonic();
	queue("main", 8);
	await_asked();
	queue("main", 7);
	hold(false);
	await_sent(15);
	assert_sent_once(-1);
	assert_int_equal(segment.count, 2);
	assert_int_equal(segment.visits[0].messages, 10);
	assert_true(segment.visits[1].at >= began + 2 * destinations[0].batch_wait);
}

/* The bytes of main's claim, of so many destinations. */
static size_t claim_among(size_t count)
{
	struct destination many[60];
	struct config other = {.destinations = many, .destination_count = count, .references = 1};
	struct error error = {.text = ""};
	char names[COUNT_OF(many)][24];

	assert_true(count <= COUNT_OF(many));
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "d%zu", i);
		many[i] = destinations[0];
		many[i].name = i > 0 ? names[i] : destinations[0].name;
	}
	assert_int_equal(sender_start(&engine, &other, &sender, &error), 0);
	queue("main", 1);
	await_sent(read_locked(&engine.lock, &engine.count));
	sender_stop(sender, SECOND);
	sender = NULL;
	assert_int_equal(other.references, 1);
	return engine.claim_bytes;
}

/* So many that a request with all around them is not over the limit; of many destinations, fewer.
 */
static void a_claim_fits_into_a_request(void **state)
{
	(void)state;
	assert_int_equal(claim_among(1), batch_room(&destinations[0]));
	assert_int_equal(claim_among(2), batch_room(&destinations[0]));
	assert_int_equal(claim_among(60), (32 << 20) / 2 / 60);
}

static void a_trickle_is_packed(void **state)
{
	int64_t began;
	int64_t ended;

	(void)state;
	destinations[0].batch_wait = 100;
	start();
	began = clock_monotonic();
	for (int i = 0; i < 200; i++) {
		queue("main", 1);
		(void)usleep(2000);
	}
	ended = clock_monotonic();
	await_sent(200);
	assert_packed(began, ended);
}

static void be_slow(struct visit *visit)
{
	visit->delay = 150;
}

static void wait_for_three(struct visit *visit)
{
	visit->until = 3;
	visit->delay = 50; /* for a fourth to come, if it could */
}

static void posts_several_batches_at_once(void **state)
{
	(void)state;
	behave(wait_for_three);
	destinations[0].batches_in_flight = 3;
	start();
	queue("main", 500);
	await_sent(500);
	assert_sent_once(-1);
	assert_int_equal(segment.most_open, 3);
}

/* A connection is used again, also for another destination at the same address. */
static void keeps_connections(void **state)
{
	(void)state;
	destinations[0].batches_in_flight = 1;
	start();
	for (int i = 1; i <= 5; i++) {
		queue("main", 1);
		await_sent(i);
	}
	for (int i = 1; i < 5; i++)
		assert_int_equal(segment.visits[i].port, segment.visits[0].port);
}

static void be_held_and_slow(struct visit *visit)
{
	visit->until = INT_MAX;
	visit->delay = 150;
}

static void finishes_what_is_in_flight(void **state)
{
	(void)state;
	behave(be_held_and_slow);
	start();
	queue("main", 3);
	await_visits(1);
	assert_int_equal(read_locked(&engine.lock, &engine.sent), 0);
	let_go();
	sender_stop(sender, 5 * SECOND);
	sender = NULL;
	assert_int_equal(engine.sent, 3);
	assert_sent_once(-1);
}

static void be_held(struct visit *visit)
{
	visit->until = INT_MAX;
}

static void keeps_what_does_not_finish(void **state)
{
	int64_t began;

	(void)state;
	behave(be_held);
	start();
	queue("main", 3);
	await_visits(1);
	began = clock_monotonic();
	sender_stop(sender, 100);
	sender = NULL;
	assert_true(clock_monotonic() - began >= 90);
	assert_int_equal(engine.sent, 0);
}

static void sends_what_waited_at_the_start(void **state)
{
	(void)state;
	store("main", 120);
	store("other", 3);
	engine.states[1].sent = engine.states[1].queued;
	for (int i = 120; i < 123; i++)
		engine.parcels[i].claimed = true;
	start();
	await_sent(120);
	(void)usleep(50000);
	assert_int_equal(engine.sent, 120);
	assert_int_equal(segment.count, 2);
}

static bool came_from(bool other)
{
	bool came = false;

	(void)pthread_mutex_lock(&segment.lock);
	for (int i = 0; i < segment.count; i++)
		came = came || segment.visits[i].other == other;
	(void)pthread_mutex_unlock(&segment.lock);
	return came;
}

static void a_reload_changes_the_write_key(void **state)
{
	struct destination changed = destinations[0];
	struct config next = {.destinations = &changed, .destination_count = 1, .references = 1};
	static char key[] = OTHER_KEY;

	(void)state;
	changed.write_key = key;
	start();
	queue("main", 1);
	await_sent(1);
	assert_false(came_from(true));
	sender_reload(sender, &next);
	queue("main", 1);
	await_sent(2);
	assert_true(came_from(true));
	sender_stop(sender, SECOND);
	sender = NULL;
	assert_int_equal(next.references, 1);
	assert_sent_once(-1);
}

/* A destination that is configured no more keeps its messages; those in flight are acknowledged. */
static void a_removed_destination_keeps_its_messages(void **state)
{
	struct config next = {
		.destinations = destinations, .destination_count = 1, .references = 1};

	(void)state;
	behave(be_slow);
	start();
	queue("other", 2);
	await_visits(1);
	sender_reload(sender, &next);
	await_sent(2);
	queue("other", 2);
	queue("main", 1);
	await_sent(3);
	(void)usleep(100000);
	assert_int_equal(engine.sent, 3);
	sender_reload(sender, &config);
	await_sent(5);
	assert_sent_once(-1);
	sender_stop(sender, SECOND);
	sender = NULL;
	assert_int_equal(next.references, 1);
}

static void writes_its_metrics(void **state)
{
	static char strange[] = "a \"b\\c\n";
	struct text text = {0};

	(void)state;
	destinations[1].name = strange;
	start();
	queue("main", 101);
	await_sent(101);
	sender_metrics(sender, &text);
	assert_non_null(strstr(text.data,
		"# TYPE segrelay_requests_total counter\n"
		"segrelay_requests_total{destination=\"main\",code=\"200\"} 2\n"));
	assert_non_null(strstr(text.data, "# TYPE segrelay_request_duration_seconds summary\n"));
	assert_non_null(strstr(
		text.data, "segrelay_request_duration_seconds_count{destination=\"main\"} 2\n"));
	assert_non_null(strstr(text.data, "segrelay_batches_in_flight{destination=\"main\"} 0\n"));
	assert_non_null(strstr(text.data, "segrelay_destination_paused{destination=\"main\"} 0\n"));
	assert_non_null(strstr(
		text.data, "segrelay_split_batches_total{destination=\"a \\\"b\\\\c\\n\"} 0\n"));
	assert_null(strstr(text.data, KEY));
	text_free(&text);
}

static void its_heart_beats(void **state)
{
	int64_t before;
	int64_t end;

	(void)state;
	start();
	before = sender_heartbeat(sender);
	end = clock_monotonic() + PATIENCE;
	while (sender_heartbeat(sender) == before && clock_monotonic() < end)
		(void)usleep(1000);
	assert_true(sender_heartbeat(sender) > before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sends_all_in_batches),
		TEST(speaks_as_segment_asks),
		TEST(a_batch_waits_for_others),
		TEST(a_full_batch_does_not_wait),
		TEST(what_came_since_waits_for_others),
		TEST(a_claim_fits_into_a_request),
		TEST(a_trickle_is_packed),
		TEST(posts_several_batches_at_once),
		TEST(keeps_connections),
		TEST(finishes_what_is_in_flight),
		TEST(keeps_what_does_not_finish),
		TEST(sends_what_waited_at_the_start),
		TEST(a_reload_changes_the_write_key),
		TEST(a_removed_destination_keeps_its_messages),
		TEST(writes_its_metrics),
		TEST(its_heart_beats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
