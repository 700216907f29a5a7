/* Work of a turn that fails alone: a delivery, a timer, a step of a job. */
#include "engine/isolation.h"

#include "base/clock.h"
#include "engine/engine_private.h"

enum outcome isolation_outcome(const struct error *error)
{
	switch (error->kind) {
	case ERROR_VALUE:
		return OUTCOME_DEAD;
	case ERROR_MEMORY:
		return OUTCOME_DEFER;
	case ERROR_OTHER:
		break;
	}
	return OUTCOME_FAILED;
}

/* Memory may have run out in the middle of a statement: then SQLite has rolled back the whole
 * transaction, and the turn is void. */
static enum outcome undo(struct engine *engine, enum outcome outcome, size_t said)
{
	struct error ignored;

	log_forget(said);
	counters_rollback_to(&engine->counters);
	namespaces_invalidate(&engine->namespaces);
	return store_rollback_to(engine->store, &ignored) == 0 ? outcome : OUTCOME_FAILED;
}

enum outcome isolation_run(struct engine *engine,
	int (*work)(struct engine *engine, void *context, struct error *error), void *context,
	struct error *error)
{
	size_t said = log_mark();
	enum outcome outcome;

	error->kind = ERROR_OTHER;
	if (store_savepoint(engine->store, error) != 0)
		return OUTCOME_FAILED;
	counters_savepoint(&engine->counters);
	if (work(engine, context, error) == 0) {
		counters_release(&engine->counters);
		return store_release(engine->store, error) == 0 ? OUTCOME_DONE : OUTCOME_FAILED;
	}
	outcome = isolation_outcome(error);
	if (outcome != OUTCOME_FAILED)
		return undo(engine, outcome, said);
	counters_release(&engine->counters);
	return OUTCOME_FAILED;
}

enum outcome isolation_write(struct engine *engine,
	int (*work)(struct engine *engine, void *context, struct error *error), void *context,
	struct error *error)
{
	if (clock_monotonic() < engine->careful_until)
		return isolation_run(engine, work, context, error);
	error->kind = ERROR_OTHER;
	return work(engine, context, error) == 0 ? OUTCOME_DONE : OUTCOME_FAILED;
}

void isolation_note(struct engine *engine, const struct error *error)
{
	if (error->kind != ERROR_OTHER)
		engine->careful_until = clock_monotonic() + HOUR;
}
