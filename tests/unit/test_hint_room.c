/* What a flood of hints can take of the store, in simulated days; and that visitors come through.
 */
#include "unit.h"

#include "base/clock.h"
#include "engine/hint_room.h"

#include <stdlib.h>

#define GIB ((int64_t)1 << 30)
#define SHOP "aurora.myshopify.com"
#define DEFAULT_MAX_STORE (10 * GIB)

enum { PER_SHOP = 6000 /* hints_per_shop */, FLOOD_BODY = 2000, DAYS = 4, MOST = 4000000 };

/* What is stored at a time, as its rows take it on the disk. */
struct stored {
	int64_t at;
	int64_t bytes;
};

struct queue {
	struct stored *items;
	size_t first;
	size_t count;
	int64_t bytes;
	int64_t peak;
};

static void add(struct queue *queue, int64_t at, int64_t bytes)
{
	assert_true(queue->count < MOST);
	queue->items[queue->count++] = (struct stored){at, bytes};
	queue->bytes += bytes;
	if (queue->bytes > queue->peak)
		queue->peak = queue->bytes;
}

static void expire(struct queue *queue, int64_t before)
{
	while (queue->first < queue->count && queue->items[queue->first].at < before)
		queue->bytes -= queue->items[queue->first++].bytes;
}

/* Posts at hints_per_shop for days: the most that the rates let through. */
static void flood(
	struct hint_room *room, size_t body, struct queue *deliveries, struct queue *links)
{
	int64_t step = MINUTE / 100;

	for (int64_t now = 1; now < DAYS * DAY; now += step) {
		expire(deliveries, now - HINT_DELIVERY_TTL);
		expire(links, now - HINT_LINK_TTL);
		for (int i = 0; i < PER_SHOP / 100; i++) {
			if (!hint_room_pay(room, SHOP, DEFAULT_MAX_STORE, body, 1, now))
				break;
			add(deliveries, now, body > 1400 ? 4096 : (int64_t)body + 600);
			add(links, now, ((int64_t)body + 600) * 3 / 2);
		}
	}
}

static void a_flood_takes_less_than_a_twentieth(void **state)
{
	static const size_t bodies[] = {200, 700, FLOOD_BODY};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct hint_room *room = hint_room_create();
		struct queue deliveries = {.items = calloc(MOST, sizeof(struct stored))};
		struct queue links = {.items = calloc(MOST, sizeof(struct stored))};

		assert_non_null(room);
		assert_non_null(deliveries.items);
		assert_non_null(links.items);
		flood(room, bodies[i], &deliveries, &links);
		print_message(
			"bodies of %zu: %lld MiB of deliveries, %lld MiB of links, %.2f %% of "
			"max_store\n",
			bodies[i], (long long)(deliveries.peak >> 20),
			(long long)(links.peak >> 20),
			100.0 * (double)(deliveries.peak + links.peak) / (double)DEFAULT_MAX_STORE);
		assert_true(deliveries.peak + links.peak < DEFAULT_MAX_STORE / 20);
		assert_true(links.peak > DEFAULT_MAX_STORE / 100); /* it was a flood */
		free(deliveries.items);
		free(links.items);
		hint_room_destroy(room);
	}
}

/* While the flood has taken all that there is. */
static void named_carts_come_through(void **state)
{
	struct hint_room *room = hint_room_create();
	int admitted = 0;

	(void)state;
	assert_non_null(room);
	for (int64_t now = 1; now <= DAY; now += SECOND) {
		for (int i = 0; i < 100; i++)
			(void)hint_room_pay(room, SHOP, DEFAULT_MAX_STORE, FLOOD_BODY, 1, now);
		admitted += hint_room_pay(room, SHOP, DEFAULT_MAX_STORE, 700, 0, now);
	}
	assert_int_equal(admitted, DAY / SECOND);
	/* another shop has its own */
	assert_true(hint_room_pay(room, "other.myshopify.com", DEFAULT_MAX_STORE, 700, 1, DAY));
	hint_room_destroy(room);
}

/* A large shop whose webhooks name its carts soon never runs out. */
static void what_is_named_is_given_back(void **state)
{
	enum { A_SECOND = 8 };
	struct hint_room *room = hint_room_create();

	(void)state;
	assert_non_null(room);
	for (int64_t now = 1; now < DAYS * DAY; now += SECOND)
		for (int i = 0; i < A_SECOND; i++) {
			if (!hint_room_pay(room, SHOP, DEFAULT_MAX_STORE, 700, 1, now))
				fail_msg("refused at %lld", (long long)now);
			hint_room_refund(room, SHOP, 700);
		}
	hint_room_refund(room, "unknown.myshopify.com", 700);
	hint_room_destroy(room);
	hint_room_destroy(NULL);
}

static void restarts_do_not_fill_it(void **state)
{
	int64_t taken = 0;

	(void)state;
	for (int restart = 0; restart < 4; restart++) {
		struct hint_room *room = hint_room_create();

		assert_non_null(room);
		while (hint_room_pay(room, SHOP, DEFAULT_MAX_STORE, FLOOD_BODY, 1, 1))
			taken += 4096 + (FLOOD_BODY + 600) * 3 / 2;
		hint_room_destroy(room);
	}
	assert_true(taken < DEFAULT_MAX_STORE / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_takes_less_than_a_twentieth),
		cmocka_unit_test(named_carts_come_through),
		cmocka_unit_test(what_is_named_is_given_back),
		cmocka_unit_test(restarts_do_not_fill_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
