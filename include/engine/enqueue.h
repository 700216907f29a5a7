/* Queues the calls of a mapped delivery as messages in the outbox. */
#ifndef SEGRELAY_ENGINE_ENQUEUE_H
#define SEGRELAY_ENGINE_ENQUEUE_H

#include "engine/engine.h"

/* The number at the beginning of a text; 0 for none. */
uint64_t enqueue_leading_number(const char *text);

/* Queues the calls for each destination of the shop, without those that were emitted there before.
 * Adds the count of queued messages to *queued. 0, or -1 when the store failed. */
int enqueue_calls(struct engine *engine, const struct delivery *delivery, const struct shop *shop,
	const struct mapped *mapped, size_t *queued, struct error *error);

#endif
