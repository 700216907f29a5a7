/* Rate limits: the destination's, until one batch alone is shown to meet them.
 *
 * A limit concerns whatever is sent, so it pauses the destination and is no evidence against a
 * batch. But a server may answer so to one message each time. After eight such answers in a row,
 * with nothing accepted meanwhile, they count as other failures do (suspects.c), for this batch and
 * its parts until they leave. Each still pauses the destination, unless it is the answer to a
 * message that is set aside. */
#include "send/suspects.h"

enum {
	ANSWERS_MOST = 8,
	UNAVAILABLE = 503,
	TOO_MANY_REQUESTS = 429,
	OVERLOADED = 529, /* not registered, but used by several services */
};

bool rate_limit_is(const struct judgement *judgement)
{
	return judgement->status == TOO_MANY_REQUESTS || judgement->status == OVERLOADED ||
	       (judgement->status == UNAVAILABLE && judgement->wait > 0);
}

bool rate_limit_spares(
	struct target *target, struct batch *batch, const struct judgement *judgement)
{
	if (!rate_limit_is(judgement) || batch->is_limited)
		return false;
	if (!judgement->is_news)
		return true;
	target->limited++;
	batch->is_limited = target->limited >= ANSWERS_MOST;
	return !batch->is_limited;
}

void rate_limit_recall(struct target *target, long status)
{
	const struct judgement judgement = {.status = status, .wait = -1};

	if (!rate_limit_is(&judgement))
		return;
	target->limited = target->in_a_row;
	target->in_a_row -= ANSWERS_MOST - 1;
	if (target->in_a_row < 0)
		target->in_a_row = 0;
}
