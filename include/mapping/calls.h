/* The calls that a rule makes of a subject: alias, identify, track. */
#ifndef SEGRELAY_MAPPING_CALLS_H
#define SEGRELAY_MAPPING_CALLS_H

#include "mapping/rules.h"

/* Appends calls, of which the last is named, to those of a result. */
void mapped_append(struct mapped *result, struct segment_call *first, struct segment_call *last);

/* One object that a rule selected, and where its calls go. */
struct emission {
	struct work *work;
	struct emitted *emitted; /* work->emitted, to be written */
	const struct rule *rule;
	const cJSON *object;
	const struct refund_sums *refund; /* of the selection */
	struct mapped *result;
};

/* Appends the calls to the result, whose status becomes MAP_EVENTS; MAP_INVALID when one is too
 * large whatever is left out of it. */
void calls_emit(const struct emission *emission);

#endif
