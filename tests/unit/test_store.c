/* The store's contract: what any engine of it must do. */
#include "storing.h"

/* ---- deliveries ---- */

static void a_delivery_comes_back_as_it_was(void **state)
{
	struct given *given = *state;
	struct delivery delivery = a_delivery("orders/create", 7);
	struct delivery read;
	bool flag;

	delivery.body = "a\0b";
	delivery.body_length = 3;
	delivery.test = true;
	begin(given);
	assert_int_equal(store_add_delivery(given->store, &delivery, &flag, &given->error), 0);
	commit(given);
	assert_false(flag);
	assert_true(delivery.id > 0);
	reopen(given);
	assert_int_equal(store_get_delivery(given->store, delivery.id, given->arena, &read, &flag,
				 &given->error),
		0);
	assert_true(flag);
	assert_int_equal(read.body_length, 3);
	assert_memory_equal(read.body, "a\0b", 3);
	assert_string_equal(read.webhook_id, "w-1");
	assert_null(read.event_id);
	assert_true(read.test);
	assert_int_equal(read.received, 1000);
	assert_memory_equal(read.fingerprint, delivery.fingerprint, SHA256_SIZE);
	assert_int_equal(
		store_get_delivery(given->store, 999, given->arena, &read, &flag, &given->error),
		0);
	assert_false(flag);
}

static void a_repetition_is_known_by_shop_topic_and_body(void **state)
{
	struct given *given = *state;
	struct delivery first = a_delivery("orders/create", 1);
	struct delivery same = a_delivery("orders/create", 1);
	struct delivery topic = a_delivery("orders/paid", 1);
	struct delivery body = a_delivery("orders/create", 2);
	struct delivery shop = a_delivery("orders/create", 1);
	bool repeated;

	same.webhook_id = "another";
	shop.shop = "b.myshopify.com";
	begin(given);
	(void)store_add_delivery(given->store, &first, &repeated, &given->error);
	(void)store_add_delivery(given->store, &same, &repeated, &given->error);
	assert_true(repeated);
	(void)store_add_delivery(given->store, &topic, &repeated, &given->error);
	assert_false(repeated);
	(void)store_add_delivery(given->store, &body, &repeated, &given->error);
	assert_false(repeated);
	(void)store_add_delivery(given->store, &shop, &repeated, &given->error);
	assert_false(repeated);
	commit(given);
}

/* ---- emitted ids ---- */

static void an_emitted_id_stays_emitted(void **state)
{
	struct given *given = *state;
	struct uuid id = {{1, 2, 3}};
	bool fresh;

	begin(given);
	assert_int_equal(store_mark_emitted(given->store, &id, 1, &fresh, &given->error), 0);
	assert_true(fresh);
	commit(given);
	reopen(given);
	begin(given);
	assert_int_equal(store_mark_emitted(given->store, &id, 2, &fresh, &given->error), 0);
	assert_false(fresh);
	commit(given);
}

static void a_rolled_back_id_is_not_emitted(void **state)
{
	struct given *given = *state;
	struct uuid id = {{9}};
	struct message *messages;
	bool fresh;

	begin(given);
	(void)store_mark_emitted(given->store, &id, 1, &fresh, &given->error);
	(void)queue(given, "new", 10, false);
	store_rollback(given->store);
	begin(given);
	(void)store_mark_emitted(given->store, &id, 1, &fresh, &given->error);
	assert_true(fresh);
	assert_int_equal(claim(given, "new", 10, 1000, &messages), 0);
	(void)queue(given, "new", 10, false);
	assert_int_equal(claim(given, "new", 10, 1000, &messages), 1);
	commit(given);
}

/* ---- the outbox ---- */

static void messages_are_claimed_once_in_order(void **state)
{
	struct given *given = *state;
	struct message *messages;
	int64_t ids[3];

	begin(given);
	for (size_t i = 0; i < 3; i++)
		ids[i] = queue(given, "main", 10, false);
	(void)queue(given, "other", 10, false);
	assert_int_equal(claim(given, "main", 2, 1000, &messages), 2);
	assert_int_equal(messages[0].id, ids[0]);
	assert_int_equal(messages[1].id, ids[1]);
	assert_string_equal(messages[0].event, "Order Completed");
	assert_int_equal(messages[0].json_length, 10);
	assert_int_equal(claim(given, "main", 2, 1000, &messages), 1);
	assert_int_equal(messages[0].id, ids[2]);
	assert_int_equal(claim(given, "main", 2, 1000, &messages), 0);
	commit(given);
	store_unclaim(given->store, "main");
	begin(given);
	assert_int_equal(claim(given, "main", 9, 1000, &messages), 3);
	commit(given);
}

