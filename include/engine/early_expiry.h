/* Early expiry: near the limits of the store or its disk, the oldest deliveries that are fully
 * acknowledged are deleted before any webhook is refused. All on the engine's thread. */
#ifndef SEGRELAY_ENGINE_EARLY_EXPIRY_H
#define SEGRELAY_ENGINE_EARLY_EXPIRY_H

#include "engine/engine.h"

/* Deletes as much as the turn has added twice over, or a small step's worth when `idle`, while room
 * is short. Inside a transaction, whose end early_expiry_done must hear of. */
int early_expiry_run(struct engine *engine, bool idle, struct error *error);

/* Counts and logs what the transaction deleted. */
void early_expiry_done(struct engine *engine, bool is_committed);

/* A step of its own between turns, when nothing waits or webhooks are refused. Returns the ms until
 * the next one. */
int64_t early_expiry_step(struct engine *engine, bool idle);

#endif
