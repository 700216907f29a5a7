/* Limits the space of hints in the store. Anyone can post hints, so a flood must stay a small part
 * of max_store, and must not exclude the shop's visitors.
 *
 * Each shop with a storefront has buckets of bytes that fill at a constant rate. Deliveries of
 * hints are kept for HINT_DELIVERY_TTL, and links that no webhook has named for HINT_LINK_TTL. A
 * bucket fills in the same time, so the stored bytes are at most twice the bucket's size. The sizes
 * are parts of the shop's share of max_store: 1/64 for links, 1/256 for deliveries, and 1/256 for
 * deliveries of named carts. All together stay below 1/20. When a webhook names a link, its bytes
 * are refunded.
 *
 * Hints of carts and checkouts that a webhook has named pay for no link, have their own bucket for
 * deliveries, and are not limited by hints_per_shop. So hints of visitors with a real cart are
 * accepted while a flood of invented tokens is rejected. On the engine's thread. */
#ifndef SEGRELAY_ENGINE_HINT_ROOM_H
#define SEGRELAY_ENGINE_HINT_ROOM_H

#include "base/clock.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HINT_DELIVERY_TTL ((int64_t)HOUR)
#define HINT_LINK_TTL ((int64_t)2 * DAY)

enum { HINT_TOKENS = 2 };

struct arena;
struct engine;
struct hint_room;

/* A hint to be stored. */
struct hint_claim {
	const char *shop;
	const char *tokens[HINT_TOKENS]; /* of its cart and checkout; NULL for none */
	size_t bytes;                    /* of its delivery's body */
	bool only_named;                 /* the shop has reached hints_per_shop */
};

enum hint_admission { HINT_ADMITTED, HINT_TOO_MANY, HINT_NO_ROOM };

/* Pays for a hint, inside a task's `run`. 0 with the admission, or -1 when the store failed. */
int hint_room_admit(struct engine *engine, const struct hint_claim *claim, struct arena *arena,
	enum hint_admission *admission, struct error *error);

/* Refunds the cost of a link of `bytes`, because a webhook has named it. */
void hint_room_refund(struct hint_room *room, const char *shop, size_t bytes);

/* ---- the buckets ---- */

/* NULL without memory. */
struct hint_room *hint_room_create(void);

/* Pays the bytes of a shop's hint. `share` is the shop's share of the store, `links` the count of
 * new links, `now` in ms of a monotonic clock. False without payment when a bucket has too few
 * bytes. */
bool hint_room_pay(struct hint_room *room, const char *shop, int64_t share, size_t bytes,
	size_t links, int64_t now);

/* NULL is allowed. */
void hint_room_destroy(struct hint_room *room);

#endif