static void any_number_of_destinations_has_an_outbox(void **state)
{
	struct given *given = *state;
	struct message *messages;
	char name[32];

	begin(given);
	for (int i = 0; i < 600; i++) {
		(void)snprintf(name, sizeof(name), "shop-%d", i);
		(void)queue(given, name, 10, false);
	}
	commit(given);
	for (int i = 0; i < 600; i++) {
		(void)snprintf(name, sizeof(name), "shop-%d", i);
		assert_int_equal(claim(given, name, 10, 1000, &messages), 1);
		assert_string_equal(messages[0].destination, name);
		assert_int_equal(claim(given, name, 10, 1000, &messages), 0);
	}
}

static void a_claim_keeps_to_its_bytes_but_takes_one(void **state)
{
	struct given *given = *state;
	struct message *messages;

	begin(given);
	(void)queue(given, "main", 3000, false);
	(void)queue(given, "main", 100, false);
	(void)queue(given, "main", 100, false);
	assert_int_equal(claim(given, "main", 10, 50, &messages), 1);
	assert_int_equal(messages[0].json_length, 3000);
	assert_int_equal(claim(given, "main", 10, 202, &messages), 2);
	commit(given);
}

static void an_identify_goes_with_its_event(void **state)
{
	struct given *given = *state;
	struct message *messages;

	begin(given);
	(void)queue(given, "main", 10, false);
	(void)queue(given, "main", 10, true);
	(void)queue(given, "main", 10, false);
	assert_int_equal(claim(given, "main", 2, 1000, &messages), 1);
	assert_int_equal(claim(given, "main", 2, 1000, &messages), 2);
	assert_true(messages[0].with_next);
	commit(given);
}

static void a_claim_that_is_rolled_back_is_none(void **state)
{
	struct given *given = *state;
	struct message *messages;

	begin(given);
	(void)queue(given, "main", 10, false);
	commit(given);
	begin(given);
	assert_int_equal(claim(given, "main", 5, 1000, &messages), 1);
	store_rollback(given->store);
	begin(given);
	assert_int_equal(claim(given, "main", 5, 1000, &messages), 1);
	commit(given);
}

static void letting_go_outlives_a_rollback(void **state)
{
	struct given *given = *state;
	struct message *messages;

	begin(given);
	(void)queue(given, "main", 10, false);
	assert_int_equal(claim(given, "main", 5, 1000, &messages), 1);
	commit(given);
	begin(given);
	store_unclaim(given->store, "main");
	store_rollback(given->store);
	begin(given);
	assert_int_equal(claim(given, "main", 5, 1000, &messages), 1);
	commit(given);
}

static void claims_outlive_reopening(void **state)
{
	struct given *given = *state;
	struct message *messages;
	bool damaged;

	begin(given);
	(void)queue(given, "main", 10, false);
	assert_int_equal(claim(given, "main", 5, 1000, &messages), 1);
	commit(given);
	assert_int_equal(store_reopen(given->store, &damaged, &given->error), 0);
	begin(given);
	assert_int_equal(claim(given, "main", 5, 1000, &messages), 0);
	commit(given);
}

static bool is_claimed(struct given *given, int64_t id)
{
	struct outbox_entry entry;
	bool found;

	assert_int_equal(
		store_get_message(given->store, id, given->arena, &entry, &found, &given->error),
		0);
	assert_true(found);
	return entry.claimed;
}

/* It is claimed only while it is tried alone, though others behind it were claimed. */
static void what_is_set_aside_is_claimed_alone(void **state)
{
	struct given *given = *state;
	struct set_aside set_aside = {.attempts = 1, .not_before = 100, .reason = "no"};
	struct message *messages;
	struct message message;
	int64_t next;
	bool found;

	begin(given);
	set_aside.message = queue(given, "main", 10, false);
	(void)queue(given, "main", 10, false);
	assert_false(is_claimed(given, set_aside.message));
	assert_int_equal(claim(given, "main", 5, 1000, &messages), 2);
	assert_true(is_claimed(given, set_aside.message));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_set_aside(given->store, &set_aside, &given->error), 0);
		assert_false(is_claimed(given, set_aside.message));
		assert_true(is_claimed(given, set_aside.message + 1));
		assert_int_equal(store_claim_set_aside(given->store, "main", 200, given->arena,
					 &message, &found, &next, &given->error),
			0);
		assert_true(found);
		assert_true(is_claimed(given, set_aside.message));
	}
	store_unclaim(given->store, "main");
	assert_false(is_claimed(given, set_aside.message));
	commit(given);
}

