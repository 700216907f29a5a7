/* The time by which things are forgotten: the wall clock's, but it does not jump.
 *
 * A machine that wakes up in 2036 and is set right a minute later must not have forgotten meanwhile
 * what it told: it would tell it again. So this time goes at most twice as fast as time passes by
 * the monotonic clock, and at least half as fast; within these bounds it follows the wall clock.
 * Whatever the clocks do, what is kept for 90 days is kept for 45 at the least and 180 at the most,
 * of those in which the relay runs. After a week in which it was off, it catches up in another; two
 * minutes of it at each start. */
#include "engine/engine_private.h"

#include "base/clock.h"
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record of no shop: it never expires. */
#define KIND "steady"
#define KEY "time"

enum {
	/* What a start may catch up: a relay that never runs until it sweeps again forgets, too. */
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

int64_t engine_steady_now(const struct engine *engine)
{
	const struct steady *steady = &engine->steady;
	int64_t passed = clock_monotonic() - steady->at;

	return now_between(steady->time + passed / 2, steady->time + passed * 2);
}

int64_t steady_go_on(struct engine *engine)
{
	engine->steady.time = engine_steady_now(engine);
	engine->steady.at = clock_monotonic();
	return engine->steady.time;
}

/* The time at a start: `before` is that of the last stop, NULL on the first one. */
static int64_t time_at_start(const char *before)
{
	int64_t time = before != NULL ? strtoll(before, NULL, 10) : clock_now();

	return now_between(time, time + START_MOST);
}

int steady_load(struct engine *engine, struct error *error)
{
	struct arena *arena = arena_create(1024);
	const char *json = NULL;
	const char *time = NULL;
	struct error unreadable;
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	result = store_get_record(engine->store, "", KIND, KEY, arena, &json, error);
	if (result == 0 && json != NULL)
		time = json_text(json_parse(arena, json, strlen(json), &unreadable), KEY);
	/* without memory, the wall clock would be believed */
	if (result == 0 && arena_failed(arena))
		result = error_no_memory(error);
	engine->steady.time = time_at_start(time);
	engine->steady.at = clock_monotonic();
	arena_destroy(arena);
	return result;
}

int steady_save(struct engine *engine, struct error *error)
{
	char json[64];

	if (engine->steady.time < engine->steady.saved + SAVE_EVERY)
		return 0;
	(void)snprintf(json, sizeof(json), "{\"" KEY "\":%" PRId64 "}", engine->steady.time);
	if (store_put_record(engine->store, "", KIND, KEY, json, INT64_MAX, error) != 0)
		return -1;
	engine->steady.saved = engine->steady.time;
	return 0;
}
