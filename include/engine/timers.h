/* What must happen later: the timers that the mapping and the jobs have set. */
#ifndef SEGRELAY_ENGINE_TIMERS_H
#define SEGRELAY_ENGINE_TIMERS_H

#include "engine/engine.h"

/* Whether one is due. */
bool timers_due(const struct engine *engine);

/* Carries out what is due, so much as one turn may do. Inside a turn. 0, or -1 when the store
 * failed. */
int timers_run(struct engine *engine, struct error *error);

/* Milliseconds until the next one is due, at the most `most`. */
int64_t timers_left(const struct engine *engine, int64_t most);

#endif