static void sent_messages_are_gone_and_ids_never_come_back(void **state)
{
	struct given *given = *state;
	int64_t first;
	int64_t second;
	int64_t oldest;
	size_t removed;

	begin(given);
	first = queue(given, "main", 10, false);
	assert_int_equal(store_oldest(given->store, "main", &oldest, &given->error), 0);
	assert_int_equal(oldest, 5000);
	assert_int_equal(store_sent(given->store, &first, 1, &removed, &given->error), 0);
	assert_int_equal(removed, 1);
	assert_int_equal(store_sent(given->store, &first, 1, &removed, &given->error), 0);
	assert_int_equal(removed, 0);
	assert_int_equal(store_oldest(given->store, "main", &oldest, &given->error), 0);
	assert_int_equal(oldest, 0);
	commit(given);
	reopen(given);
	begin(given);
	second = queue(given, "main", 10, false);
	assert_true(second > first);
	commit(given);
}

/* ---- dead letters ---- */

static int count_letters(void *context, const struct dead_letter *letter)
{
	size_t *count = context;

	assert_string_equal(letter->shop, "a.myshopify.com");
	++*count;
	return 0;
}

static size_t dead_count(struct given *given)
{
	size_t count = 0;

	assert_int_equal(
		store_dead_letter_each(given->store, 0, 100, count_letters, &count, &given->error),
		0);
	return count;
}

static void a_refused_message_is_set_aside_and_can_be_sent_again(void **state)
{
	struct given *given = *state;
	struct dead_letter letter;
	struct message *messages;
	int64_t dead;
	bool found;

	begin(given);
	assert_int_equal(store_dead_letter_add(given->store, queue(given, "main", 10, false), 77,
				 400, "no userId", &dead, &given->error),
		0);
	assert_int_equal(claim(given, "main", 5, 1000, &messages), 0);
	assert_int_equal(store_dead_letter_get(
				 given->store, dead, given->arena, &letter, &found, &given->error),
		0);
	assert_true(found);
	assert_string_equal(letter.destination, "main");
	assert_string_equal(letter.reason, "no userId");
	assert_int_equal(letter.status, 400);
	assert_int_equal(letter.json_length, 10);
	assert_int_equal(store_dead_letter_requeue(given->store, dead, 99, &given->error), 0);
	assert_int_equal(dead_count(given), 0);
	assert_int_equal(claim(given, "main", 5, 1000, &messages), 1);
	assert_int_equal(
		store_dead_letter_add(given->store, 999, 77, 400, "x", &dead, &given->error), 0);
	assert_int_equal(dead, 0);
	commit(given);
}

static void a_delivery_that_cannot_be_mapped_is_set_aside_with_its_body(void **state)
{
	struct given *given = *state;
	struct delivery delivery = a_delivery("orders/create", 3);
	struct dead_letter letter;
	int64_t dead;
	bool flag;

	begin(given);
	(void)store_add_delivery(given->store, &delivery, &flag, &given->error);
	assert_int_equal(store_dead_letter_add_delivery(
				 given->store, delivery.id, 5, "not JSON", &dead, &given->error),
		0);
	assert_int_equal(store_dead_letter_get(
				 given->store, dead, given->arena, &letter, &flag, &given->error),
		0);
	assert_null(letter.destination);
	assert_string_equal(letter.topic, "orders/create");
	assert_string_equal(letter.json, "{\"id\":1}");
	assert_int_equal(store_dead_letter_drop(given->store, dead, &given->error), 0);
	assert_int_equal(dead_count(given), 0);
	commit(given);
}

/* ---- records and timers ---- */

static void records_are_kept_by_shop_kind_and_key(void **state)
{
	struct given *given = *state;
	const char *json;

	begin(given);
	(void)store_put_record(given->store, "a", "order", "1", "{\"x\":1}", 9, &given->error);
	(void)store_put_record(given->store, "a", "order", "1", "{\"x\":2}", 9, &given->error);
	commit(given);
	reopen(given);
	(void)store_get_record(given->store, "a", "order", "1", given->arena, &json, &given->error);
	assert_string_equal(json, "{\"x\":2}");
	(void)store_get_record(given->store, "b", "order", "1", given->arena, &json, &given->error);
	assert_null(json);
	(void)store_get_record(given->store, "a", "cart", "1", given->arena, &json, &given->error);
	assert_null(json);
}

static void a_dropped_record_is_gone(void **state)
{
	struct given *given = *state;
	const char *json;

	begin(given);
	(void)store_put_record(given->store, "a", "order", "1", "{}", 9, &given->error);
	(void)store_put_record(given->store, "a", "order", "2", "{}", 9, &given->error);
	assert_int_equal(store_drop_record(given->store, "a", "order", "1", &given->error), 0);
	assert_int_equal(store_drop_record(given->store, "a", "order", "3", &given->error), 0);
	commit(given);
	(void)store_get_record(given->store, "a", "order", "1", given->arena, &json, &given->error);
	assert_null(json);
	(void)store_get_record(given->store, "a", "order", "2", given->arena, &json, &given->error);
	assert_string_equal(json, "{}");
}

