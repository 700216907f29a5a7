/* The engine's work between turns: checks of space, reopening, expiry, checkpoints. */
#include "engine/early_expiry.h"
#include "engine/engine_private.h"

#include "base/clock.h"

#include <stdatomic.h>

enum {
	EXPIRE_PAUSE = 10 * MINUTE, /* after all expired data was deleted */
	EXPIRE_STEP_PAUSE = 50,
	IDLE_WAIT = 500,
};

/* While webhooks are rejected, no turn notices that there is space again. And readiness must be
 * correct in an hour without webhooks. A command that opens the store accepts no webhooks. */
static void check_room(struct engine *engine)
{
	struct error error;

	if (!engine->failed && (engine->refuses || atomic_load(&engine->has_timers)))
		(void)engine_check_room(engine, &error);
}

/* ---- housekeeping ---- */

static struct retention retention_of(struct engine *engine)
{
	int64_t now = retention_clock_advance(engine);

	return (struct retention){
		.now = now,
		.deliveries_before = now - engine->config->keep_deliveries,
		.emitted_before = now - engine->config->keep_emitted,
		.brief_topic = HINT_TOPIC,
		.brief_before = now - HINT_DELIVERY_TTL,
	};
}

/* Deletes some expired data, in its own transaction. */
static void expire(struct engine *engine)
{
	struct retention retention;
	struct error error;
	bool more = false;

	if (engine->failed || clock_monotonic() < engine->expire_at)
		return;
	retention = retention_of(engine);
	if (store_begin(engine->store, &error) != 0 ||
		store_expire(engine->store, &retention, &more, &error) != 0 ||
		retention_clock_save(engine, &error) != 0 ||
		store_commit(engine->store, &error) != 0) {
		store_rollback(engine->store);
		engine_store_failed(engine, &error);
	}
	engine->expire_at = clock_monotonic() + (more ? EXPIRE_STEP_PAUSE : EXPIRE_PAUSE);
}

static void checkpoint(struct engine *engine, bool idle)
{
	struct error error;

	if (!engine->failed &&
		store_housekeeping(engine->store, idle ? STORE_IDLE : STORE_BUSY, &error) != 0)
		engine_store_failed(engine, &error);
}

static void wipe(struct engine *engine)
{
	struct error error;

	if (!engine->wipe_pending || engine->failed)
		return;
	if (store_housekeeping(engine->store, STORE_WIPE, &error) != 0)
		engine_store_failed(engine, &error);
	else
		engine->wipe_pending = false;
}

int64_t engine_upkeep(struct engine *engine, bool idle)
{
	int64_t step;
	int64_t wait;

	daemon_watch_clock(engine);
	checkpoint(engine, idle);
	engine_reopen_store(engine);
	check_room(engine);
	expire(engine);
	step = early_expiry_step(engine, idle);
	wipe(engine);
	wait = engine->expire_at - clock_monotonic();
	if (step < wait)
		wait = step;
	return wait > 0 && wait < IDLE_WAIT && !engine->failed ? wait : IDLE_WAIT;
}
