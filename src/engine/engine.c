/* The one thread that owns the store: every turn is a transaction. */
#include "engine/inside.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	REQUESTS_A_TURN = 512, /* bounds the time that the first of them waits for the commit */
	REOPEN_PAUSE = SECOND,
	SWEEP_PAUSE = 30 * SECOND, /* when nothing more is to be forgotten */
	SWEEP_STEP_PAUSE = 50,     /* while there is more */
	IDLE_WAIT = 500,
};

/* ---- the mailbox ---- */

void engine_submit(struct engine *engine, struct request *request)
{
	request->next = NULL;
	(void)pthread_mutex_lock(&engine->mutex);
	*engine->last = request;
	engine->last = &request->next;
	(void)pthread_cond_signal(&engine->arrived);
	(void)pthread_mutex_unlock(&engine->mutex);
}

static struct timespec in_ms(int64_t ms)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += ms / SECOND;
	time.tv_nsec += (ms % SECOND) * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_sec++;
		time.tv_nsec -= 1000000000;
	}
	return time;
}

/* Takes what waits, waiting up to `ms` for something to come. False when it is time to end. */
static bool take_requests(struct engine *engine, int64_t ms, struct request **requests)
{
	struct timespec end = in_ms(ms);
	struct request *last = NULL;
	bool goes_on;

	(void)pthread_mutex_lock(&engine->mutex);
	while (ms > 0 && engine->first == NULL && !engine->stopping &&
		pthread_cond_timedwait(&engine->arrived, &engine->mutex, &end) != ETIMEDOUT)
		;
	*requests = engine->first;
	for (int i = 0; i < REQUESTS_A_TURN && engine->first != NULL; i++) {
		last = engine->first;
		engine->first = last->next;
	}
	if (last != NULL)
		last->next = NULL;
	if (engine->first == NULL)
		engine->last = &engine->first;
	if (engine->next_config != NULL) {
		config_release(engine->config);
		engine->config = engine->next_config;
		engine->next_config = NULL;
	}
	goes_on = *requests != NULL || !engine->stopping;
	(void)pthread_mutex_unlock(&engine->mutex);
	return goes_on;
}

/* ---- refusing ---- */