struct seen {
	char text[256];
	int most;
};

static int see_record(void *context, const struct record *record)
{
	struct seen *seen = context;
	size_t length = strlen(seen->text);

	(void)snprintf(seen->text + length, sizeof(seen->text) - length, "%s/%s=%s ", record->kind,
		record->key, record->json);
	return --seen->most == 0;
}

static void records_of_a_shop_are_seen_in_order(void **state)
{
	struct given *given = *state;
	struct seen seen = {.most = 9};

	begin(given);
	(void)store_put_record(given->store, "a", "order", "2", "{}", 9, &given->error);
	(void)store_put_record(given->store, "a", "cart", "9", "[]", 9, &given->error);
	(void)store_put_record(given->store, "a", "order", "1", "{}", 9, &given->error);
	(void)store_put_record(given->store, "b", "order", "1", "{}", 9, &given->error);
	commit(given);
	assert_int_equal(
		store_each_record(given->store, "a", "", "", 9, see_record, &seen, &given->error),
		0);
	assert_string_equal(seen.text, "cart/9=[] order/1={} order/2={} ");
	seen = (struct seen){.most = 9};
	(void)store_each_record(
		given->store, "a", "order", "1", 9, see_record, &seen, &given->error);
	assert_string_equal(seen.text, "order/2={} ");
	seen = (struct seen){.most = 9};
	(void)store_each_record(given->store, "a", "", "", 1, see_record, &seen, &given->error);
	assert_string_equal(seen.text, "cart/9=[] ");
	seen = (struct seen){.most = 2};
	(void)store_each_record(given->store, "a", "", "", 9, see_record, &seen, &given->error);
	assert_string_equal(seen.text, "cart/9=[] order/1={} ");
}

static int see_row(void *context, const struct stored_row *row)
{
	struct seen *seen = context;
	size_t length = strlen(seen->text);

	(void)snprintf(seen->text + length, sizeof(seen->text) - length, "%d:%s:%s:%.*s ",
		(int)row->id, row->destination != NULL ? row->destination : "-",
		row->topic != NULL ? row->topic : "-", (int)(row->length < 9 ? row->length : 9),
		row->json != NULL ? row->json : "");
	return --seen->most == 0;
}

static const char *rows(struct given *given, struct seen *seen, enum store_table table)
{
	int64_t first;
	int64_t last;

	*seen = (struct seen){.most = 9};
	assert_int_equal(store_row_range(given->store, table, 0, &first, &last, &given->error), 0);
	assert_int_equal(store_each_row(given->store, table, "a.myshopify.com", first, last,
				 see_row, seen, &given->error),
		0);
	return seen->text;
}

static void rows_of_a_shop_are_seen_and_dropped(void **state)
{
	struct given *given = *state;
	struct delivery mine = a_delivery("orders/create", 1);
	struct delivery other = a_delivery("orders/create", 2);
	struct seen seen;
	int64_t dead;
	bool repeated;

	assert_string_equal(rows(given, &seen, STORE_DELIVERIES), "");
	other.shop = "b.myshopify.com";
	begin(given);
	(void)store_add_delivery(given->store, &mine, &repeated, &given->error);
	(void)store_add_delivery(given->store, &other, &repeated, &given->error);
	(void)store_dead_letter_add_delivery(given->store, mine.id, 7, "why", &dead, &given->error);
	(void)queue(given, "main", 5, false);
	(void)store_dead_letter_add(
		given->store, queue(given, "main", 6, false), 7, 400, "why", &dead, &given->error);
	commit(given);
	assert_string_equal(rows(given, &seen, STORE_DELIVERIES), "1:-:orders/create:{\"id\":1} ");
	assert_string_equal(rows(given, &seen, STORE_MESSAGES), "1:main:-:xxxxx ");
	assert_string_equal(
		rows(given, &seen, STORE_DEAD), "1:-:orders/create:{\"id\":1} 2:main:-:xxxxxx ");
	begin(given);
	assert_int_equal(store_drop_row(given->store, STORE_DELIVERIES, mine.id, &given->error), 0);
	assert_int_equal(store_drop_row(given->store, STORE_MESSAGES, 1, &given->error), 0);
	commit(given);
	assert_string_equal(rows(given, &seen, STORE_DELIVERIES), "");
	assert_string_equal(rows(given, &seen, STORE_MESSAGES), "");
	assert_string_equal(rows(given, &seen, STORE_DEAD), "2:main:-:xxxxxx ");
	begin(given);
	assert_int_equal(store_drop_row(given->store, STORE_DEAD, 2, &given->error), 0);
	commit(given);
	assert_string_equal(rows(given, &seen, STORE_DEAD), "");
	assert_int_equal(store_housekeeping(given->store, STORE_WIPE, &given->error), 0);
}

