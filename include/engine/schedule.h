/* Sets the timers. */
#ifndef SEGRELAY_ENGINE_SCHEDULE_H
#define SEGRELAY_ENGINE_SCHEDULE_H

#include "engine/engine.h"

/* Sets a timer, or removes it when `due` is TIME_UNKNOWN. Inside a turn. 0, or -1 when the store
 * failed. */
int schedule_set(struct engine *engine, const struct timer *timer, struct error *error);

#endif
