/* Runs the timers that the mapping and the jobs have set. */
#ifndef SEGRELAY_ENGINE_TIMERS_H
#define SEGRELAY_ENGINE_TIMERS_H

#include "engine/engine.h"

/* Whether a timer is due. */
bool timers_due(const struct engine *engine);

/* Runs the due timers, as many as one turn may. Inside a turn. Returns 0, or -1 when the store
 * failed. */
int timers_run(struct engine *engine, struct error *error);

/* Milliseconds until the next timer is due, at most `most`. */
int64_t timers_left(const struct engine *engine, int64_t most);

#endif
