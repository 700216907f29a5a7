/* The sender when Segment refuses: the culprit is found, a fault of the configuration buries
 * nothing. */
#include "sending.h"

static void refuse_poison(struct visit *visit)
{
	if (strstr(visit->body, "\"n\":37}") == NULL)
		return;
	visit->status = 400;
	visit->answer = "{\"success\":false,\"message\":\"bad revenue\"}";
}

static void splits_down_to_the_culprit(void **state)
{
	(void)state;
	keep_log();
	behave(refuse_poison);
	start();
	queue("main", 250);
	await_sent(249);
	await_dead(1);
	assert_sent_once(37);
	assert_int_equal(engine.parcels[37].status, 400);
	assert_string_equal(
		engine.parcels[37].reason, "{\"success\":false,\"message\":\"bad revenue\"}");
	assert_false(is_paused(0));
	/* 3 batches, and twice 7 halves of one of 100. */
	assert_in_range(segment.count, 3 + 12, 3 + 14);
	for (int i = 0; i < segment.count; i++)
		assert_int_equal(segment.visits[i].retry, 0);
	assert_logged("paused", false);
	sender_stop(sender, SECOND);
	sender = NULL;
	assert_logged("<4>level=warning msg=\"message moved to dead letters\" "
		      "destination=main event=\"Order Completed\" "
		      "messageId=00000000-0000-0000-0000-000000000000 status=400 answer=",
		true);
	assert_logged("action=\"segrelay dead show 1037\"", true);
}

static void echo_the_key(struct visit *visit)
{
	visit->status = 413;
	visit->answer = "refused: " KEY " and again " KEY;
}

static void hides_the_write_key(void **state)
{
	(void)state;
	keep_log();
	behave(echo_the_key);
	start();
	queue("main", 1);
	await_dead(1);
	sender_stop(sender, SECOND);
	sender = NULL;
	assert_string_equal(engine.parcels[0].reason,
		"refused: ******************************** and again "
		"********************************");
	assert_logged(KEY, false);
}

static void refuse_main_key(struct visit *visit)
{
	if (!visit->other) {
		visit->status = 401;
		visit->answer = "who are you?";
		visit->headers = "Retry-After: 0\r\n";
	}
}

static void a_refused_key_holds_all_until_the_reload(void **state)
{
	static char key[] = OTHER_KEY;
	struct destination changed = destinations[0];
	struct config next = {.destinations = &changed, .destination_count = 1, .references = 1};

	(void)state;
	keep_log();
	changed.write_key = key;
	behave(refuse_main_key);
	start();
	queue("main", 30);
	await_paused(0, true);
	queue("main", 300);
	(void)usleep(300000);
	assert_int_equal(visits(), 1);
	assert_in_range(state_of(0).paused_until - clock_now(), 290 * SECOND, 300 * SECOND);
	assert_logged("<3>level=error msg=\"delivery paused\" destination=main", true);
	assert_logged("the destination refuses the write key or url", true);
	sender_reload(sender, &next);
	await_sent(330);
	assert_sent_once(-1);
	assert_int_equal(engine.dead, 0);
	sender_stop(sender, SECOND);
	sender = NULL;
	assert_int_equal(next.references, 1);
}

static void refuse_main_key_late(struct visit *visit)
{
	if (!visit->other) {
		visit->status = 401;
		visit->delay = 300;
	}
}

/* Sends so many messages, and changes the key while they are in flight. */
static void change_the_key_in_flight(void (*as)(struct visit *visit), int count)
{
	static char key[] = OTHER_KEY;
	struct destination changed = destinations[0];
	struct config next = {.destinations = &changed, .destination_count = 1, .references = 1};

	changed.write_key = key;
	behave(as);
	start();
	queue("main", count);
	await_visits(1);
	sender_reload(sender, &next);
	await_sent(count);
	assert_sent_once(-1);
	assert_false(is_paused(0));
	sender_stop(sender, SECOND);
	sender = NULL;
}

/* The answer to the old key says nothing of the new one. */
static void a_key_that_is_refused_after_the_reload_holds_nothing(void **state)
{
	(void)state;
	change_the_key_in_flight(refuse_main_key_late, 3);
}

static void refuse_main_late(struct visit *visit)
{
	if (!visit->other) {
		visit->status = 400;
		visit->delay = 300;
	}
}

/* The reload may have mended what the message was refused for. */
static void a_message_that_is_refused_after_the_reload_is_sent_again(void **state)
{
	(void)state;
	change_the_key_in_flight(refuse_main_late, 1);
	assert_int_equal(engine.dead, 0);
}

static void a_restart_ends_a_hold(void **state)
{
	(void)state;
	store("main", 3);
	engine.states[0].failures = 1;
	engine.states[0].paused_until = clock_now() + 5 * MINUTE;
	(void)snprintf(engine.states[0].reason, sizeof(engine.states[0].reason), "401 no");
	start();
	await_sent(3);
}

static void not_found(struct visit *visit)
{
	visit->status = 404;
	visit->answer = "<html>no such page</html>";
}

static void a_wrong_url_buries_nothing(void **state)
{
	(void)state;
	keep_log();
	behave(not_found);
	start();
	queue("main", 200);
	await_paused(0, true);
	(void)usleep(100000);
	assert_int_equal(read_locked(&engine.lock, &engine.dead), 0);
	assert_in_range(visits(), 1, 2);
}

static void refuse_all(struct visit *visit)
{
	visit->status = 400;
	visit->answer = "The plain HTTP request was sent to HTTPS port";
}

/* A hundred dead letters without one acceptance in between: no message is to blame. */
static void refusing_everything_is_a_hold(void **state)
{
	(void)state;
	keep_log();
	behave(refuse_all);
	start();
	queue("main", 400);
	await_dead(100);
	await_paused(0, true);
	(void)usleep(200000);
	assert_in_range(read_locked(&engine.lock, &engine.dead), 100, 103);
	behave(accept_all);
	sender_reload(sender, &config);
	await_sent(400 - read_locked(&engine.lock, &engine.dead));
	await_paused(0, false);
}

/* A reload may have mended what the messages before it were refused for. */
static void a_reload_counts_refusals_anew(void **state)
{
	(void)state;
	behave(refuse_all);
	start();
	for (int reloads = 1; reloads <= 3; reloads++) {
		sender_reload(sender, &config);
		queue("main", 99);
		await_dead(reloads * 99);
	}
	assert_false(is_paused(0));
	queue("main", 1);
	await_paused(0, true);
	assert_int_equal(read_locked(&engine.lock, &engine.dead), 3 * 99 + 1);
}

static void note_even(int number, void *context)
{
	if (number % 2 == 0)
		*(bool *)context = true;
}

static void refuse_even(struct visit *visit)
{
	bool refused = false;

	each_number(visit->body, note_even, &refused);
	if (refused)
		visit->status = 400;
}

static void refusals_among_acceptances_are_no_hold(void **state)
{
	(void)state;
	behave(refuse_even);
	start();
	queue("main", 240);
	await_sent(120);
	await_dead(120);
	assert_false(is_paused(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(splits_down_to_the_culprit),
		TEST(hides_the_write_key),
		TEST(a_refused_key_holds_all_until_the_reload),
		TEST(a_key_that_is_refused_after_the_reload_holds_nothing),
		TEST(a_message_that_is_refused_after_the_reload_is_sent_again),
		TEST(a_restart_ends_a_hold),
		TEST(a_wrong_url_buries_nothing),
		TEST(refusing_everything_is_a_hold),
		TEST(a_reload_counts_refusals_anew),
		TEST(refusals_among_acceptances_are_no_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
