/* How much of the store hints may take: anyone can post them, so a flood must stay a small part of
 * max_store, and yet not keep out the shop's visitors.
 *
 * Each shop with a storefront has buckets of bytes that fill evenly. Deliveries of hints are kept
 * for HINT_DELIVERY_TTL; links that no webhook has named, for HINT_LINK_TTL. A bucket fills within
 * the time after which what it paid for is gone, so what is there is at most twice what the bucket
 * holds. Of the shop's share of max_store the bucket of links holds a 64th, that of deliveries a
 * 256th, and another for the deliveries of named carts as much: together less than a 20th is ever
 * taken. When a webhook names a link, its bytes are given back.
 *
 * Hints of carts and checkouts that a webhook has named pay for no link, have deliveries of their
 * own, and hints_per_shop does not bind them. So visitors who have a cart that Shopify knows come
 * through while a flood of invented tokens is refused. All in the engine's thread. */
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

/* A hint that wants to be stored. */
struct hint_claim {
	const char *shop;
	const char *
		tokens[HINT_TOKENS]; /* of the cart and the checkout that it names; NULL for none */
	size_t bytes;                /* of its delivery's body */
	bool only_named;             /* the shop has hints_per_shop already */
};

enum hint_admission { HINT_ADMITTED, HINT_TOO_MANY, HINT_NO_ROOM };

/* Pays for a hint, inside a request's `run`. 0 with what became of it, or -1 when the store failed.
 */
int hint_room_admit(struct engine *engine, const struct hint_claim *claim, struct arena *arena,
	enum hint_admission *admission, struct error *error);

/* Gives back what a link of so many bytes has cost: a webhook has named it. */
void hint_room_give(struct hint_room *room, const char *shop, size_t bytes);

/* ---- the buckets alone ---- */

/* NULL when there is no memory. */
struct hint_room *hint_room_create(void);

/* Takes the bytes of a hint of a shop whose share of the store is `share`, at `now` (ms of a clock
 * that does not go back); false, and takes nothing, when they are not there. `links` is how many
 * new links it makes. */
bool hint_room_take(struct hint_room *room, const char *shop, int64_t share, size_t bytes,
	size_t links, int64_t now);

/* NULL is allowed. */
void hint_room_destroy(struct hint_room *room);

#endif
