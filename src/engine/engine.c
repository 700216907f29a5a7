/* The thread that owns the store. Each turn is one transaction. */
#include "engine/early_expiry.h"
#include "engine/engine_private.h"
#include "engine/isolation.h"
#include "engine/timers.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Before the first expiry, which may fail on a full disk. */
enum { START_PAUSE = 5 * SECOND };
/* Bytes that suffice to parse and map most webhooks. */
enum { ARENA = 256 * 1024 };

/* ---- turns ---- */

static void finish(struct task *tasks, int result, const struct error *error)
{
	while (tasks != NULL) {
		struct task *next = tasks->next; /* `done` may free it */

		tasks->done(tasks, result, error);
		tasks = next;
	}
}

/* Calls `announce_one` for each destination, with the hooks' mutex held. */
static void announce(
	struct engine *engine, void (*announce_one)(const struct engine_hooks *hooks,
				       const char *name, const struct destination_mark *mark))
{
	(void)pthread_mutex_lock(&engine->hooks_mutex);
	for (size_t i = 0; i < engine->counters.destination_count; i++)
		announce_one(&engine->hooks, engine->counters.destinations[i].name,
			&engine->counters.destination_marks[i]);
	(void)pthread_mutex_unlock(&engine->hooks_mutex);
}

static void announce_removed(
	const struct engine_hooks *hooks, const char *name, const struct destination_mark *mark)
{
	if (mark->removed && hooks->on_removed != NULL)
		hooks->on_removed(hooks->queued_context, name);
}

static void announce_queued(
	const struct engine_hooks *hooks, const char *name, const struct destination_mark *mark)
{
	if (mark->queued > 0 && hooks->on_queued != NULL)
		hooks->on_queued(hooks->queued_context, name, mark->queued);
}

static int run_all(struct engine *engine, struct task *tasks, struct error *error)
{
	for (; tasks != NULL; tasks = tasks->next)
		if (tasks->run(engine, tasks, error) != 0)
			return -1;
	if (timers_due(engine) && timers_run(engine, error) != 0)
		return -1;
	if (early_expiry_run(engine, false, error) != 0)
		return -1;
	return counters_save(&engine->counters, engine->store, error);
}

static void turn(struct engine *engine, struct task *tasks)
{
	struct error error = {.text = "the store failed"};
	bool is_ended = false; /* COMMIT was called: even if it failed, the data may be on disk */
	int result = -1;

	if (engine->failed) {
		(void)engine_refuses(engine, &error);
		finish(tasks, -1, &error);
		return;
	}
	counters_begin(&engine->counters);
	(void)log_set_buffered(true); /* a rollback also discards the turn's log lines */
	if (store_begin(engine->store, &error) == 0) {
		result = run_all(engine, tasks, &error);
		progress_clear(&engine->progress);
		is_ended = result == 0;
		if (is_ended)
			result = store_commit(engine->store, &error);
		if (result != 0)
			store_rollback(engine->store);
	}
	early_expiry_done(engine, result == 0);
	log_end_buffering(result == 0);
	if (result != 0) {
		namespaces_invalidate(&engine->namespaces);
		engine->timer_at = 0; /* timers were rolled back, too */
		isolation_record_failure(engine, &error);
		engine_store_failed(engine, &error);
	}
	/* A claim of this turn may contain messages that the turn removed: on_removed must come
	 * before its result. An empty claim was made before the turn queued messages: on_queued
	 * must come after its result. */
	if (is_ended)
		announce(engine, announce_removed);
	finish(tasks, result, &error);
	if (is_ended)
		announce(engine, announce_queued);
}

static void *run(void *context)
{
	struct engine *engine = context;
	struct task *tasks = NULL;
	int64_t wait = 0;

	while (engine_next_tasks(engine, wait, &tasks)) {
		int64_t pause;

		atomic_store(&engine->heartbeat, clock_monotonic());
		daemon_prepare(engine);
		if (tasks != NULL || timers_due(engine))
			turn(engine, tasks);
		/* A turn without tasks has time for a checkpoint. */
		pause = engine_upkeep(engine, tasks == NULL);
		wait = tasks != NULL ? 0 : timers_left(engine, pause);
	}
	daemon_prepare(engine); /* for a daemon that is stopped at once */
	daemon_finish(engine);
	return NULL;
}

