/* One bound for the claimed messages of all destinations.
 *
 * Each destination may always have one batch in memory, so that none waits for another: half of the
 * bound is shared out for that, and with many destinations the batches become smaller. The other
 * half is for further batches, of whoever is fast enough to need them. A destination that is paused
 * gives back what it has beyond its share when others need room: it stays in the outbox. A message
 * that is claimed alone, because it is set aside, counts as part of the other half. */
#include "send/sender_private.h"

#include <stdatomic.h>

enum {
	MEMORY = 64 << 20,
	IN_FLIGHT =
		2, /* a batch in flight is there twice: as messages, and as the request's body */
	PART = MEMORY / 2 / IN_FLIGHT,
	MESSAGE = 32 << 10,        /* the largest one */
	SHARE_LEAST = 2 * MESSAGE, /* two of them */
};

static int64_t share_of(int64_t destinations)
{
	int64_t share = destinations > 0 ? PART / destinations : PART;

	if (share < SHARE_LEAST)
		return SHARE_LEAST;
	return share < BATCH_BYTES_MAX ? share : BATCH_BYTES_MAX;
}

static int64_t bytes_of(const struct batch *batch)
{
	int64_t bytes = 0;

	for (; batch != NULL; batch = batch->next)
		bytes += (int64_t)batch_held(batch);
	return bytes;
}

void memory_measure(struct sender *sender)
{
	int64_t destinations = 0;
	int64_t alone = 0; /* bytes that are set aside */
	int64_t claimed;

	for (struct target *target = sender->targets; target != NULL; target = target->next) {
		destinations += target->options != NULL;
		target->held = bytes_of(target->ready) + bytes_of(target->leaving) +
			       (target->claiming ? sender->share : 0);
		alone += bytes_of(target->set_aside) + (target->set_aside_claiming ? MESSAGE : 0);
	}
	for (const struct attempt *attempt = sender->attempts; attempt != NULL;
		attempt = attempt->next)
		*(attempt->batch->is_set_aside ? &alone : &attempt->target->held) +=
			(int64_t)batch_held(attempt->batch);
	sender->share = share_of(destinations);
	sender->further = claimed = alone;
	for (const struct target *target = sender->targets; target != NULL; target = target->next) {
		claimed += target->held;
		if (target->held > sender->share)
			sender->further += target->held - sender->share;
	}
	atomic_store(&sender->claimed, claimed);
}

bool memory_allows(const struct target *target)
{
	const struct sender *sender = target->sender;

	return target->held == 0 || sender->further + sender->share <= PART;
}

size_t memory_of_claim(struct target *target)
{
	struct sender *sender = target->sender;
	size_t room = batch_room(target->options);

	if (target->held > 0)
		sender->further += sender->share;
	target->held += sender->share;
	return (size_t)sender->share < room ? (size_t)sender->share : room;
}

bool memory_take_message(struct sender *sender)
{
	if (sender->further + MESSAGE > PART)
		return false;
	sender->further += MESSAGE;
	return true;
}

bool memory_is_wanted(const struct target *target)
{
	return target->held > target->sender->share && target->sender->further > PART / 2;
}
