/* One message that fails stops no others, and a destination that is down makes no dead letters:
 * hours in seconds. */
#include "simulating.h"

#include "send/suspects.h"

static struct {
	bool is_bad[MESSAGES_MAX];
	int status; /* 0 hangs up */
	const char *headers;
	bool is_down;
	int bad;                     /* requests that held a bad message */
	int tries[MESSAGES_MAX];     /* of each message */
	int order[4 * MESSAGES_MAX]; /* in which messages were accepted */
	int accepted;
	int late;     /* the first answer to this message comes late; 0 for none */
	int follower; /* this message must not be tried … */
	int leader;   /* … without this one before it was set aside */
	bool has_leader_failed_alone;
	bool is_torn;
	bool is_parted; /* the follower was tried without the leader */
} world;

static void note_try(int number, void *context)
{
	world.tries[number]++;
	*(bool *)context |= world.is_bad[number];
}

static void note_order(int number, void *context)
{
	(void)context;
	if (world.accepted < 4 * MESSAGES_MAX)
		world.order[world.accepted++] = number;
}

struct pair {
	bool has_leader;
	bool has_follower;
};

static void note_pair(int number, void *context)
{
	struct pair *pair = context;

	pair->has_leader |= number == world.leader;
	pair->has_follower |= number == world.follower;
}

static void note_late(int number, void *context)
{
	*(bool *)context |= number == world.late && world.late > 0 && world.tries[number] == 0;
}

static void be_the_world(struct visit *visit)
{
	bool is_late = false;

	struct pair pair = {0};
	bool fails = world.is_down;

	each_number(visit->body, note_pair, &pair);
	each_number(visit->body, note_late, &is_late);
	visit->delay = is_late ? 300 : 0;
	if (world.follower > 0 && pair.has_follower && !pair.has_leader &&
		!world.has_leader_failed_alone)
		world.is_torn = true;
	world.is_parted |= world.follower > 0 && pair.has_follower && !pair.has_leader;
	each_number(visit->body, note_try, &fails);
	if (fails && pair.has_leader && !pair.has_follower)
		world.has_leader_failed_alone = true;
	if (!fails) {
		each_number(visit->body, note_order, NULL);
		return;
	}
	world.bad++;
	visit->status = world.status;
	visit->headers = world.headers != NULL ? world.headers : "";
	visit->answer = world.status == 200 ? "<html>" : "no";
}

static void begin_with(int status)
{
	memset(&world, 0, sizeof(world));
	world.status = status;
	atomic_store(&stops_at, INT64_MAX);
	keep_log();
	behave(be_the_world);
	start();
}

static void be_down(bool is_down)
{
	(void)pthread_mutex_lock(&segment.lock);
	world.is_down = is_down;
	(void)pthread_mutex_unlock(&segment.lock);
}

/* No message is bad any more. */
static void be_good(void)
{
	(void)pthread_mutex_lock(&segment.lock);
	memset(world.is_bad, 0, sizeof(world.is_bad));
	(void)pthread_mutex_unlock(&segment.lock);
}

/* A count of the world's, while requests may still arrive. */
static int count_by_now(const int *count)
{
	int value;

	(void)pthread_mutex_lock(&segment.lock);
	value = *count;
	(void)pthread_mutex_unlock(&segment.lock);
	return value;
}

static void pass_for(int64_t ms)
{
	int64_t time = clock_monotonic() + ms;

	atomic_store(&stops_at, time);
	while (clock_monotonic() < time)
		(void)usleep(200);
	atomic_store(&stops_at, INT64_MAX);
}

/* Waits in real time until so many messages are set aside. */
static void await_set_aside(int expected)
{
	int count = 0;

	for (int i = 0; i < 40000 && count < expected; i++) {
		(void)usleep(1000);
		count = 0;
		(void)pthread_mutex_lock(&engine.lock);
		for (int at = 0; at < engine.count; at++)
			count += engine.parcels[at].failures > 0;
		(void)pthread_mutex_unlock(&engine.lock);
	}
	assert_int_equal(count, expected);
}

