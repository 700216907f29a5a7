/* The erasure of a shop waits for redact_grace after shop/redact. The body of the webhook is the
 * same each time, so whoever has one can post it again, and an erasure cannot be undone. */
#ifndef SEGRELAY_ENGINE_PRIVACY_ERASURE_WAIT_H
#define SEGRELAY_ENGINE_PRIVACY_ERASURE_WAIT_H

#include "engine/privacy/job.h"

/* The kind of its record and timer. */
#define ERASURE_WAIT "shop_erasure"

/* A waiting erasure, for listing. */
struct erasure {
	const char *shop;
	int64_t asked; /* ms since 1970, by the wall clock */
	int64_t due;
};

/* Starts the wait, or erases at once when redact_grace is 0. A waiting erasure is not changed; a
 * cancelled one stays cancelled for the same body. Inside a turn. Returns 0, or -1 when the store
 * failed. */
int erasure_ask(struct engine *engine, const struct delivery *delivery, const struct shop *shop,
	struct error *error);

/* Runs its timer: erases when redact_grace is over. Returns 0, or -1 when the store failed. */
int erasure_continue(
	struct engine *engine, const struct timer *timer, struct arena *arena, struct error *error);

/* Cancels the erasure of a shop, configured or not; *cancelled is false when none waits, and none
 * was cancelled before. Inside a turn. Returns 0, or -1 when the store failed. */
int erasure_cancel(struct engine *engine, const char *shop, bool *cancelled, struct error *error);

/* Ends the wait of a shop that the operator erases now; the same request does not start it again.
 * Inside a turn. Returns 0, or -1 when the store failed. */
int erasure_end_wait(struct engine *engine, const char *shop, struct error *error);

/* Calls `visit` for each waiting erasure. Its strings live during the call, which must not write.
 * Returns 0, or -1 when the store failed. */
int erasure_each(struct engine *engine, void (*visit)(void *context, const struct erasure *erasure),
	void *context, struct arena *arena, struct error *error);

#endif
