/* Runs the timers that are due. */
#include "engine/timers.h"

#include "base/clock.h"
#include "engine/engine_private.h"
#include "engine/isolation.h"
#include "engine/postponement.h"
#include "engine/privacy/erasure_wait.h"
#include "engine/privacy/privacy.h"
#include "engine/schedule.h"
#include "mapping/record_kinds.h"

#include <stdatomic.h>
#include <string.h>

enum {
	TIMERS_A_TURN = 100, /* limits how long a webhook waits for the commit */
	ARENA = 16384,
};

/* A shop that was removed from the configuration may return. */
static const int64_t UNKNOWN_SHOP_PAUSE = HOUR;

/* Runs one timer, which is removed from the store already. Returns 0, or -1 when the store failed.
 */
typedef int due(
	struct engine *engine, const struct timer *timer, struct arena *arena, struct error *error);

static int map_timer_of_shop(
	struct engine *engine, const struct timer *timer, struct arena *arena, struct error *error)
{
	const struct shop *shop = config_shop(engine->config, timer->shop);
	struct timer later = *timer;

	if (shop != NULL)
		return engine_map_timer(engine, timer, shop, arena, error);
	later.due = clock_now() + UNKNOWN_SHOP_PAUSE;
	return schedule_set(engine, &later, error);
}

static int continue_privacy_job(
	struct engine *engine, const struct timer *timer, struct arena *arena, struct error *error)
{
	bool running;

	return privacy_step(engine, timer, arena, &running, error);
}

static due *const actions[RECORD_TIMERS] = {
	[RECORD_TIMER_CART] = map_timer_of_shop,
	[RECORD_TIMER_DEFERRED] = map_timer_of_shop,
	[RECORD_TIMER_PRIVACY_JOB] = continue_privacy_job,
	[RECORD_TIMER_SHOP_ERASURE] = erasure_continue,
};

struct timer_work {
	const struct timer *timer;
	struct arena *arena;
};

static int run_alone(struct engine *engine, void *context, struct error *error)
{
	const struct timer_work *work = context;
	const struct timer *timer = work->timer;
	due *action = actions[record_kind_timer(timer->kind)];

	if (store_drop_timer(engine->store, timer, error) != 0)
		return -1;
	return action != NULL ? action(engine, timer, work->arena, error) : 0;
}

/* A timer that fails, or during which the process died, is postponed, so that it does not delay
 * others. */
static int run_one(
	struct engine *engine, const struct timer *timer, struct arena *arena, struct error *error)
{
	struct work_id id = progress_of_timer(timer);
	struct timer_work work = {timer, arena};
	struct postponement postponement;
	enum isolation_result outcome;

	if (postponement_read(engine, timer, arena, &postponement, error) != 0)
		return -1;
	if (progress_is_set_aside(&engine->progress, &id))
		return postponement_of_crash(engine, timer, &postponement, error);
	if (!postponement_is_over(&postponement, timer))
		return postponement_continue(engine, timer, &postponement, error);
	progress_begin(&engine->progress, &id);
	outcome = isolation_run(engine, run_alone, &work, error);
	progress_end(&engine->progress, &id);
	if (outcome == ISOLATION_FAILED)
		return -1;
	if (outcome == ISOLATION_DONE)
		return postponement_end(engine, timer, &postponement, error);
	return postponement_of_failure(engine, timer, &postponement, error);
}

bool timers_due(const struct engine *engine)
{
	return !engine->failed && atomic_load(&engine->has_timers) &&
	       store_is_due(engine->timer_at, clock_now());
}

int64_t timers_left(const struct engine *engine, int64_t most)
{
	int64_t now = clock_now();

	if (engine->failed || !atomic_load(&engine->has_timers))
		return most;
	if (store_is_due(engine->timer_at, now))
		return 0;
	return engine->timer_at < now + most ? engine->timer_at - now : most;
}

/* Tries again later: the timers stay due. */
static int wait_for_memory(struct engine *engine)
{
	engine->timer_at = clock_now() + SECOND;
	return 0;
}

int timers_run(struct engine *engine, struct error *error)
{
	int64_t now = clock_now();
	bool found = true;

	for (int i = 0; i < TIMERS_A_TURN && found; i++) {
		struct arena *arena = arena_create(ARENA);
		struct timer timer;
		int result;

		if (arena == NULL)
			return wait_for_memory(engine);
		result = store_due_timer(
			engine->store, now, arena, &timer, &found, &engine->timer_at, error);
		if (result == 0 && found)
			result = run_one(engine, &timer, arena, error);
		arena_destroy(arena);
		if (result != 0)
			return -1;
	}
	return 0;
}
