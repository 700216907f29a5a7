/* Requests to Segment to delete users, through its Public API. */
#ifndef SEGRELAY_ENGINE_PRIVACY_SEGMENT_DELETIONS_H
#define SEGRELAY_ENGINE_PRIVACY_SEGMENT_DELETIONS_H

#include "engine/engine.h"
#include "engine/privacy/identifiers.h"

/* Queues them for each destination of the shop that has a token of the Public API. They are sent,
 * retried and set aside as any message. Returns 0, or -1 when the store failed. */
int deletions_queue(struct engine *engine, const struct shop *shop, const struct identifiers *users,
	struct error *error);

#endif
