/* Work of a turn that fails alone: a delivery, a timer, a step of a job. */
#ifndef SEGRELAY_ENGINE_ISOLATION_H
#define SEGRELAY_ENGINE_ISOLATION_H

#include "engine/engine.h"

/* What became of it. Of all but the first nothing is left: not in the store, the counters, or the
 * log. */
enum outcome {
	OUTCOME_DONE,
	OUTCOME_DEAD,   /* it fails again whenever it is tried: a reason of the payload's */
	OUTCOME_DEFER,  /* there was no memory: it may work later */
	OUTCOME_FAILED, /* the store failed: the turn is void */
};

/* Carries out work in a savepoint of its own. `work` returns 0, or -1 with the error, whose kind
 * decides. Inside a turn; not inside other work. */
enum outcome isolation_run(struct engine *engine,
	int (*work)(struct engine *engine, void *context, struct error *error), void *context,
	struct error *error);

/* The same for the writing of what was mapped before without a write, which fails for the store's
 * reasons alone, or for want of a little memory: to save a savepoint's cost for each delivery,
 * there is none unless a turn was void for another reason than the store's within the last hour. */
enum outcome isolation_write(struct engine *engine,
	int (*work)(struct engine *engine, void *context, struct error *error), void *context,
	struct error *error);

/* What an error makes of the work that it ended. */
enum outcome isolation_outcome(const struct error *error);

/* Notes why a turn was void. */
void isolation_note(struct engine *engine, const struct error *error);

#endif
