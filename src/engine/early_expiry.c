/* Early expiry: near the limits of the store or its disk, the oldest deliveries whose messages were
 * all sent are deleted before webhooks are rejected. */
#include "engine/early_expiry.h"

#include "base/clock.h"
#include "engine/engine_private.h"

#include <stdatomic.h>

enum { LINE_PAUSE = HOUR, STEP_PAUSE = 50, LOOK_PAUSE = SECOND };

static struct store_limits limits_of(const struct engine *engine)
{
	return (struct store_limits){engine->config->max_store, engine->config->min_free};
}

/* Logs the deliveries that expired since the last line, at most once an hour. */
static void log_expired(struct engine *engine, const struct early_expiry *done)
{
	struct expired *expired = &engine->expired;
	int64_t suppressed;

	expired->unlogged += (int64_t)done->count;
	expired->unlogged_bytes += done->bytes;
	if (!log_allow(&expired->lines, LINE_PAUSE, &suppressed))
		return;
	log_line(LOG_WARNING, "deliveries expired early",
		LOG_NUMBER("deliveries", expired->unlogged),
		LOG_NUMBER("bytes", expired->unlogged_bytes),
		LOG_NUMBER("age_seconds", (clock_now() - done->received) / SECOND),
		LOG_STRING("reason", done->of_disk ? "the store's disk is near min_free"
						   : "the store is near max_store"),
		LOG_STRING("effect",
			"their bodies are deleted before keep_deliveries; all their messages were "
			"sent"),
		LOG_STRING("action", done->of_disk
					     ? "make room on the disk, or lower keep_deliveries"
					     : "raise max_store, or lower keep_deliveries"),
		LOG_NUMBER("suppressed", suppressed));
	expired->unlogged = 0;
	expired->unlogged_bytes = 0;
}

int early_expiry_run(struct engine *engine, bool idle, struct error *error)
{
	struct store_limits limits = limits_of(engine);

	return store_expire_early(engine->store, &limits, idle, &engine->expired.last, error);
}

void early_expiry_done(struct engine *engine, bool is_committed)
{
	struct expired *expired = &engine->expired;

	if (is_committed && expired->last.count > 0) {
		expired->count += (int64_t)expired->last.count;
		expired->bytes += expired->last.bytes;
		log_expired(engine, &expired->last);
	}
	expired->last = (struct early_expiry){.count = 0};
}

int64_t early_expiry_step(struct engine *engine, bool idle)
{
	struct error error;
	int64_t shortage;
	int result;

	if (engine->failed || !atomic_load(&engine->has_timers) || (!idle && !engine->refuses))
		return INT64_MAX;
	if (clock_monotonic() < engine->expired.step_at)
		return engine->expired.step_at - clock_monotonic();
	if (store_begin(engine->store, &error) != 0) {
		engine_store_failed(engine, &error);
		return INT64_MAX;
	}
	result = early_expiry_run(engine, true, &error);
	if (result == 0)
		result = store_commit(engine->store, &error);
	shortage = engine->expired.last.shortage;
	early_expiry_done(engine, result == 0);
	if (result != 0) {
		store_rollback(engine->store);
		engine_store_failed(engine, &error);
		return INT64_MAX;
	}
	engine->expired.step_at = clock_monotonic() + (shortage > 0 ? STEP_PAUSE : LOOK_PAUSE);
	return engine->expired.step_at - clock_monotonic();
}
