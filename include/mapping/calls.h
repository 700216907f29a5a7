/* The calls that a rule makes of a subject: alias, identify, track. */
#ifndef SEGRELAY_MAPPING_CALLS_H
#define SEGRELAY_MAPPING_CALLS_H

#include "mapping/rules.h"

/* Appends calls, of which the last is named, to those of a result. */
void mapped_add(struct mapped *result, struct call_made *first, struct call_made *last);

/* Appends the calls to the result, whose outcome becomes MAPPED; UNUSABLE when one is too large
 * whatever is left out of it. */
void calls_tell(
	struct work *work, const struct rule *rule, const cJSON *subject, struct mapped *result);

#endif
