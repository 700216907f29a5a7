/* The retention clock: the time that decides when data expires.
 *
 * It follows the wall clock but does not jump. If a machine starts with the year 2036 and its clock
 * is set right a minute later, the deduplication set must not have expired meanwhile: events would
 * be emitted again. So this clock runs at most twice and at least half as fast as the monotonic
 * clock. Within these limits it follows the wall clock. Data that is kept for 90 days is kept for
 * 45 to 180 days in which the relay runs, whatever the clocks do. After a week without running, the
 * clock catches up within another week, and two minutes at each start. */
#include "engine/engine_private.h"

#include "base/clock.h"
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record without a shop, which never expires. */
#define KIND "retention_clock"
#define KEY "time"

enum {
	/* A start catches up so much: a relay that runs for short times only must expire data, too.
	 */
	START_MOST = 2 * MINUTE,
	SAVE_EVERY = MINUTE,
};

static int64_t now_between(int64_t least, int64_t most)
{
	int64_t now = clock_now();

	if (now < least)
		return least;
	return now < most ? now : most;
}

int64_t engine_retention_now(const struct engine *engine)
{
	const struct retention_clock *clock = &engine->retention_clock;
	int64_t passed = clock_monotonic() - clock->at;

	return now_between(clock->time + passed / 2, clock->time + passed * 2);
}

int64_t retention_clock_advance(struct engine *engine)
{
	engine->retention_clock.time = engine_retention_now(engine);
	engine->retention_clock.at = clock_monotonic();
	return engine->retention_clock.time;
}

/* The time at a start. `before` is the stored time of the last run, NULL on the first start. */
static int64_t time_at_start(const char *before)
{
	int64_t time = before != NULL ? strtoll(before, NULL, 10) : clock_now();

	return now_between(time, time + START_MOST);
}

int retention_clock_load(struct engine *engine, struct error *error)
{
	struct arena *arena = arena_create(1024);
	const char *json = NULL;
	const char *time = NULL;
	struct error parse_error;
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	result = store_get_record(engine->store, "", KIND, KEY, arena, &json, error);
	if (result == 0 && json != NULL)
		time = json_text(json_parse(arena, json, strlen(json), &parse_error), KEY);
	/* without memory, the wall clock would be used */
	if (result == 0 && arena_failed(arena))
		result = error_no_memory(error);
	engine->retention_clock.time = time_at_start(time);
	engine->retention_clock.at = clock_monotonic();
	arena_destroy(arena);
	return result;
}

int retention_clock_save(struct engine *engine, struct error *error)
{
	char json[64];

	if (engine->retention_clock.time < engine->retention_clock.saved + SAVE_EVERY)
		return 0;
	(void)snprintf(
		json, sizeof(json), "{\"" KEY "\":%" PRId64 "}", engine->retention_clock.time);
	if (store_put_record(engine->store, "", KIND, KEY, json, INT64_MAX, error) != 0)
		return -1;
	engine->retention_clock.saved = engine->retention_clock.time;
	return 0;
}
