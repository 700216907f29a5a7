/* One memory limit for the claimed messages of all destinations.
 *
 * Each destination may always have one batch in memory, so that it does not wait for others. Half
 * of the limit is divided into these shares; with many destinations the batches become smaller. The
 * other half is for more batches of fast destinations. A paused destination frees the batches
 * beyond its share when others need memory; its messages stay in the outbox. Messages that are set
 * aside count in the other half. */
#include "send/sender_private.h"

#include <stdatomic.h>

enum {
	MEMORY = 64 << 20,
	IN_FLIGHT = 2, /* a batch in flight is in memory twice: as messages and as the body */
	PART = MEMORY / 2 / IN_FLIGHT,
	MESSAGE = 32 << 10, /* bytes of the largest one */
	SHARE_LEAST = 2 * MESSAGE,
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

void claim_memory_measure(struct sender *sender)
{
	int64_t destinations = 0;
	int64_t alone = 0; /* bytes of messages set aside */
	int64_t claimed;

	for (struct lane *lane = sender->lanes; lane != NULL; lane = lane->next) {
		destinations += lane->options != NULL;
		lane->held = bytes_of(lane->ready) + bytes_of(lane->leaving) +
			     (lane->claiming ? sender->share : 0);
		alone += bytes_of(lane->set_aside) + (lane->set_aside_claiming ? MESSAGE : 0);
	}
	for (const struct attempt *attempt = sender->attempts; attempt != NULL;
		attempt = attempt->next)
		*(attempt->batch->is_set_aside ? &alone : &attempt->lane->held) +=
			(int64_t)batch_held(attempt->batch);
	sender->share = share_of(destinations);
	sender->beyond_share = claimed = alone;
	for (const struct lane *lane = sender->lanes; lane != NULL; lane = lane->next) {
		claimed += lane->held;
		if (lane->held > sender->share)
			sender->beyond_share += lane->held - sender->share;
	}
	atomic_store(&sender->claimed, claimed);
}

bool claim_memory_allows(const struct lane *lane)
{
	const struct sender *sender = lane->sender;

	return lane->held == 0 || sender->beyond_share + sender->share <= PART;
}

size_t claim_memory_reserve(struct lane *lane)
{
	struct sender *sender = lane->sender;
	size_t room = batch_room(lane->options);

	if (lane->held > 0)
		sender->beyond_share += sender->share;
	lane->held += sender->share;
	return (size_t)sender->share < room ? (size_t)sender->share : room;
}

bool claim_memory_reserve_message(struct sender *sender)
{
	if (sender->beyond_share + MESSAGE > PART)
		return false;
	sender->beyond_share += MESSAGE;
	return true;
}

bool claim_memory_must_release(const struct lane *lane)
{
	return lane->held > lane->sender->share && lane->sender->beyond_share > PART / 2;
}
