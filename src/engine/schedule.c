/* Sets the timers. */
#include "engine/schedule.h"

#include "base/clock.h"
#include "engine/engine_private.h"

int schedule_set(struct engine *engine, const struct timer *timer, struct error *error)
{
	if (timer->due == TIME_UNKNOWN)
		return store_drop_timer(engine->store, timer, error);
	if (timer->due < engine->timer_at)
		engine->timer_at = timer->due;
	return store_set_timer(engine->store, timer, error);
}