void engine_set_refusal(struct engine *engine, const struct error *reason)
{
	bool changed;

	if (reason == NULL && !engine->refuses)
		return; /* only this thread writes it */
	(void)pthread_mutex_lock(&engine->mutex);
	changed = engine->refuses != (reason != NULL);
	engine->refuses = reason != NULL;
	if (reason != NULL)
		engine->refusal = *reason;
	(void)pthread_mutex_unlock(&engine->mutex);
	if (changed && reason != NULL)
		log_line(LOG_ERROR, "store refuses new webhooks",
			LOG_STRING("reason", reason->text),
			LOG_STRING("effect",
				"webhooks are answered 503; Shopify repeats them for 4 "
				"hours; what is stored is kept and sent"),
			LOG_STRING("next", "tried again every second"));
	else if (changed)
		log_plain(LOG_INFO, "store takes webhooks again");
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

/* ---- turns ---- */

static void finish(struct request *requests, int result, const struct error *error)
{
	while (requests != NULL) {
		struct request *next = requests->next; /* `done` may free it */

		requests->done(requests, result, error);
		requests = next;
	}
}

static void announce_queued(struct engine *engine)
{
	struct engine_hooks hooks;

	(void)pthread_mutex_lock(&engine->mutex);
	hooks = engine->hooks;
	(void)pthread_mutex_unlock(&engine->mutex);
	for (size_t i = 0; hooks.on_queued != NULL && i < engine->counters.destination_count; i++) {
		int64_t fresh = engine->counters.destination_marks[i].fresh;

		if (fresh > 0)
			hooks.on_queued(
				hooks.queued_context, engine->counters.destinations[i].name, fresh);
	}
}

static int run_all(struct engine *engine, struct request *requests, struct error *error)
{
	for (; requests != NULL; requests = requests->next)
		if (requests->run(engine, requests, error) != 0)
			return -1;
	return counters_save(&engine->counters, engine->store, error);
}

/* After a failure the store is in doubt until it was reopened. */
static void store_failed(struct engine *engine, const struct error *error)
{
	engine->failed = true;
	engine->reopen_at = clock_monotonic() + REOPEN_PAUSE;
	engine_set_refusal(engine, error);
}

static void turn(struct engine *engine, struct request *requests)
{
	struct error error = {"the store failed"};
	int result = -1;

	if (engine->failed) {
		(void)engine_refuses(engine, &error);
		finish(requests, -1, &error);
		return;
	}
	counters_begin(&engine->counters);
	if (store_begin(engine->store, &error) == 0) {
		result = run_all(engine, requests, &error);
		if (result == 0)
			result = store_commit(engine->store, &error);
		if (result != 0)
			store_rollback(engine->store);
	}
	if (result != 0)
		store_failed(engine, &error);
	finish(requests, result, &error);
	if (result == 0)
		announce_queued(engine);
}

/* ---- between turns ---- */

static void report_damage(struct engine *engine, const struct error *error)
{
	struct engine_hooks hooks;

	engine->damaged = true;
	log_line(LOG_ERROR, "store is damaged", LOG_STRING("reason", error->text),
		LOG_STRING("next", "segrelay stops; nothing is overwritten"));
	(void)pthread_mutex_lock(&engine->mutex);
	hooks = engine->hooks;
	(void)pthread_mutex_unlock(&engine->mutex);
	if (hooks.on_damaged != NULL)
		hooks.on_damaged(hooks.context);
}

static void try_to_reopen(struct engine *engine)
{
	struct error error = {"no memory"};
	bool damaged = false;

	if (!engine->failed || engine->damaged || clock_monotonic() < engine->reopen_at)
		return;
	engine->reopen_at = clock_monotonic() + REOPEN_PAUSE;
	if (store_reopen(engine->store, &damaged, &error) == 0 &&
		counters_load(&engine->counters, engine->store, &error) == 0) {
		engine->failed = false;
		engine_set_refusal(engine, NULL);
	} else if (damaged) {
		report_damage(engine, &error);
	} else {
		engine_set_refusal(engine, &error);
	}
}

/* A small step of forgetting, in a transaction of its own. */
static void sweep(struct engine *engine)
{
	struct retention retention = {
		.now = clock_now(),
		.deliveries_before = clock_now() - engine->config->keep_deliveries,
		.told_before = clock_now() - engine->config->keep_told,
	};
	struct error error;
	bool more = false;

	if (engine->failed || clock_monotonic() < engine->sweep_at)
		return;
	if (store_begin(engine->store, &error) != 0 ||
		store_sweep(engine->store, &retention, &more, &error) != 0 ||
		store_commit(engine->store, &error) != 0) {
		store_rollback(engine->store);
		store_failed(engine, &error);
	}
	engine->sweep_at = clock_monotonic() + (more ? SWEEP_STEP_PAUSE : SWEEP_PAUSE);
}

static void tidy(struct engine *engine, bool idle)
{
	struct error error;

	if (!engine->failed && store_tidy(engine->store, idle, &error) != 0)
		store_failed(engine, &error);
}

static void *run(void *context)
{
	struct engine *engine = context;
	struct request *requests = NULL;
	int64_t wait = 0;

	while (take_requests(engine, wait, &requests)) {
		atomic_store(&engine->heartbeat, clock_monotonic());
		if (requests != NULL)
			turn(engine, requests);
		/* With nothing waiting, there is a moment for the checkpoint. */
		tidy(engine, requests == NULL);
		try_to_reopen(engine);
		sweep(engine);
		wait = requests != NULL ? 0 : IDLE_WAIT;
	}
	return NULL;
}

/* ---- the thread ---- */

static int make_condition(struct engine *engine)
{
	pthread_condattr_t attributes;
	int result;

	if (pthread_condattr_init(&attributes) != 0)
		return -1;
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	result = pthread_cond_init(&engine->arrived, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	return result;
}

static void free_engine(struct engine *engine)
{
	counters_free(&engine->counters);
	text_free(&engine->message);
	config_release(engine->config);
	config_release(engine->next_config);
	free(engine);
}

int engine_start(
	struct store *store, struct config *config, struct engine **engine, struct error *error)
{
	struct engine *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return error_set(error, "no memory");
	made->store = store;
	made->config = config_share(config);
	made->last = &made->first;
	atomic_store(&made->heartbeat, clock_monotonic());
	if (counters_load(&made->counters, store, error) != 0)
		goto failed;
	if (pthread_mutex_init(&made->mutex, NULL) != 0 || make_condition(made) != 0 ||
		pthread_create(&made->thread, NULL, run, made) != 0) {
		(void)error_set(error, "no thread for the engine: %s", strerror(errno));
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
	(void)pthread_mutex_lock(&engine->mutex);
	engine->hooks = *hooks;
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
	free_engine(engine);
}

int64_t engine_heartbeat(const struct engine *engine)
{
	return atomic_load(&engine->heartbeat);
}
