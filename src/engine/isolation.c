/* Isolates work of a turn that may fail: a delivery, a timer, a step of a job. */
#include "engine/isolation.h"

#include "base/clock.h"
#include "engine/engine_private.h"

enum isolation_result isolation_result_of(const struct error *error)
{
	switch (error->kind) {
	case ERROR_VALUE:
		return ISOLATION_DEAD;
	case ERROR_MEMORY:
		return ISOLATION_DEFER;
	case ERROR_OTHER:
		break;
	}
	return ISOLATION_FAILED;
}

/* If memory ran out inside a statement, SQLite has rolled back the whole transaction; then the
 * rollback to the savepoint fails, and the turn fails. */
static enum isolation_result undo(
	struct engine *engine, enum isolation_result result, size_t log_position)
{
	struct error ignored;

	log_discard_after(log_position);
	counters_rollback_to(&engine->counters);
	namespaces_invalidate(&engine->namespaces);
	return store_rollback_to(engine->store, &ignored) == 0 ? result : ISOLATION_FAILED;
}

enum isolation_result isolation_run(struct engine *engine,
	int (*work)(struct engine *engine, void *context, struct error *error), void *context,
	struct error *error)
{
	size_t log_position = log_buffered();
	enum isolation_result result;

	error->kind = ERROR_OTHER;
	if (store_savepoint(engine->store, error) != 0)
		return ISOLATION_FAILED;
	counters_savepoint(&engine->counters);
	if (work(engine, context, error) == 0) {
		counters_release(&engine->counters);
		return store_release(engine->store, error) == 0 ? ISOLATION_DONE : ISOLATION_FAILED;
	}
	result = isolation_result_of(error);
	if (result != ISOLATION_FAILED)
		return undo(engine, result, log_position);
	counters_release(&engine->counters);
	return ISOLATION_FAILED;
}

enum isolation_result isolation_write(struct engine *engine,
	int (*work)(struct engine *engine, void *context, struct error *error), void *context,
	struct error *error)
{
	if (clock_monotonic() < engine->savepoints_until)
		return isolation_run(engine, work, context, error);
	error->kind = ERROR_OTHER;
	return work(engine, context, error) == 0 ? ISOLATION_DONE : ISOLATION_FAILED;
}

void isolation_record_failure(struct engine *engine, const struct error *error)
{
	if (error->kind != ERROR_OTHER)
		engine->savepoints_until = clock_monotonic() + HOUR;
}