static const int kinds[] = {500, 503, 403, 404, 301, 501, 200, 0};

/* Whatever the answer: the others arrive, once, in so many requests. */
static void the_others_arrive(void **state)
{
	static const int bad[] = {37, 38, 120, 240, 249};

	(void)state;
	for (size_t kind = 0; kind < COUNT_OF(kinds); kind++)
		for (size_t count = 1; count <= COUNT_OF(bad); count += 4) {
			begin_with(kinds[kind]);
			for (size_t i = 0; i < count; i++)
				world.is_bad[bad[i]] = true;
			queue("main", 250);
			await_really(&engine.sent, (int)(250 - count));
			await_set_aside((int)count);
			for (size_t i = 0; i < count; i++)
				assert_in_range(count_by_now(&world.tries[bad[i]]), 3, 40);
			assert_in_range(count_by_now(&world.bad), 3, 40 * count);
			assert_int_equal(engine.dead, 0);
			be_good();
			await_really(&engine.sent, 250);
			assert_sent_once(-1);
			assert_int_equal(count_logged("msg=\"message set aside\""), count);
			assert_int_equal(tear_down(state), 0);
			assert_int_equal(set_up(state), 0);
		}
}

static void half_of_them_may_be_bad(void **state)
{
	(void)state;
	begin_with(500);
	for (int i = 0; i < 100; i++)
		world.is_bad[i] = i % 2 == 0;
	queue("main", 100);
	await_really(&engine.sent, 50);
	for (int i = 1; i < 100; i += 2)
		assert_int_equal(segment.accepted[i], 1);
}

/* So that no batch of what is in memory is without one, the first message among them. */
static void each_batch_may_hold_a_bad_one(void **state)
{
	int64_t began;

	(void)state;
	begin_with(500);
	began = clock_monotonic();
	for (int i = 0; i < 500; i += 50)
		world.is_bad[i] = true;
	queue("main", 500);
	await_really(&engine.sent, 490);
	await_set_aside(10);
	assert_true(clock_monotonic() - began < 10 * MINUTE);
	assert_in_range(count_by_now(&world.bad), 30, 400);
}

/* What waits first may all be bad, and more than a batch of it. */
static void the_first_of_them_may_all_be_bad(void **state)
{
	(void)state;
	begin_with(500);
	for (int i = 0; i < 150; i++)
		world.is_bad[i] = true;
	queue("main", 400);
	await_really(&engine.sent, 250);
	assert_int_equal(engine.dead, 0);
}

static void hours_later_it_is_a_dead_letter(void **state)
{
	(void)state;
	destinations[0].poison_after = 4 * HOUR;
	begin_with(500);
	world.is_bad[3] = true;
	queue("main", 10);
	await_really(&engine.sent, 9);
	for (int i = 0; i < 22; i++) {
		queue("main", 1);
		pass_for(10 * MINUTE);
	}
	assert_int_equal(engine.dead, 0);
	for (int i = 0; i < 16; i++) {
		queue("main", 1);
		pass_for(10 * MINUTE);
	}
	await_really(&engine.dead, 1);
	assert_int_equal(engine.parcels[3].status, 500);
	await_really(&engine.sent, 47);
	assert_in_range(count_by_now(&world.tries[3]), 10, 40);
	assert_int_equal(count_logged("msg=\"message set aside\""), 1);
	assert_int_equal(count_logged("msg=\"message moved to dead letters\""), 1);
	assert_false(is_paused(0));
}

/* Nothing else is accepted: that is no evidence against it. */
static void alone_it_waits_for_evidence(void **state)
{
	(void)state;
	begin_with(503);
	world.is_bad[0] = true;
	queue("main", 1);
	pass_for(HOUR);
	assert_int_equal(engine.set_aside, 0);
	assert_int_equal(engine.dead, 0);
	queue("main", 1);
	await_really(&engine.sent, 1);
	await_set_aside(1);
	assert_false(is_paused(0));
}

