/* The erasure of a shop waits for redact_grace after shop/redact: the webhook's body is the same
 * each time, so whoever has one can post it again, and what is erased cannot be brought back. */
#ifndef SEGRELAY_ENGINE_PRIVACY_ERASURE_WAIT_H
#define SEGRELAY_ENGINE_PRIVACY_ERASURE_WAIT_H

#include "engine/privacy/job.h"

/* The kind of its timer. */
#define ERASURE_WAIT "shop_erasure"

/* An erasure that waits, for whoever lists them. */
struct erasure {
	const char *shop;
	int64_t asked; /* ms since 1970, by the wall clock */
	int64_t due;
};

/* Begins to wait, or to erase when redact_grace is 0. One that waits already goes on as it was; one
 * that was cancelled stays so for the same body. Inside a turn. 0, or -1 when the store failed. */
int erasure_ask(struct engine *engine, const struct delivery *delivery, const struct shop *shop,
	struct error *error);

/* The run function of its timer: erases when the time has come. 0, or -1 when the store failed. */
int erasure_go_on(
	struct engine *engine, const struct timer *timer, struct arena *arena, struct error *error);

/* Cancels the erasure of a shop, configured or not; *cancelled is false when none waits and none
 * was cancelled before. Inside a turn. 0, or -1 when the store failed. */
int erasure_cancel(struct engine *engine, const char *shop, bool *cancelled, struct error *error);

/* Ends the wait of a shop that the operator erases now: what it waited for is done, and the same
 * request does not ask again. Inside a turn. 0, or -1 when the store failed. */
int erasure_end_wait(struct engine *engine, const char *shop, struct error *error);

/* Calls `visit` for each erasure that waits. Its strings live during the call, which must not
 * write. 0, or -1 when the store failed. */
int erasure_each(struct engine *engine, void (*visit)(void *context, const struct erasure *erasure),
	void *context, struct arena *arena, struct error *error);

#endif