/* What is asked in every step of a walk through a large table must not go through it. */
static void the_next_row_is_found_behind_a_gap(void **state)
{
	struct given *given = *state;
	int64_t first;
	int64_t last;
	int64_t id = 0;

	begin(given);
	for (int i = 0; i < 5; i++)
		id = queue(given, "main", 5, false);
	for (int i = 2; i < 5; i++)
		assert_int_equal(store_drop_row(given->store, STORE_MESSAGES, i, &given->error), 0);
	commit(given);
	assert_int_equal(
		store_row_range(given->store, STORE_MESSAGES, 1, &first, &last, &given->error), 0);
	assert_int_equal(first, 5);
	assert_int_equal(last, id);
	assert_int_equal(
		store_row_range(given->store, STORE_MESSAGES, 5, &first, &last, &given->error), 0);
	assert_int_equal(first, 0);
	assert_int_equal(
		store_row_range(given->store, STORE_DEAD, 0, &first, &last, &given->error), 0);
	assert_int_equal(first, 0);
	assert_int_equal(last, 0);
}

static void timers_come_due_in_order(void **state)
{
	struct given *given = *state;
	struct timer late = {.due = 300, .shop = "a", .kind = "cart", .key = "1"};
	struct timer early = {.due = 200, .shop = "a", .kind = "cart", .key = "2"};
	struct timer due;
	int64_t count;
	int64_t next;
	bool found;

	begin(given);
	(void)store_due_timer(given->store, 1000, given->arena, &due, &found, &next, &given->error);
	assert_false(found);
	assert_int_equal(next, INT64_MAX);
	(void)store_set_timer(given->store, &late, &given->error);
	(void)store_set_timer(given->store, &early, &given->error);
	late.due = 100;
	(void)store_set_timer(given->store, &late, &given->error);
	assert_int_equal(store_count_timers(given->store, &count, &given->error), 0);
	assert_int_equal(count, 2);
	(void)store_due_timer(given->store, 150, given->arena, &due, &found, &next, &given->error);
	assert_true(found);
	assert_string_equal(due.key, "1");
	(void)store_drop_timer(given->store, &due, &given->error);
	(void)store_due_timer(given->store, 150, given->arena, &due, &found, &next, &given->error);
	assert_false(found);
	assert_int_equal(next, 200);
	commit(given);
}

/* What stands too far ahead is not left behind by what is due earlier, again and again. */
static void a_timer_too_far_ahead_is_due(void **state)
{
	struct given *given = *state;
	struct timer timer = {
		.due = 150 + STORE_TIMER_MOST, .shop = "a", .kind = "cart", .key = "1"};
	struct timer due;
	int64_t next;
	bool found;

	begin(given);
	(void)store_set_timer(given->store, &timer, &given->error);
	(void)store_due_timer(given->store, 150, given->arena, &due, &found, &next, &given->error);
	assert_false(found);
	assert_int_equal(next, timer.due);
	timer.key = "2";
	timer.due = 100;
	(void)store_set_timer(given->store, &timer, &given->error);
	(void)store_due_timer(given->store, 149, given->arena, &due, &found, &next, &given->error);
	assert_true(found);
	assert_string_equal(due.key, "1");
	assert_false(store_is_due(INT64_MAX, 0));
	commit(given);
}

static void lost_timers_are_those_without_a_record(void **state)
{
	struct given *given = *state;
	const struct timer timers[] = {{100, "a", "cart", "kept"}, {100, "a", "cart", "lost"},
		{100, "a", "wait", "kept"}, {100, "b", "cart", "lost"}};
	int64_t count;

	begin(given);
	for (size_t i = 0; i < COUNT_OF(timers); i++)
		assert_int_equal(store_set_timer(given->store, &timers[i], &given->error), 0);
	assert_int_equal(
		store_put_record(given->store, "a", "cart", "kept", "{}", 1000, &given->error), 0);
	assert_int_equal(store_drop_lost_timers(given->store, "a", &given->error), 0);
	assert_int_equal(store_count_timers(given->store, &count, &given->error), 0);
	assert_int_equal(count, 2);
	assert_int_equal(store_drop_lost_timers(given->store, "b", &given->error), 0);
	assert_int_equal(store_count_timers(given->store, &count, &given->error), 0);
	assert_int_equal(count, 1);
	commit(given);
}

/* ---- counters ---- */

