/* Rate limits of a destination, or of one batch alone.
 *
 * A rate limit concerns every batch, so it pauses the destination and is not evidence against a
 * batch. But a server may answer one message with it each time. After eight such answers in a row
 * without a success, they count as other failures (suspects.c) of this batch and its parts. Each
 * answer still pauses the destination, unless the message is set aside. */
#include "send/suspects.h"

enum {
	ANSWERS_MOST = 8,
	UNAVAILABLE = 503,
	TOO_MANY_REQUESTS = 429,
	OVERLOADED = 529, /* not registered at IANA, but several services use it */
};

bool rate_limit_is(const struct attempt_result *result)
{
	return result->status == TOO_MANY_REQUESTS || result->status == OVERLOADED ||
	       (result->status == UNAVAILABLE && result->wait > 0);
}

bool rate_limit_is_general(
	struct lane *lane, struct batch *batch, const struct attempt_result *result)
{
	if (!rate_limit_is(result) || batch->is_limited)
		return false;
	if (!result->is_current)
		return true;
	lane->rate_limited++;
	batch->is_limited = lane->rate_limited >= ANSWERS_MOST;
	return !batch->is_limited;
}

void rate_limit_restore(struct lane *lane, long status)
{
	const struct attempt_result result = {.status = status, .wait = -1};

	if (!rate_limit_is(&result))
		return;
	lane->rate_limited = lane->failed_in_a_row;
	lane->failed_in_a_row -= ANSWERS_MOST - 1;
	if (lane->failed_in_a_row < 0)
		lane->failed_in_a_row = 0;
}
