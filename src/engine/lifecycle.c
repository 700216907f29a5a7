/* The start and the stop of the daemon's engine, and its watch of the clock. */
#include "engine/lifecycle.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/engine_private.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record without a shop, which exists while the daemon runs. */
#define KIND "running"
#define KEY "serve"
#define STARTED "started"

enum { PREPARE_PAUSE = MINUTE, JUMP = MINUTE };

/* ---- start and end ---- */

/* Marks the store as used by a running daemon. *started is the start of the last run if it ended
 * unclean, otherwise 0. */
static int mark(struct engine *engine, int64_t *started, struct error *error)
{
	struct arena *arena = arena_create(1024);
	const char *before = NULL;
	const char *time;
	char json[64];
	struct error parse_error;
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	result = store_get_record(engine->store, "", KIND, KEY, arena, &before, error);
	if (result == 0 && before != NULL) {
		time = json_text(json_parse(arena, before, strlen(before), &parse_error), STARTED);
		*started = time != NULL ? strtoll(time, NULL, 10) : 1;
	}
	arena_destroy(arena);
	(void)snprintf(json, sizeof(json), "{\"" STARTED "\":%" PRId64 "}", clock_now());
	return result == 0 ? store_put_record(engine->store, "", KIND, KEY, json, INT64_MAX, error)
			   : result;
}

static void log_unclean(int64_t started)
{
	char text[TIME_TEXT];

	time_format(started, text);
	log_line(LOG_WARNING, "unclean stop detected", LOG_STRING("started", text),
		LOG_STRING("reason", "the last run was killed, or the machine stopped"),
		LOG_STRING("effect",
			"no acknowledged webhook is lost; messages in flight are sent again with "
			"the same messageId"),
		LOG_STRING("action", "check the kernel's log and TimeoutStopSec for the cause"));
}

void daemon_prepare(struct engine *engine)
{
	struct daemon_state *daemon = &engine->daemon;
	struct error error = {.text = ""};
	int64_t unclean = 0;
	int result;

	if (!atomic_load(&engine->has_timers) || engine->failed ||
		(daemon->marked && engine->namespaces.valid) ||
		clock_monotonic() < daemon->prepare_at)
		return;
	result = store_begin(engine->store, &error);
	if (result == 0 && !daemon->marked)
		result = mark(engine, &unclean, &error);
	if (result == 0)
		result = namespaces_fix(engine, &error);
	if (result == 0)
		result = store_commit(engine->store, &error);
	if (result != 0) {
		store_rollback(engine->store);
		namespaces_invalidate(&engine->namespaces);
		engine_store_failed(engine, &error);
		daemon->prepare_at = clock_monotonic() + PREPARE_PAUSE; /* sending continues */
		return;
	}
	daemon->marked = true;
	if (unclean > 0)
		log_unclean(unclean);
}

/* On failure, the next start logs an unclean stop. */
void daemon_finish(struct engine *engine)
{
	struct error error;

	if (!engine->daemon.marked || engine->failed)
		return;
	if (store_begin(engine->store, &error) != 0 ||
		store_drop_record(engine->store, "", KIND, KEY, &error) != 0 ||
		store_commit(engine->store, &error) != 0)
		store_rollback(engine->store);
}

/* ---- the wall clock ---- */

void daemon_watch_clock(struct engine *engine)
{
	struct daemon_state *daemon = &engine->daemon;
	int64_t wall = clock_now();
	int64_t monotonic = clock_monotonic();
	int64_t jump = wall - daemon->wall - (monotonic - daemon->monotonic);
	bool is_first = daemon->wall == 0;

	daemon->wall = wall;
	daemon->monotonic = monotonic;
	if (is_first || !atomic_load(&engine->has_timers) || (jump < JUMP && jump > -JUMP))
		return;
	daemon->jumps++;
	log_line(LOG_WARNING, "clock jumped", LOG_NUMBER("seconds", jump / SECOND),
		LOG_STRING("reason", jump > 0 ? "the clock was set forward, or the machine slept"
					      : "the clock was set back"),
		LOG_STRING("effect", "times of events sent meanwhile may be wrong; no data expires "
				     "early"),
		LOG_STRING("action", "synchronise the machine's clock (NTP)"));
}