/* The message that came meanwhile does not wait for the end of a long pause. */
static void what_comes_behind_it_goes_at_once(void **state)
{
	int64_t began;

	(void)state;
	begin_with(404);
	world.is_bad[0] = true;
	queue("main", 1);
	pass_for(HOUR);
	began = clock_monotonic();
	queue("main", 1);
	await_really(&engine.sent, 1);
	assert_true(clock_monotonic() - began < 30 * SECOND);
}

static void a_long_outage_sets_nothing_aside(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < COUNT_OF(kinds); kind += 2) {
		destinations[0].batches_in_flight = 1;
		destinations[0].poison_after = SECOND;
		begin_with(kinds[kind]);
		queue("main", 100);
		await_really(&engine.sent, 100);
		be_down(true);
		queue("main", 300);
		pass_for(40 * MINUTE);
		queue("main", 50);
		pass_for(20 * MINUTE);
		assert_int_equal(engine.set_aside, 0);
		assert_int_equal(engine.dead, 0);
		assert_in_range(count_by_now(&world.bad), 15, 300);
		be_down(false);
		await_really(&engine.sent, 450);
		assert_sent_once(-1);
		assert_int_equal(engine.set_aside, 0);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

/* With one batch in flight the order is that of the outbox, also after an outage. */
static void an_outage_changes_no_order(void **state)
{
	(void)state;
	destinations[0].batches_in_flight = 1;
	begin_with(500);
	be_down(true);
	queue("main", 300);
	pass_for(2 * SECOND);
	be_down(false);
	await_really(&engine.sent, 300);
	for (int i = 0; i < 300; i++)
		assert_int_equal(world.order[i], i);
}

/* What is set aside in an outage is not a dead letter for the time of the outage. */
static void an_outage_is_no_evidence(void **state)
{
	(void)state;
	destinations[0].poison_after = 2 * HOUR;
	begin_with(500);
	world.is_bad[3] = true;
	queue("main", 10);
	await_set_aside(1);
	be_down(true);
	queue("main", 5);
	pass_for(4 * HOUR);
	assert_int_equal(engine.dead, 0);
	be_good();
	be_down(false);
	await_really(&engine.sent, 15);
	assert_sent_once(-1);
}

/* An alias, and what uses its user. */
static void a_pair_is_parted_in_its_order(void **state)
{
	(void)state;
	begin_with(500);
	store("main", 60);
	engine.parcels[20].with_next = true;
	world.is_bad[20] = true;
	world.leader = 20;
	world.follower = 21;
	sender_queued(sender, "main", 60);
	await_really(&engine.sent, 59);
	assert_false(world.is_torn);
	await_set_aside(1);
	be_good();
	await_really(&engine.sent, 60);
	assert_sent_once(-1);
}

static void hold_engine(bool holds)
{
	(void)pthread_mutex_lock(&engine.lock);
	engine.holding = holds;
	(void)pthread_cond_broadcast(&engine.changed);
	(void)pthread_mutex_unlock(&engine.lock);
}

static bool have_all_others_gone(void)
{
	bool have;

	(void)pthread_mutex_lock(&segment.lock);
	have = world.has_leader_failed_alone;
	for (int i = 0; i < 60; i++)
		have &= segment.accepted[i] > 0 || i == world.leader || i == world.follower;
	(void)pthread_mutex_unlock(&segment.lock);
	return have;
}

static bool is_parted(void)
{
	bool parted;

	(void)pthread_mutex_lock(&segment.lock);
	parted = world.is_parted;
	(void)pthread_mutex_unlock(&segment.lock);
	return parted;
}

/* A kill before the store has what became of the first would send them the other way round. */
static void the_second_of_a_pair_waits_for_the_commit(void **state)
{
	static const int statuses[] = {500, 400};

	for (size_t at = 0; at < COUNT_OF(statuses); at++) {
		int64_t until;
		bool parted;

		begin_with(statuses[at]);
		store("main", 60);
		engine.parcels[20].with_next = true;
		world.is_bad[20] = true;
		world.leader = 20;
		world.follower = 21;
		sender_queued(sender, "main", 60);
		await_visits(1);
		hold_engine(true);
		for (int i = 0; i < 40000 && !have_all_others_gone(); i++)
			(void)usleep(1000);
		until = clock_monotonic() + 200;
		for (int i = 0; i < 40000 && sender_heartbeat(sender) < until; i++)
			(void)usleep(1000);
		parted = is_parted();
		hold_engine(
			false); /* no failure before it: the sender's end waits for the engine */
		assert_true(have_all_others_gone());
		assert_false(parted);
		await_really(&engine.sent, 59);
		assert_true(is_parted());
		/* and again, where it was retried meanwhile */
		assert_int_equal(engine.set_aside > 0, statuses[at] == 500);
		assert_int_equal(engine.dead, statuses[at] == 400);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void a_lonely_pair_is_parted_too(void **state)
{
	(void)state;
	begin_with(403);
	store("main", 2);
	engine.parcels[0].with_next = true;
	world.is_bad[1] = true;
	sender_queued(sender, "main", 2);
	await_really(&engine.sent, 1);
	await_set_aside(1);
}

/* What was accepted after the pair had failed was on its way before: it shows nothing of how things
 * are now, but that the pair is at fault. */
static void a_pair_that_fails_first_stops_no_others(void **state)
{
	(void)state;
	destinations[0].batch_messages = 2;
	begin_with(0);
	store("main", 4);
	engine.parcels[0].with_next = true;
	(void)pthread_mutex_lock(&segment.lock);
	world.is_bad[1] = true;
	world.late = 3;
	(void)pthread_mutex_unlock(&segment.lock);
	sender_queued(sender, "main", 4);
	await_visits(2);
	queue("main", 200);
	await_really(&engine.sent, 203);
	await_set_aside(1);
	assert_in_range(count_by_now(&world.tries[1]), 3, 40);
}

static void a_restart_does_not_begin_again(void **state)
{
	(void)state;
	begin_with(500);
	world.is_bad[5] = true;
	queue("main", 40);
	await_really(&engine.sent, 39);
	pass_for(10 * MINUTE);
	for (int i = 0; i < 5; i++) {
		int before = count_by_now(&world.tries[5]);

		sender_stop(sender, SECOND);
		atomic_store(&stops_at, clock_monotonic());
		engine.states[0].queued = engine.count;
		engine.states[0].sent = engine.sent;
		(void)engine_unclaim(&engine, "main", &(int64_t){0}, NULL);
		start();
		queue("main", 1);
		atomic_store(&stops_at, INT64_MAX);
		await_really(&engine.sent, 40 + i);
		assert_in_range(count_by_now(&world.tries[5]), before, before + 1);
	}
	assert_int_equal(count_logged("msg=\"message set aside\""), 1);
	be_good();
	await_really(&engine.sent, 45);
	assert_sent_once(-1);
}

/* Answers that limit the rate. */
static const struct {
	int status;
	const char *headers;
	int64_t wait; /* that they ask for */
} limits[] = {
	{429, "", 0},
	{429, "Retry-After: 2\r\n", 2 * SECOND},
	{429, "X-RateLimit-Reset: 2\r\n", 2 * SECOND},
	{503, "Retry-After: 2\r\n", 2 * SECOND},
	{529, "", 0},
};

static void begin_with_limit(size_t at)
{
	begin_with(limits[at].status);
	world.headers = limits[at].headers;
}

/* Each answer to `least_messages` or more that asked for a pause was followed by it. With one batch
 * in flight. */
static void assert_obeyed(int64_t wait, int least_messages)
{
	int64_t least = INT64_MAX;

	(void)pthread_mutex_lock(&segment.lock);
	for (int i = 1; i < segment.count; i++) {
		int64_t after = segment.visits[i].at - segment.visits[i - 1].at;

		if (segment.visits[i - 1].status == world.status &&
			segment.visits[i - 1].messages >= least_messages && after < least)
			least = after;
	}
	(void)pthread_mutex_unlock(&segment.lock);
	assert_true(least >= wait);
}

/* A limit that one message alone meets is its own in the end. */
static void a_rate_limit_of_one_message_stops_no_others(void **state)
{
	for (size_t at = 0; at < COUNT_OF(limits); at++) {
		begin_with_limit(at);
		destinations[0].batches_in_flight = 1;
		world.is_bad[5] = true;
		queue("main", 1);
		await_really(&engine.sent, 1);
		queue("main", 150);
		await_really(&engine.sent, 150);
		await_set_aside(1);
		assert_in_range(count_by_now(&world.bad), 10, 60);
		assert_obeyed(limits[at].wait, 2); /* not when it is tried alone */
		assert_int_equal(engine.dead, 0);
		memset(world.is_bad, 0, sizeof(world.is_bad));
		await_really(&engine.sent, 151);
		assert_sent_once(-1);
		assert_int_equal(count_logged("msg=\"message set aside\""), 1);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void a_limited_message_is_a_dead_letter_in_time(void **state)
{
	(void)state;
	destinations[0].poison_after = HOUR;
	begin_with(429);
	world.headers = "Retry-After: 30\r\n";
	world.is_bad[5] = true;
	queue("main", 20);
	await_really(&engine.sent, 19);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(engine.dead, 0);
		queue("main", 1);
		pass_for(5 * MINUTE);
	}
	for (int i = 0; i < 8; i++) {
		queue("main", 1);
		pass_for(5 * MINUTE);
	}
	await_really(&engine.dead, 1);
	assert_int_equal(engine.parcels[5].status, 429);
	await_really(&engine.sent, 37);
	assert_false(is_paused(0));
}

/* Up to seven times the destination is only asked again. */
static void a_rate_limit_is_the_destination_s_at_first(void **state)
{
	for (size_t at = 0; at < COUNT_OF(limits); at++) {
		destinations[0].batches_in_flight = 1;
		begin_with_limit(at);
		be_down(true);
		queue("main", 100);
		for (int i = 0; i < 40000 && count_by_now(&world.bad) < 7; i++)
			(void)usleep(1000);
		be_down(false);
		await_really(&engine.sent, 100);
		for (int i = 0; i < 7; i++)
			assert_int_equal(segment.visits[i].messages, 100);
		assert_obeyed(limits[at].wait, 1);
		assert_int_equal(engine.set_aside, 0);
		assert_sent_once(-1);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void a_rate_limit_of_all_sets_nothing_aside(void **state)
{
	for (size_t at = 0; at < COUNT_OF(limits); at++) {
		int64_t wait = limits[at].wait;

		destinations[0].poison_after = SECOND;
		destinations[0].batches_in_flight = 1;
		begin_with_limit(at);
		queue("main", 100);
		await_really(&engine.sent, 100);
		be_down(true);
		queue("main", 200);
		pass_for(30 * MINUTE);
		for (int i = 0; i < 50; i++) {
			queue("main", 1);
			pass_for(30 * SECOND);
		}
		assert_int_equal(engine.set_aside, 0);
		assert_int_equal(engine.dead, 0);
		assert_in_range(count_by_now(&world.bad), 20, 200);
		be_down(false);
		await_really(&engine.sent, 350);
		assert_obeyed(wait, 1);
		assert_sent_once(-1);
		assert_int_equal(engine.set_aside, 0);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

/* Several of them, set aside, ask for no more requests than one. */
static void what_is_set_aside_obeys_a_rate_limit(void **state)
{
	int before;

	(void)state;
	begin_with(500);
	for (int i = 0; i < 5; i++)
		world.is_bad[10 + i] = true;
	queue("main", 40);
	await_really(&engine.sent, 35);
	for (int i = 0; i < 40 && read_locked(&engine.lock, &engine.set_aside) < 5; i++) {
		queue("main", 1);
		await_really(&engine.sent, 36 + i);
	}
	await_set_aside(5);
	(void)pthread_mutex_lock(&segment.lock);
	world.status = 429;
	world.headers = "Retry-After: 600\r\n";
	before = world.bad;
	(void)pthread_mutex_unlock(&segment.lock);
	pass_for(HOUR);
	assert_in_range(world.bad, before + 1, before + 7);
	assert_int_equal(engine.dead, 0);
	before = engine.sent;
	queue("main", 1);
	await_really(&engine.sent, before + 1);
	assert_false(is_paused(0));
}

/* How long a request may take: shorter for what was never answered, while others are quickly. */
static void a_slow_batch_has_less_time_while_others_pass(void **state)
{
	struct lane lane = {0};
	struct batch batch = {.is_slow = true};
	const size_t body = 80 << 10;
	const long whole = http_time_limit(body);

	(void)state;
	assert_int_equal(time_limit_of(&lane, &batch, body), whole);
	time_limit_record(&lane, 100);
	assert_int_equal(time_limit_of(&lane, &batch, body), 3 * SECOND + 10 * SECOND);
	assert_int_equal(time_limit_of(&lane, &batch, 0), 3 * SECOND);
	batch.is_set_aside = true;
	assert_int_equal(time_limit_of(&lane, &batch, body), whole);
	batch.is_set_aside = batch.is_slow = false;
	assert_int_equal(time_limit_of(&lane, &batch, body), whole);
	batch.is_slow = true;
	time_limit_record(&lane, SECOND);
	assert_int_equal(time_limit_of(&lane, &batch, 0), 8 * SECOND);
	time_limit_record(&lane, 100);
	assert_int_equal(time_limit_of(&lane, &batch, 0), 6 * SECOND);
	time_limit_record(&lane, 2 * SECOND);
	assert_int_equal(time_limit_of(&lane, &batch, body), whole);
	for (int i = 0; i < 40; i++)
		time_limit_record(&lane, 10);
	assert_int_equal(time_limit_of(&lane, &batch, 0), 3 * SECOND);
	(void)atomic_fetch_add(&passed, MINUTE + SECOND);
	assert_int_equal(time_limit_of(&lane, &batch, body), whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_others_arrive),
		TEST(each_batch_may_hold_a_bad_one),
		TEST(half_of_them_may_be_bad),
		TEST(the_first_of_them_may_all_be_bad),
		TEST(hours_later_it_is_a_dead_letter),
		TEST(alone_it_waits_for_evidence),
		TEST(what_comes_behind_it_goes_at_once),
		TEST(a_long_outage_sets_nothing_aside),
		TEST(an_outage_changes_no_order),
		TEST(an_outage_is_no_evidence),
		TEST(a_pair_is_parted_in_its_order),
		TEST(the_second_of_a_pair_waits_for_the_commit),
		TEST(a_lonely_pair_is_parted_too),
		TEST(a_pair_that_fails_first_stops_no_others),
		TEST(a_restart_does_not_begin_again),
		TEST(a_rate_limit_of_one_message_stops_no_others),
		TEST(a_limited_message_is_a_dead_letter_in_time),
		TEST(a_rate_limit_is_the_destination_s_at_first),
		TEST(a_rate_limit_of_all_sets_nothing_aside),
		TEST(what_is_set_aside_obeys_a_rate_limit),
		cmocka_unit_test(a_slow_batch_has_less_time_while_others_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
