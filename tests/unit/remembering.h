/* What the tests of the mapping need that look at more than one webhook: each is mapped, and what
 * it taught is kept in memory. */
#ifndef SEGRELAY_TESTS_REMEMBERING_H
#define SEGRELAY_TESTS_REMEMBERING_H

#include "unit.h"

#include "base/clock.h"
#include "commands/map_records.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct given {
	struct config *config;
	struct arena *arena;
	struct map_records memory;
	struct mapped mapped;
	struct error error;
};

static inline int set_up(void **state)
{
	struct given *given = calloc(1, sizeof(*given));

	assert_non_null(given);
	given->config = config_defaults("aurora.myshopify.com");
	given->arena = arena_create(65536);
	*state = given;
	return 0;
}

static inline int tear_down(void **state)
{
	struct given *given = *state;

	map_records_free(&given->memory);
	arena_destroy(given->arena);
	config_release(given->config);
	free(given);
	return 0;
}

static inline struct shop *shop_of(struct given *given)
{
	return &given->config->shops[0];
}

static inline void map(struct given *given, const char *topic, const char *body)
{
	struct record_store memory = map_records_store(&given->memory);
	struct delivery delivery = {.shop = shop_of(given)->domain,
		.topic = topic,
		.received = time_parse("2026-11-23T12:00:00Z")};
	const cJSON *payload = json_parse(given->arena, body, strlen(body), &given->error);

	assert_non_null(payload);
	if (map_delivery(&delivery, payload, shop_of(given), &memory, given->arena, &given->mapped,
		    &given->error) != 0)
		fail_msg("%s", given->error.text);
}

/* Lets the only timer run out; false when there is none. */
static inline bool run_out(struct given *given)
{
	struct record_store memory = map_records_store(&given->memory);
	struct timer timer;

	if (!map_records_take_timer(&given->memory, INT64_MAX, given->arena, &timer))
		return false;
	assert_int_equal(map_timer(&timer, timer.due, shop_of(given), &memory, given->arena,
				 &given->mapped, &given->error),
		0);
	return true;
}

static inline const struct segment_call *last_call(struct given *given)
{
	const struct segment_call *call = given->mapped.calls;

	assert_non_null(call);
	while (call->next != NULL)
		call = call->next;
	return call;
}

static inline int calls(struct given *given)
{
	int count = 0;

	for (const struct segment_call *call = given->mapped.calls; call != NULL; call = call->next)
		count++;
	return count;
}

static inline void assert_last_has(struct given *given, const char *part)
{
	if (strstr(last_call(given)->json, part) == NULL)
		fail_msg("%s\nhas no %s", last_call(given)->json, part);
}

static inline void assert_last_has_not(struct given *given, const char *part)
{
	if (strstr(last_call(given)->json, part) != NULL)
		fail_msg("%s\nhas %s", last_call(given)->json, part);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
