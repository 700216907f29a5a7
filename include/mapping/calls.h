/* The calls that a rule emits for an object: alias, identify, track. */
#ifndef SEGRELAY_MAPPING_CALLS_H
#define SEGRELAY_MAPPING_CALLS_H

#include "mapping/rules.h"

/* Appends a list of calls, from `first` to `last`, to those of a result. */
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

/* Appends the calls to the result and sets its status to MAP_EVENTS; or to MAP_INVALID when a call
 * is too large whatever is left out of it. */
void calls_emit(const struct emission *emission);

#endif
