/* What becomes of deliveries beside their messages: dead letters, and what the log says of them. */
#ifndef SEGRELAY_ENGINE_DELIVERY_OUTCOMES_H
#define SEGRELAY_ENGINE_DELIVERY_OUTCOMES_H

#include "base/error.h"
#include "engine/contradictions.h"
#include "engine/engine.h"
#include "mapping/mapping.h"

/* Makes a dead letter of a stored delivery that cannot be mapped, counts and logs it. The reason
 * may be the error's own text. 0, or -1 with the error. */
int outcome_dead(struct engine *engine, const struct delivery *delivery, const char *reason,
	struct error *error);

/* The same for those that were counted as skipped while they waited for another delivery. One that
 * is not stored any more is named in the log alone. */
int outcome_dead_waiting(struct engine *engine, const char *shop,
	const struct unmappable *unmappable, struct error *error);

/* The same for a delivery whose body contradicts its headers: counted and logged as such. */
int outcome_contradiction(struct engine *engine, const struct delivery *delivery,
	const char *reason, enum contradiction contradiction, struct error *error);

/* Counts and logs a delivery from which nothing is emitted. */
void outcome_count_skipped(
	const struct delivery *delivery, const struct mapped *mapped, struct topic_state *topic);

/* Logs the fields of a delivery that were left out because they could not be read; NULL for none.
 */
void outcome_log_invalid_fields(
	struct engine *engine, const struct delivery *delivery, const char *fields);

#endif
