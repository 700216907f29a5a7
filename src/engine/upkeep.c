/* What the engine does between turns: room, reopening, expiry, checkpoints. */
#include "engine/early_expiry.h"
#include "engine/engine_private.h"

#include "base/clock.h"

#include <stdatomic.h>

enum {
	SWEEP_PAUSE = 10 * MINUTE, /* after a round through everything */
	SWEEP_STEP_PAUSE = 50,
	IDLE_WAIT = 500,
};

/* The listener hands no webhook to an engine that refuses, so no turn would notice that there is
 * room again; and who asks for readiness in a quiet hour shall not wait for a webhook to be lost.
 * A verb that looks in takes none. */
static void look_for_room(struct engine *engine)
{
	struct error error;

	if (!engine->failed && (engine->refuses || atomic_load(&engine->has_timers)))
		(void)engine_check_room(engine, &error);
}

/* ---- housekeeping ---- */

static struct retention retention_of(struct engine *engine)
{
	int64_t now = steady_go_on(engine);

	return (struct retention){
		.now = now,
		.deliveries_before = now - engine->config->keep_deliveries,
		.told_before = now - engine->config->keep_told,
		.brief_topic = HINT_TOPIC,
		.brief_before = now - HINT_DELIVERY_TTL,
	};
}

/* A small step of forgetting, in a transaction of its own. */
static void sweep(struct engine *engine)
{
	struct retention retention;
	struct error error;
	bool more = false;

	if (engine->failed || clock_monotonic() < engine->sweep_at)
		return;
	retention = retention_of(engine);
	if (store_begin(engine->store, &error) != 0 ||
		store_sweep(engine->store, &retention, &more, &error) != 0 ||
		steady_save(engine, &error) != 0 || store_commit(engine->store, &error) != 0) {
		store_rollback(engine->store);
		engine_store_failed(engine, &error);
	}
	engine->sweep_at = clock_monotonic() + (more ? SWEEP_STEP_PAUSE : SWEEP_PAUSE);
}

static void tidy(struct engine *engine, bool idle)
{
	struct error error;

	if (!engine->failed && store_tidy(engine->store, idle, &error) != 0)
		engine_store_failed(engine, &error);
}

static void scrub(struct engine *engine)
{
	struct error error;

	if (!engine->scrub || engine->failed)
		return;
	if (store_scrub(engine->store, &error) != 0)
		engine_store_failed(engine, &error);
	else
		engine->scrub = false;
}

int64_t engine_upkeep(struct engine *engine, bool idle)
{
	int64_t step;
	int64_t wait;

	daemon_watch_clock(engine);
	tidy(engine, idle);
	engine_reopen_store(engine);
	look_for_room(engine);
	sweep(engine);
	step = early_expiry_step(engine, idle);
	scrub(engine);
	wait = engine->sweep_at - clock_monotonic();
	if (step < wait)
		wait = step;
	return wait > 0 && wait < IDLE_WAIT && !engine->failed ? wait : IDLE_WAIT;
}
