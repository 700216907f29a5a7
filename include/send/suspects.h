/* Batches that fail: which message is the cause, and when it is tried alone. */
#ifndef SEGRELAY_SEND_SUSPECTS_H
#define SEGRELAY_SEND_SUSPECTS_H

#include "send/sender_private.h"

/* ---- suspects.c: is it the destination that fails, or a message? ---- */

/* Takes the next batch to be posted out of `ready`; NULL when none may be posted now. */
struct batch *suspects_next(struct target *target);

/* Takes a batch that failed: it is put back, in parts or not, or set aside. Whether the
 * destination is to be paused. */
bool suspects_failed(struct target *target, struct batch *batch, const struct judgement *judgement);

/* A batch was accepted; `is_news` when it tells how things are now. */
void suspects_passed(struct target *target, bool is_news);

/* Messages were queued: where nothing else was left to try, they are tried at once. */
void suspects_queued(struct target *target);

/* ---- rate_limits.c ---- */

/* Whether an answer limits the rate: 429, 529, or 503 with a time to wait. */
bool rate_limit_is(const struct judgement *judgement);

/* Whether a failure is a rate limit that is taken for the destination's. Counts it, unless it is
 * the answer to an attempt that was in flight with others. */
bool rate_limit_spares(
	struct target *target, struct batch *batch, const struct judgement *judgement);

/* After a restart during a pause: `status` is what was answered last. */
void rate_limit_recall(struct target *target, long status);

/* ---- time_limits.c ---- */

/* A request was accepted after so many ms. */
void time_limit_note(struct target *target, int64_t took);

/* Whether an attempt that failed after so many ms took so long that a shorter limit saves time. */
bool time_limit_is_long(int64_t took);

/* Milliseconds that a request with a body of so many bytes may take. */
long time_limit_of(const struct target *target, const struct batch *batch, size_t bytes);

/* ---- alone.c, set_aside_log.c: what was set aside is tried alone ---- */

/* Posts or claims what is due; returns when to look again, in ms of the monotonic clock. */
int64_t set_aside_step(struct target *target, int64_t now);

/* Has the engine asked for those from before the last stop, if there are any. In a turn of its. */
void set_aside_recall(struct target *target);

/* The outcome of the last is in the store: the next may be claimed. */
void set_aside_settled(struct target *target);

/* A message was set aside, or failed again: takes note of when it is due, and says so once. */
void set_aside_note(struct target *target, const struct failed_alone *failure,
	const struct message *message, const struct set_aside_result *result);

#endif
