/* Sends messages that are set aside, each alone and at its own time. */
#include "send/suspects.h"

#include "base/clock.h"
#include "send/send_metrics.h"

enum {
	MEMORY_PAUSE = SECOND,
};

static int64_t post(struct lane *lane, int64_t now)
{
	if (!attempt_start(lane, lane->set_aside))
		return now + MEMORY_PAUSE;
	lane->set_aside = NULL;
	lane->set_aside_in_flight = lane->set_aside_unacked = true;
	send_metrics_in_flight(lane, 1);
	return INT64_MAX;
}

/* Whether other messages probe a paused destination first. */
static bool is_probed(const struct lane *lane)
{
	return lane->pause.failures > 0 &&
	       (lane->ready != NULL || lane->in_flight > 0 || lane->unclaimed > 0);
}

int64_t set_aside_step(struct lane *lane, int64_t now)
{
	if (lane->set_aside_unacked || lane->set_aside_claiming || is_probed(lane))
		return INT64_MAX;
	if (now < lane->set_aside_hold_at)
		return lane->set_aside_hold_at;
	if (lane->set_aside != NULL)
		return post(lane, now);
	if (now < lane->set_aside_at)
		return lane->set_aside_at;
	if (!claim_memory_reserve_message(
		    lane->sender)) /* the end of another batch wakes the thread */
		return INT64_MAX;
	return claim_set_aside(lane) ? INT64_MAX : now + MEMORY_PAUSE;
}

void set_aside_restore(struct lane *lane)
{
	struct error error;
	int64_t count;

	if (engine_count_set_aside(lane->sender->engine, lane->name, &count, &error) != 0 ||
		count > 0)
		lane->set_aside_at = 0;
}