static void counters_survive(void **state)
{
	struct given *given = *state;
	char shop[] = "a";
	char topic[] = "orders/create";
	char name[] = "main";
	struct topic_state state_in = {.shop = shop, .topic = topic, .received = 3, .mapped = 2};
	struct destination_state pause = {.name = name,
		.queued = 5,
		.paused_until = 12345,
		.failures = 2,
		.reason = "503 busy"};
	struct topic_state *topics;
	struct destination_state *destinations;
	size_t count;

	begin(given);
	(void)store_save_topic(given->store, &state_in, &given->error);
	(void)store_save_destination(given->store, &pause, &given->error);
	commit(given);
	reopen(given);
	assert_int_equal(store_topics(given->store, &topics, &count, &given->error), 0);
	assert_int_equal(count, 1);
	assert_int_equal(topics[0].received, 3);
	assert_int_equal(topics[0].mapped, 2);
	store_free_topics(topics, count);
	assert_int_equal(store_destinations(given->store, &destinations, &count, &given->error), 0);
	assert_int_equal(count, 1);
	assert_int_equal(destinations[0].queued, 5);
	assert_int_equal(destinations[0].paused_until, 12345);
	assert_string_equal(destinations[0].reason, "503 busy");
	store_free_destinations(destinations, count);
}

/* ---- forgetting ---- */

static void expire_old(struct given *given, const struct retention *retention)
{
	bool more = true;

	for (int i = 0; i < 100 && more; i++) {
		begin(given);
		assert_int_equal(store_expire(given->store, retention, &more, &given->error), 0);
		commit(given);
	}
	assert_false(more);
}

static void what_is_old_is_forgotten_and_the_rest_is_not(void **state)
{
	struct given *given = *state;
	struct retention retention = {
		.now = 5000, .deliveries_before = 2000, .emitted_before = 3000};
	struct delivery deliveries[200];
	struct uuid ids[1200];
	struct delivery read;
	const char *json;
	char key[16];
	int64_t dead;
	bool flag;

	begin(given);
	for (size_t i = 0; i < COUNT_OF(deliveries); i++) {
		deliveries[i] = a_delivery("orders/create", (unsigned char)i);
		deliveries[i].stored = i < 150 ? 1000 : 3000;
		(void)store_add_delivery(given->store, &deliveries[i], &flag, &given->error);
	}
	(void)store_dead_letter_add_delivery(
		given->store, deliveries[10].id, 1, "kept", &dead, &given->error);
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		memset(&ids[i], 1, sizeof(ids[i]));
		ids[i].bytes[0] = (unsigned char)(i >> 8);
		ids[i].bytes[1] = (unsigned char)i;
		(void)store_mark_emitted(
			given->store, &ids[i], i % 2 == 0 ? 2999 : 3000, &flag, &given->error);
		(void)snprintf(key, sizeof(key), "a\nb%zu", i);
		(void)store_put_record(given->store, "a", "order", key, "{}",
			i % 2 == 0 ? 4999 : 5001, &given->error);
	}
	commit(given);
	expire_old(given, &retention);
	for (size_t i = 0; i < COUNT_OF(deliveries); i++) {
		(void)store_get_delivery(
			given->store, deliveries[i].id, given->arena, &read, &flag, &given->error);
		assert_int_equal(flag, i >= 150 || i == 10);
	}
	begin(given);
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		(void)store_mark_emitted(given->store, &ids[i], 1, &flag, &given->error);
		assert_int_equal(flag, i % 2 == 0);
		(void)snprintf(key, sizeof(key), "a\nb%zu", i);
		(void)store_get_record(
			given->store, "a", "order", key, given->arena, &json, &given->error);
		assert_int_equal(json == NULL, i % 2 == 0);
	}
	commit(given);
}

/* Hints go after an hour, though they lie between webhooks that stay for a week. */
static void a_topic_may_be_kept_shorter(void **state)
{
	struct given *given = *state;
	struct retention retention = {.now = 9000, .brief_topic = "storefront/hint"};
	struct delivery deliveries[900];
	struct delivery read;
	int64_t dead;
	bool flag;

	begin(given);
	for (size_t i = 0; i < COUNT_OF(deliveries); i++) {
		deliveries[i] = a_delivery(
			i % 3 == 0 ? "orders/create" : "storefront/hint", (unsigned char)i);
		deliveries[i].fingerprint[1] = (unsigned char)(i >> 8);
		deliveries[i].stored = i < 700 ? 5999 : 6000;
		(void)store_add_delivery(given->store, &deliveries[i], &flag, &given->error);
	}
	(void)store_dead_letter_add_delivery(
		given->store, deliveries[10].id, 1, "kept", &dead, &given->error);
	commit(given);
	for (int round = 0; round < 2; round++) { /* the second goes on where the first ended */
		retention.brief_before = 6000 + round;
		expire_old(given, &retention);
		for (size_t i = 0; i < COUNT_OF(deliveries); i++) {
			(void)store_get_delivery(given->store, deliveries[i].id, given->arena,
				&read, &flag, &given->error);
			assert_int_equal(flag, i % 3 == 0 || i == 10 || (i >= 700 && round == 0));
		}
	}
}

