/* Batches that fail: finds the message that is the cause, and sends it alone. */
#ifndef SEGRELAY_SEND_SUSPECTS_H
#define SEGRELAY_SEND_SUSPECTS_H

#include "send/sender_private.h"

/* ---- suspects.c: does the destination fail, or a message? ---- */

/* Removes the next batch to post from `ready`. NULL when none may be posted now. */
struct batch *suspects_next(struct lane *lane);

/* Handles a batch that failed, and owns it: puts it back, perhaps in parts, or sets it aside.
 * Returns whether to pause the destination. */
bool suspects_failed(struct lane *lane, struct batch *batch, const struct attempt_result *result);

/* Records an accepted batch. `is_current` when it shows the destination's present state. */
void suspects_accepted(struct lane *lane, bool is_current);

/* Records that messages were queued. If only suspects were left, the pause ends so that the new
 * messages are tried. */
void suspects_queued(struct lane *lane);

/* ---- rate_limits.c ---- */

/* Whether an answer is a rate limit: 429, 529, or 503 with a time to wait. */
bool rate_limit_is(const struct attempt_result *result);

/* Whether a failure is a rate limit of the destination, and not evidence against the batch. Counts
 * it, unless the attempt was in flight with others. */
bool rate_limit_is_general(
	struct lane *lane, struct batch *batch, const struct attempt_result *result);

/* Restores the count after a restart during a pause. `status` is that of the last answer. */
void rate_limit_restore(struct lane *lane, long status);

/* ---- time_limits.c ---- */

/* Records that a request was accepted after `took` ms. */
void time_limit_record(struct lane *lane, int64_t took);

/* Whether a failed attempt took so long (`took` ms) that a shorter limit saves time. */
bool time_limit_is_long(int64_t took);

/* The time limit of a request with a body of `bytes`, in ms. */
long time_limit_of(const struct lane *lane, const struct batch *batch, size_t bytes);

/* ---- set_aside_step.c, set_aside_log.c: messages that are set aside are sent alone ---- */

/* Posts or claims a due message. Returns when to call it again, in ms of the monotonic clock. */
int64_t set_aside_step(struct lane *lane, int64_t now);

/* Schedules a claim if messages were set aside before the last stop. In the engine's turn. */
void set_aside_restore(struct lane *lane);

/* Records that the outcome of the last one is stored: the next may be claimed. */
void set_aside_acked(struct lane *lane);

/* Records when a message that was set aside is due again. Logs it the first time. */
void set_aside_update(struct lane *lane, const struct failed_alone *failure,
	const struct message *message, const struct set_aside_result *result);

#endif