/* ---- the thread ---- */

static int make_condition(struct engine *engine)
{
	pthread_condattr_t attributes;
	int result = pthread_condattr_init(&attributes);

	if (result != 0)
		return result;
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	result = pthread_cond_init(&engine->arrived, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	return result;
}

static void free_engine(struct engine *engine)
{
	free(engine->pending_drops);
	progress_close(&engine->progress);
	counters_free(&engine->counters);
	namespaces_free(&engine->namespaces);
	text_free(&engine->message);
	arena_destroy(engine->arena);
	hint_room_destroy(engine->hint_room);
	config_release(engine->config);
	config_release(engine->next_config);
	free(engine);
}

int engine_start(
	struct store *store, struct config *config, struct engine **engine, struct error *error)
{
	struct engine *made = calloc(1, sizeof(*made));
	int result;

	if (made == NULL)
		return error_no_memory(error);
	made->store = store;
	made->config = config_share(config);
	made->last = &made->first;
	progress_open(&made->progress, store);
	made->wipe_pending = true; /* a crash may have happened before the last wipe */
	made->expire_at = clock_monotonic() + START_PAUSE;
	atomic_store(&made->heartbeat, clock_monotonic());
	made->arena = arena_create(ARENA);
	made->hint_room = hint_room_create();
	if (made->arena == NULL || made->hint_room == NULL) {
		(void)error_no_memory(error);
		goto failed;
	}
	if (counters_load(&made->counters, store, error) != 0 ||
		retention_clock_load(made, error) != 0)
		goto failed;
	result = pthread_mutex_init(&made->mutex, NULL);
	if (result == 0)
		result = pthread_mutex_init(&made->hooks_mutex, NULL);
	if (result == 0)
		result = make_condition(made);
	if (result == 0)
		result = pthread_create(&made->thread, NULL, run, made);
	if (result != 0) {
		(void)error_set(error, "cannot start the engine's thread: %s", strerror(result));
		goto failed;
	}
	*engine = made;
	return 0;
failed:
	free_engine(made);
	return -1;
}

void engine_set_hooks(struct engine *engine, const struct engine_hooks *hooks)
{
	(void)pthread_mutex_lock(&engine->hooks_mutex);
	engine->hooks = *hooks;
	if (engine->damaged && hooks->on_damaged != NULL)
		hooks->on_damaged(hooks->context);
	(void)pthread_mutex_unlock(&engine->hooks_mutex);
	atomic_store(&engine->has_timers, true);
	(void)pthread_mutex_lock(&engine->mutex);
	engine->is_awake = true; /* for daemon_prepare */
	(void)pthread_cond_signal(&engine->arrived);
	(void)pthread_mutex_unlock(&engine->mutex);
}

void engine_reload(struct engine *engine, struct config *config)
{
	(void)pthread_mutex_lock(&engine->mutex);
	config_release(engine->next_config);
	engine->next_config = config_share(config);
	(void)pthread_cond_signal(&engine->arrived);
	(void)pthread_mutex_unlock(&engine->mutex);
}

void engine_stop(struct engine *engine)
{
	if (engine == NULL)
		return;
	(void)pthread_mutex_lock(&engine->mutex);
	engine->stopping = true;
	(void)pthread_cond_signal(&engine->arrived);
	(void)pthread_mutex_unlock(&engine->mutex);
	(void)pthread_join(engine->thread, NULL);
	(void)pthread_cond_destroy(&engine->arrived);
	(void)pthread_mutex_destroy(&engine->mutex);
	(void)pthread_mutex_destroy(&engine->hooks_mutex);
	free_engine(engine);
}

int64_t engine_heartbeat(const struct engine *engine)
{
	return atomic_load(&engine->heartbeat);
}
