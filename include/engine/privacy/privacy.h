/* Forgetting people and shops for good, and saying what is held of somebody.
 *
 * A job is a record with a timer of its own: it is begun in the transaction that stores the webhook
 * which asks for it, goes on in small steps between other turns, and survives a restart. */
#ifndef SEGRELAY_ENGINE_PRIVACY_PRIVACY_H
#define SEGRELAY_ENGINE_PRIVACY_PRIVACY_H

#include "engine/engine.h"

/* Begins what a webhook asks for. Inside a turn. 0, or -1 when the store failed. */
int privacy_begin(struct engine *engine, const struct delivery *delivery, const cJSON *payload,
	enum privacy what, const struct shop *shop, struct error *error);

/* Begins to erase a customer, or with NULL the whole shop, for the operator; the shop need not be
 * in the configuration. Inside a turn. */
int privacy_erase(
	struct engine *engine, const char *domain, const char *customer, struct error *error);

/* Does a step of a job: the run function of its timer, and for who waits for its end. *running is
 * false when it is done, or there is none. Inside a turn. */
int privacy_step(struct engine *engine, const struct timer *timer, struct arena *arena,
	bool *running, struct error *error);

#endif
