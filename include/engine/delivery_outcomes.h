/* Dead letters of deliveries, and log lines of deliveries without messages. */
#ifndef SEGRELAY_ENGINE_DELIVERY_OUTCOMES_H
#define SEGRELAY_ENGINE_DELIVERY_OUTCOMES_H

#include "base/error.h"
#include "engine/contradictions.h"
#include "engine/engine.h"
#include "mapping/mapping.h"

/* Adds a dead letter for a stored delivery that cannot be mapped, counts and logs it. The reason
 * may be the error's text. 0, or -1 with the error. */
int outcome_dead(struct engine *engine, const struct delivery *delivery, const char *reason,
	struct error *error);

/* The same for deferred deliveries, which were counted as skipped. One that is not stored any more
 * is logged only. */
int outcome_dead_waiting(struct engine *engine, const char *shop,
	const struct unmappable *unmappable, struct error *error);

/* The same for a delivery whose body contradicts its headers; counted by kind. */
int outcome_contradiction(struct engine *engine, const struct delivery *delivery,
	const char *reason, enum contradiction contradiction, struct error *error);

/* Counts and logs a skipped delivery. */
void outcome_count_skipped(
	const struct delivery *delivery, const struct mapped *mapped, struct topic_state *topic);

/* Logs the invalid fields of a delivery, which were skipped. NULL for none. */
void outcome_log_invalid_fields(
	struct engine *engine, const struct delivery *delivery, const char *fields);

#endif
