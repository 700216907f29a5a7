/* The time limit of a request.
 *
 * A message that is never answered costs the whole limit each time it is sent. So a batch that
 * failed after a long time gets a shorter limit while the destination answers other batches: a
 * multiple of their slowest answer. Both limits grow with the body, because a slow line needs the
 * time. A message that is set aside has the whole limit, so that one that is only slow arrives. */
#include "send/suspects.h"

#include "base/clock.h"

enum {
	RECENT = MINUTE, /* an older answer does not show the destination's speed */
	SHORT_LEAST = 3 * SECOND,
	TIMES = 8,
};

void time_limit_record(struct lane *lane, int64_t took)
{
	int64_t faded = lane->answer_time - lane->answer_time / 4;

	lane->answer_time = took > faded ? took : faded;
	lane->answered_at = clock_monotonic();
}

bool time_limit_is_long(int64_t took)
{
	return took >= SHORT_LEAST;
}

long time_limit_of(const struct lane *lane, const struct batch *batch, size_t bytes)
{
	int64_t whole = http_time_limit(bytes);
	int64_t base = http_time_limit(0);
	int64_t shorter = lane->answer_time * TIMES;

	if (!batch->is_slow || batch->is_set_aside || lane->answered_at == 0 ||
		clock_monotonic() - lane->answered_at > RECENT)
		return (long)whole;
	if (shorter < SHORT_LEAST)
		shorter = SHORT_LEAST;
	return (long)(shorter < base ? whole - base + shorter : whole);
}
