/* How long a request may take.
 *
 * A message that is never answered costs the whole limit each time it is sent. So a batch that
 * failed after a long time is tried again, as a whole or in parts, with a shorter limit while the
 * destination answers others: several times what the slowest of their answers took. Both limits
 * grow with the body, so that a slow line is not repeated for ever. A message that is set aside has
 * the whole limit: one that is only slow arrives then. */
#include "send/suspects.h"

#include "base/clock.h"

enum {
	RECENT = MINUTE, /* for so long an answer shows how fast the destination is */
	SHORT_LEAST = 3 * SECOND,
	TIMES = 8,
};

void time_limit_note(struct target *target, int64_t took)
{
	int64_t faded = target->answer_time - target->answer_time / 4;

	target->answer_time = took > faded ? took : faded;
	target->answered_at = clock_monotonic();
}

bool time_limit_is_long(int64_t took)
{
	return took >= SHORT_LEAST;
}

long time_limit_of(const struct target *target, const struct batch *batch, size_t bytes)
{
	int64_t whole = http_time_limit(bytes);
	int64_t base = http_time_limit(0);
	int64_t shorter = target->answer_time * TIMES;

	if (!batch->is_slow || batch->is_set_aside || target->answered_at == 0 ||
		clock_monotonic() - target->answered_at > RECENT)
		return (long)whole;
	if (shorter < SHORT_LEAST)
		shorter = SHORT_LEAST;
	return (long)(shorter < base ? whole - base + shorter : whole);
}
