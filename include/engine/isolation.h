/* Isolates work of a turn that may fail: a delivery, a timer, a step of a job. */
#ifndef SEGRELAY_ENGINE_ISOLATION_H
#define SEGRELAY_ENGINE_ISOLATION_H

#include "engine/engine.h"

/* The result of isolated work. For all results but the first, its changes of the store, the
 * counters and the log are undone. */
enum isolation_result {
	ISOLATION_DONE,
	ISOLATION_DEAD,   /* permanent: the payload is the reason */
	ISOLATION_DEFER,  /* temporary: no memory */
	ISOLATION_FAILED, /* the store failed: the turn must be rolled back */
};

/* Runs work in a savepoint. `work` returns 0, or -1 with the error, whose kind decides the result.
 * Inside a turn, but not inside other isolated work. */
enum isolation_result isolation_run(struct engine *engine,
	int (*work)(struct engine *engine, void *context, struct error *error), void *context,
	struct error *error);

/* The same for the writes after a mapping. They fail only when the store fails or memory is short.
 * To save the cost of a savepoint for each delivery, one is used only for an hour after a turn was
 * rolled back for another reason than the store. */
enum isolation_result isolation_write(struct engine *engine,
	int (*work)(struct engine *engine, void *context, struct error *error), void *context,
	struct error *error);

/* The result of work that ended with an error. */
enum isolation_result isolation_result_of(const struct error *error);

/* Records why a turn was rolled back. */
void isolation_record_failure(struct engine *engine, const struct error *error);

#endif