/* ---- room ---- */

static void room_is_checked_against_both_limits(void **state)
{
	struct given *given = *state;
	struct store_limits limits = {.max_store = 1, .min_free = 0};
	int64_t bytes;
	int64_t free_bytes;

	assert_int_equal(store_room(given->store, &limits, &given->error), -1);
	assert_non_null(strstr(given->error.text, "max_store"));
	reopen(given);
	limits = (struct store_limits){.max_store = INT64_MAX, .min_free = INT64_MAX};
	assert_int_equal(store_room(given->store, &limits, &given->error), -1);
	assert_non_null(strstr(given->error.text, "min_free"));
	reopen(given);
	limits.min_free = 0;
	assert_int_equal(store_room(given->store, &limits, &given->error), 0);
	assert_int_equal(store_size(given->store, &bytes, &free_bytes, &given->error), 0);
	assert_true(bytes > 0 && free_bytes > 0);
}

/* ---- early expiry ---- */

enum { KEPT = 200, KEPT_BYTES = 20000 };

/* Stores deliveries with large bodies; every `each`-th has a message that waits. */
static void store_many(struct given *given, int64_t ids[KEPT], int64_t messages[KEPT], int each)
{
	char *body = calloc(1, KEPT_BYTES);
	bool repeated;

	begin(given);
	for (int i = 0; i < KEPT; i++) {
		struct delivery delivery = a_delivery("orders/create", 0);

		memcpy(delivery.fingerprint, &i, sizeof(i));
		delivery.body = body;
		delivery.body_length = KEPT_BYTES;
		assert_int_equal(
			store_add_delivery(given->store, &delivery, &repeated, &given->error), 0);
		ids[i] = delivery.id;
		messages[i] = 0;
		if (i % each == 0) {
			struct message message = {.destination = "main",
				.shop = "a",
				.event = "identify",
				.delivery = delivery.id,
				.json = "{}",
				.json_length = 2};

			assert_int_equal(store_queue(given->store, &message, &given->error), 0);
			messages[i] = message.id;
		}
	}
	commit(given);
	free(body);
}

static bool is_kept(struct given *given, int64_t id)
{
	struct delivery read;
	bool found;

	assert_int_equal(
		store_get_delivery(given->store, id, given->arena, &read, &found, &given->error),
		0);
	arena_clear(given->arena);
	return found;
}

/* All that early expiry finds under a limit; how many deliveries that are. */
static size_t expire_all(struct given *given, const struct store_limits *limits)
{
	struct early_expiry done = {.shortage = 1};
	size_t count = 0;

	while (done.shortage > 0) {
		begin(given);
		assert_int_equal(
			store_expire_early(given->store, limits, true, &done, &given->error), 0);
		commit(given);
		count += done.count;
	}
	return count;
}

static void only_what_is_acknowledged_expires_early(void **state)
{
	struct given *given = *state;
	const struct store_limits limits = {.max_store = 1};
	int64_t ids[KEPT];
	int64_t messages[KEPT];
	int64_t dead;
	size_t removed;

	store_many(given, ids, messages, 3);
	begin(given);
	assert_int_equal(
		store_dead_letter_add_delivery(given->store, ids[1], 1, "r", &dead, &given->error),
		0);
	assert_int_equal(
		store_dead_letter_add(given->store, messages[3], 1, 400, "r", &dead, &given->error),
		0);
	commit(given);
	assert_int_equal(store_room(given->store, &limits, &given->error), 0);
	assert_int_equal(expire_all(given, &limits), KEPT - (KEPT + 2) / 3 - 1);
	for (int i = 0; i < KEPT; i++)
		assert_int_equal(is_kept(given, ids[i]), i % 3 == 0 || i == 1);
	reopen(given);
	assert_int_equal(expire_all(given, &limits), 0);
	assert_int_equal(store_room(given->store, &limits, &given->error), -1);
	/* What is acknowledged later expires then, wherever the walk is. */
	begin(given);
	assert_int_equal(store_sent(given->store, &messages[99], 1, &removed, &given->error), 0);
	assert_int_equal(store_sent(given->store, &messages[6], 1, &removed, &given->error), 0);
	assert_int_equal(store_dead_letter_drop(given->store, dead, &given->error), 0);
	assert_int_equal(
		store_drop_row(given->store, STORE_MESSAGES, messages[150], &given->error), 0);
	commit(given);
	assert_int_equal(expire_all(given, &limits), 4);
	assert_false(is_kept(given, ids[3]) || is_kept(given, ids[6]) || is_kept(given, ids[99]) ||
		     is_kept(given, ids[150]));
}

