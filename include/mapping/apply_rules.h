/* Applies the rules of a topic to one delivery. */
#ifndef SEGRELAY_MAPPING_APPLY_RULES_H
#define SEGRELAY_MAPPING_APPLY_RULES_H

#include "mapping/work.h"

/* What is written while a delivery is mapped; selectors and converters read it through `work`. */
struct findings {
	struct stored stored;
	struct identity identity;
	struct emitted emitted;
};

/* The work of one delivery or timer, with a budget of its own. It points at `in` and `findings`. */
struct work apply_begin(const struct input *in, const struct findings *findings,
	const struct record_store *records, struct arena *arena, struct error *error);

/* Reads the records, applies the rules of the topic, and remembers; or defers the delivery, or
 * skips it as a test. */
void apply_delivery(struct work *work, struct findings *findings, struct mapped *result);

/* Applies the rules of the topic alone. */
void apply_rules(struct work *work, struct emitted *emitted, struct mapped *result);

/* Remembers what the delivery showed. If it was within the budget when all was emitted, then all of
 * it is remembered. */
void apply_remember(struct work *work);

#endif
