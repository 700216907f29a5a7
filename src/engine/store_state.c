/* The state of the store: webhooks are rejected while it fails or has no space, and it is reopened
 * after a failure. */
#include "engine/engine_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdatomic.h>

enum { REOPEN_PAUSE = SECOND };

/* ---- rejecting ---- */

static void set_refusal(struct engine *engine, const struct error *reason)
{
	bool changed;
	bool held;

	if (reason == NULL && !engine->refuses) /* written by this thread only */
		return;
	(void)pthread_mutex_lock(&engine->mutex);
	changed = engine->refuses != (reason != NULL);
	engine->refuses = reason != NULL;
	if (reason != NULL)
		engine->refusal = *reason;
	(void)pthread_mutex_unlock(&engine->mutex);
	held = log_set_buffered(false); /* true even after a rollback */
	if (changed && reason != NULL)
		log_line(LOG_ERROR, "webhook intake suspended", LOG_STRING("reason", reason->text),
			LOG_STRING("effect",
				engine->failed
					? "webhooks are answered 503 and Shopify repeats them for "
					  "4 hours; stored messages are sent after the recovery"
					: "webhooks are answered 503 and Shopify repeats them for "
					  "4 hours; stored messages are sent"),
			LOG_STRING("action",
				engine->failed ? "check the disk; segrelay retries every second"
					       : "make room on the disk or raise max_store; "
						 "segrelay retries every second"));
	else if (changed)
		log_plain(LOG_INFO, "webhook intake resumed");
	(void)log_set_buffered(held);
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

/* ---- a store that failed ---- */

void engine_store_failed(struct engine *engine, const struct error *error)
{
	engine->failed = true;
	engine->reopen_at = clock_monotonic() + REOPEN_PAUSE;
	set_refusal(engine, error);
}

static void report_damage(struct engine *engine, const struct error *error)
{
	log_line(LOG_ERROR, "store damage detected", LOG_STRING("reason", error->text),
		LOG_STRING("effect", "segrelay stops and does not write to the store"),
		LOG_STRING("action", "restore a backup, or try `sqlite3 STORE .recover`; then "
				     "start segrelay"));
	(void)pthread_mutex_lock(&engine->hooks_mutex);
	engine->damaged = true;
	if (engine->hooks.on_damaged != NULL)
		engine->hooks.on_damaged(engine->hooks.context);
	(void)pthread_mutex_unlock(&engine->hooks_mutex);
}

/* Reads the counters again, because those in memory contain changes that were rolled back. */
void engine_reopen_store(struct engine *engine)
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
