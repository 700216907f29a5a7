/* From the calls that a delivery was mapped to, to messages in the outbox. */
#ifndef SEGRELAY_ENGINE_ENQUEUE_H
#define SEGRELAY_ENGINE_ENQUEUE_H

#include "engine/engine.h"

/* The number that a text begins with; 0 when it begins with none. */
uint64_t queueing_number(const char *text);

/* Queues the calls for each destination of the shop, but for those that were told there before;
 * adds to *queued how many messages that made. 0, or -1 when the store failed. */
int queueing_add(struct engine *engine, const struct delivery *delivery, const struct shop *shop,
	const struct mapped *mapped, size_t *queued, struct error *error);

#endif
