/* Erases customers and shops, and reports what is stored of a customer.
 *
 * A job is a record with a timer. It starts in the transaction that stores the webhook which asks
 * for it, continues in small steps between other turns, and survives a restart. */
#ifndef SEGRELAY_ENGINE_PRIVACY_PRIVACY_H
#define SEGRELAY_ENGINE_PRIVACY_PRIVACY_H

#include "engine/engine.h"

/* Starts what a webhook asks for. Inside a turn. Returns 0, or -1 when the store failed. */
int privacy_begin(struct engine *engine, const struct delivery *delivery, const cJSON *payload,
	enum privacy what, const struct shop *shop, struct error *error);

/* Starts to erase a customer, or with NULL the whole shop, for the operator; the shop need not be
 * in the configuration. Inside a turn. */
int privacy_erase(
	struct engine *engine, const char *domain, const char *customer, struct error *error);

/* Does a step of a job, for its timer or for a caller that waits for its end. *running is false
 * when it has ended, or there is none. Inside a turn. */
int privacy_step(struct engine *engine, const struct timer *timer, struct arena *arena,
	bool *running, struct error *error);

#endif