static void early_expiry_ends_where_there_is_room(void **state)
{
	struct given *given = *state;
	struct store_limits limits = {.max_store = INT64_MAX / 4};
	int64_t ids[KEPT];
	int64_t messages[KEPT];
	int64_t bytes;
	int64_t free_bytes;
	int first = 0;

	store_many(given, ids, messages, KEPT);
	assert_int_equal(expire_all(given, &limits), 0);
	assert_int_equal(store_housekeeping(given->store, STORE_IDLE, &given->error), 0);
	assert_int_equal(store_size(given->store, &bytes, &free_bytes, &given->error), 0);
	limits.max_store = bytes;
	assert_true(expire_all(given, &limits) < KEPT / 5);
	/* the oldest go first, but for the one that waits */
	assert_true(is_kept(given, ids[0]));
	while (++first < KEPT && !is_kept(given, ids[first]))
		;
	assert_true(first > 10 && first < KEPT / 5);
	for (int i = first; i < KEPT; i++)
		assert_true(is_kept(given, ids[i]));
}

static void what_was_rolled_back_expires_later(void **state)
{
	struct given *given = *state;
	const struct store_limits limits = {.max_store = 1};
	struct early_expiry done;
	int64_t ids[KEPT];
	int64_t messages[KEPT];

	store_many(given, ids, messages, KEPT);
	begin(given);
	assert_int_equal(store_expire_early(given->store, &limits, true, &done, &given->error), 0);
	assert_true(done.count > 0);
	store_rollback(given->store);
	assert_true(is_kept(given, ids[1]));
	assert_int_equal(expire_all(given, &limits), KEPT - 1);
}

static void an_unknown_url_is_named(void **state)
{
	struct given *given = *state;
	struct store *store;

	assert_int_equal(store_open("mysql:x", &store, NULL, &given->error), -1);
	assert_non_null(strstr(given->error.text, "write sqlite:PATH"));
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct storing stores[] = {{"sqlite:", "/test.db"}};
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_delivery_comes_back_as_it_was),
		STORE_TEST(a_repetition_is_known_by_shop_topic_and_body),
		STORE_TEST(an_emitted_id_stays_emitted),
		STORE_TEST(a_rolled_back_id_is_not_emitted),
		STORE_TEST(messages_are_claimed_once_in_order),
		STORE_TEST(any_number_of_destinations_has_an_outbox),
		STORE_TEST(a_claim_keeps_to_its_bytes_but_takes_one),
		STORE_TEST(an_identify_goes_with_its_event),
		STORE_TEST(a_claim_that_is_rolled_back_is_none),
		STORE_TEST(letting_go_outlives_a_rollback),
		STORE_TEST(claims_outlive_reopening),
		STORE_TEST(sent_messages_are_gone_and_ids_never_come_back),
		STORE_TEST(what_is_set_aside_is_claimed_alone),
		STORE_TEST(a_refused_message_is_set_aside_and_can_be_sent_again),
		STORE_TEST(a_delivery_that_cannot_be_mapped_is_set_aside_with_its_body),
		STORE_TEST(records_are_kept_by_shop_kind_and_key),
		STORE_TEST(a_dropped_record_is_gone),
		STORE_TEST(records_of_a_shop_are_seen_in_order),
		STORE_TEST(rows_of_a_shop_are_seen_and_dropped),
		STORE_TEST(the_next_row_is_found_behind_a_gap),
		STORE_TEST(timers_come_due_in_order),
		STORE_TEST(a_timer_too_far_ahead_is_due),
		STORE_TEST(lost_timers_are_those_without_a_record),
		STORE_TEST(counters_survive),
		STORE_TEST(what_is_old_is_forgotten_and_the_rest_is_not),
		STORE_TEST(a_topic_may_be_kept_shorter),
		STORE_TEST(room_is_checked_against_both_limits),
		STORE_TEST(only_what_is_acknowledged_expires_early),
		STORE_TEST(early_expiry_ends_where_there_is_room),
		STORE_TEST(what_was_rolled_back_expires_later),
		STORE_TEST(an_unknown_url_is_named),
	};
	int failed = 0;

	for (size_t i = 0; i < COUNT_OF(stores); i++) {
		storing = stores[i];
		failed += cmocka_run_group_tests(tests, NULL, NULL);
	}
	return failed;
}
