/* What the engine sees to between turns: refusing, reopening, forgetting, checkpoints. */
#include "engine/early_expiry.h"
#include "engine/inside.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdatomic.h>

enum {
	REOPEN_PAUSE = SECOND,
	SWEEP_PAUSE = 10 * MINUTE, /* after a round through everything */
	SWEEP_STEP_PAUSE = 50,
	IDLE_WAIT = 500,
};

/* ---- refusing ---- */

static void set_refusal(struct engine *engine, const struct error *reason)
{
	bool changed;
	bool held;

	if (reason == NULL && !engine->refuses) /* only this thread writes it */
		return;
	(void)pthread_mutex_lock(&engine->mutex);
	changed = engine->refuses != (reason != NULL);
	engine->refuses = reason != NULL;
	if (reason != NULL)
		engine->refusal = *reason;
	(void)pthread_mutex_unlock(&engine->mutex);
	held = log_hold(false); /* no rollback makes it untrue */
	if (changed && reason != NULL)
		log_line(LOG_ERROR, "store refuses new webhooks",
			LOG_STRING("reason", reason->text),
			LOG_STRING("effect",
				"webhooks are answered 503; Shopify repeats them for 4 hours"),
			LOG_STRING("stored", engine->failed ? "kept, and sent when it works again"
							    : "kept, and sent"),
			LOG_STRING("next", "tried again every second"));
	else if (changed)
		log_plain(LOG_INFO, "store takes webhooks again");
	(void)log_hold(held);
}

bool engine_refuses(struct engine *engine, struct error *reason)
{
	bool refuses;

	(void)pthread_mutex_lock(&engine->mutex);
	refuses = engine->refuses;
	if (refuses && reason != NULL)
		*reason = engine->refusal;
	(void)pthread_mutex_unlock(&engine->mutex);
	return refuses;
}

int engine_check_room(struct engine *engine, struct error *error)
{
	const struct store_limits limits = {engine->config->max_store, engine->config->min_free};
	int result = store_room(engine->store, &limits, error);

	set_refusal(engine, result != 0 ? error : NULL);
	return result;
}

/* The listener hands no webhook to an engine that refuses, so no turn would notice that there is
 * room again; and who asks for readiness in a quiet hour shall not wait for a webhook to be lost.
 * A verb that looks in takes none. */
static void look_for_room(struct engine *engine)
{
	struct error error;

	if (!engine->failed && (engine->refuses || atomic_load(&engine->has_timers)))
		(void)engine_check_room(engine, &error);
}

/* ---- a store that failed ---- */

void engine_store_failed(struct engine *engine, const struct error *error)
{
	engine->failed = true;
	engine->reopen_at = clock_monotonic() + REOPEN_PAUSE;
	set_refusal(engine, error);
}

static void report_damage(struct engine *engine, const struct error *error)
{
	log_line(LOG_ERROR, "store is damaged", LOG_STRING("reason", error->text),
		LOG_STRING("effect", "segrelay stops; nothing is overwritten"),
		LOG_STRING("next", "restore a backup, or try `sqlite3 STORE .recover`; then start "
				   "segrelay"));
	(void)pthread_mutex_lock(&engine->hooks_mutex);
	engine->damaged = true;
	if (engine->hooks.on_damaged != NULL)
		engine->hooks.on_damaged(engine->hooks.context);
	(void)pthread_mutex_unlock(&engine->hooks_mutex);
}

/* The counters in memory hold what was rolled back: they are read again. */
static void try_to_reopen(struct engine *engine)
{
	struct error error = {.text = "no memory"};
	bool damaged = false;

	if (!engine->failed || engine->damaged || clock_monotonic() < engine->reopen_at)
		return;
	engine->reopen_at = clock_monotonic() + REOPEN_PAUSE;
	if (store_reopen(engine->store, &damaged, &error) == 0 &&
		counters_load(&engine->counters, engine->store, &error) == 0) {
		engine->failed = false;
	} else if (damaged) {
		report_damage(engine, &error);
	} else {
		set_refusal(engine, &error);
	}
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
	try_to_reopen(engine);
	look_for_room(engine);
	sweep(engine);
	step = early_expiry_step(engine, idle);
	scrub(engine);
	wait = engine->sweep_at - clock_monotonic();
	if (step < wait)
		wait = step;
	return wait > 0 && wait < IDLE_WAIT && !engine->failed ? wait : IDLE_WAIT;
}
