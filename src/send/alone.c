/* Messages that were set aside: each is tried alone, at a time of its own. */
#include "send/suspects.h"

#include "base/clock.h"

enum {
	MEMORY_PAUSE = SECOND,
};

static int64_t post(struct target *target, int64_t now)
{
	if (!attempt_start(target, target->set_aside))
		return now + MEMORY_PAUSE;
	target->set_aside = NULL;
	target->set_aside_in_flight = target->set_aside_unsettled = true;
	tally_in_flight(target, 1);
	return INT64_MAX;
}

/* Whether something else shows first whether a paused destination accepts anything. */
static bool is_probed(const struct target *target)
{
	return target->pause.failures > 0 &&
	       (target->ready != NULL || target->in_flight > 0 || target->unclaimed > 0);
}

int64_t set_aside_step(struct target *target, int64_t now)
{
	if (target->set_aside_unsettled || target->set_aside_claiming || is_probed(target))
		return INT64_MAX;
	if (now < target->set_aside_hold_at)
		return target->set_aside_hold_at;
	if (target->set_aside != NULL)
		return post(target, now);
	if (now < target->set_aside_at)
		return target->set_aside_at;
	if (!memory_take_message(target->sender)) /* the end of another batch wakes us */
		return INT64_MAX;
	return settle_claim_set_aside(target) ? INT64_MAX : now + MEMORY_PAUSE;
}

void set_aside_recall(struct target *target)
{
	struct error error;
	int64_t count;

	if (engine_count_set_aside(target->sender->engine, target->name, &count, &error) != 0 ||
		count > 0)
		target->set_aside_at = 0;
}
