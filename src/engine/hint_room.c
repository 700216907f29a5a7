/* Limits the space of hints in the store. */
#include "engine/hint_room.h"

#include "engine/engine_private.h"
#include "mapping/identity/identity.h"

#include <stdlib.h>
#include <string.h>

enum {
	DELIVERIES_PART = 256, /* of a shop's share of max_store; the same again for named ones */
	LINKS_PART = 64,
	START = 8, /* part at the start: restarts must not fill the buckets */
	PAGE = 4096,
	LEAST = 4 * PAGE, /* minimum of a bucket */
	ROW = 600,        /* bytes of a row with its indexes, without the body */
};

struct bucket {
	double left; /* bytes */
	double most;
	int64_t at;
};

struct shop_room {
	struct shop_room *next;
	char *shop;
	struct bucket deliveries;
	struct bucket named; /* deliveries, too */
	struct bucket links;
};

struct hint_room {
	struct shop_room *first;
};

struct hint_room *hint_room_create(void)
{
	return calloc(1, sizeof(struct hint_room));
}

void hint_room_destroy(struct hint_room *room)
{
	struct shop_room *next;

	for (struct shop_room *shop = room != NULL ? room->first : NULL; shop != NULL;
		shop = next) {
		next = shop->next;
		free(shop->shop);
		free(shop);
	}
	free(room);
}

/* ---- buckets ---- */

static void fill(struct bucket *bucket, int64_t most, int64_t period, int64_t now)
{
	bool is_new = bucket->most == 0;

	bucket->most = (double)(most > LEAST ? most : LEAST);
	if (is_new)
		bucket->left = bucket->most / START > LEAST ? bucket->most / START : LEAST;
	else if (now > bucket->at)
		bucket->left += bucket->most * (double)(now - bucket->at) / (double)period;
	if (bucket->left > bucket->most)
		bucket->left = bucket->most;
	if (is_new || now > bucket->at)
		bucket->at = now;
}

static struct shop_room *find(struct hint_room *room, const char *shop)
{
	for (struct shop_room *it = room->first; it != NULL; it = it->next)
		if (strcmp(it->shop, shop) == 0)
			return it;
	return NULL;
}

/* The count is limited by the configured shops, also over reloads. */
static struct shop_room *find_or_add(struct hint_room *room, const char *shop)
{
	struct shop_room *found = find(room, shop);

	if (found != NULL)
		return found;
	found = calloc(1, sizeof(*found));
	if (found != NULL)
		found->shop = strdup(shop);
	if (found == NULL || found->shop == NULL) {
		free(found);
		return NULL;
	}
	found->next = room->first;
	room->first = found;
	return found;
}

/* Rows that do not share a page occupy whole pages. */
static double delivery_cost(size_t bytes)
{
	size_t whole = bytes + ROW;

	return (double)(whole < PAGE / 2 ? whole : (whole / PAGE + 1) * PAGE);
}

/* Pages of a tree with random keys are two thirds full. */
static double link_cost(size_t bytes)
{
	return (double)((bytes < LINK_MAX ? bytes : LINK_MAX) + ROW) * 1.5;
}

static bool pay(struct bucket *bucket, double bytes)
{
	if (bucket->left < bytes)
		return false;
	bucket->left -= bytes;
	return true;
}

bool hint_room_pay(struct hint_room *room, const char *shop, int64_t share, size_t bytes,
	size_t links, int64_t now)
{
	struct shop_room *own = find_or_add(room, shop);
	double for_links = link_cost(bytes) * (double)links;
	double for_delivery = delivery_cost(bytes);

	if (own == NULL)
		return false;
	fill(&own->deliveries, share / DELIVERIES_PART, HINT_DELIVERY_TTL, now);
	fill(&own->named, share / DELIVERIES_PART, HINT_DELIVERY_TTL, now);
	fill(&own->links, share / LINKS_PART, HINT_LINK_TTL, now);
	if (links == 0)
		return pay(&own->named, for_delivery) || pay(&own->deliveries, for_delivery);
	if (own->links.left < for_links || !pay(&own->deliveries, for_delivery))
		return false;
	return pay(&own->links, for_links);
}

void hint_room_refund(struct hint_room *room, const char *shop, size_t bytes)
{
	struct shop_room *own = find(room, shop);

	if (own == NULL)
		return;
	own->links.left += link_cost(bytes);
	if (own->links.left > own->links.most)
		own->links.left = own->links.most;
}

/* ---- hints ---- */

static int64_t share_of(const struct config *config)
{
	int64_t storefronts = 0;

	for (size_t i = 0; i < config->shop_count; i++)
		storefronts += config->shops[i].storefront_origins.count > 0;
	return config->max_store / (storefronts > 0 ? storefronts : 1);
}

/* Whether a webhook has named the cart or the checkout. */
static int find_named(struct engine *engine, const char *shop, const char *token,
	struct arena *arena, bool *is_named, struct error *error)
{
	static const char *const kinds[] = {"link", "cart", "checkout"};
	const char *json = NULL;

	*is_named = false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !*is_named; i++) {
		if (store_get_record(engine->store, shop, kinds[i], token, arena, &json, error) !=
			0)
			return -1;
		*is_named = json != NULL && (i > 0 || links_are_named(json));
	}
	return 0;
}

int hint_room_admit(struct engine *engine, const struct hint_claim *claim, struct arena *arena,
	enum hint_admission *admission, struct error *error)
{
	size_t links = 0;

	for (size_t i = 0; i < HINT_TOKENS; i++) {
		bool is_named = true;

		if (claim->tokens[i] != NULL && find_named(engine, claim->shop, claim->tokens[i],
							arena, &is_named, error) != 0)
			return -1;
		links += !is_named;
	}
	if (links > 0 && claim->only_named)
		*admission = HINT_TOO_MANY;
	else if (!hint_room_pay(engine->hint_room, claim->shop, share_of(engine->config),
			 claim->bytes, links, clock_monotonic()))
		*admission = HINT_NO_ROOM;
	else
		*admission = HINT_ADMITTED;
	return 0;
}
