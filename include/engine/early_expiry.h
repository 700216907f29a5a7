/* Early expiry: near the limits of the store or its disk, the oldest deliveries whose messages were
 * all sent are deleted before webhooks are rejected. On the engine's thread. */
#ifndef SEGRELAY_ENGINE_EARLY_EXPIRY_H
#define SEGRELAY_ENGINE_EARLY_EXPIRY_H

#include "engine/engine.h"

/* While space is short, deletes twice as much as the turn added, or a small step when `idle`.
 * Inside a transaction; call early_expiry_done after its end. */
int early_expiry_run(struct engine *engine, bool idle, struct error *error);

/* Counts and logs the deliveries that the transaction deleted. */
void early_expiry_done(struct engine *engine, bool is_committed);

/* A step between turns, when no task waits or webhooks are rejected. Returns the ms until the next
 * one. */
int64_t early_expiry_step(struct engine *engine, bool idle);

#endif
