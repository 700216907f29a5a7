/* The number of each shop at Shopify, recorded from the URLs in its verified bodies. */
#ifndef SEGRELAY_ENGINE_SHOP_NUMBERS_H
#define SEGRELAY_ENGINE_SHOP_NUMBERS_H

#include "engine/engine.h"

enum shop_number { NUMBER_UNKNOWN, NUMBER_OWN, NUMBER_OF_ANOTHER };

/* The count of bodies with a shop's number, to be written. */
struct shop_count {
	const char *number; /* in the arena, or in the body; NULL for nothing to write */
	int64_t seen;
};

/* Finds the owner of a number in a body of the shop. `counts` when the body is new; then *count is
 * to be written when the delivery stays stored. One contradiction is not a proof: a number belongs
 * to another shop when a shop with the same secret had it in more bodies, or when this shop had its
 * own number in many bodies. Inside a turn. 0, or -1 when the store failed. */
int shop_numbers_check(struct engine *engine, const struct shop *shop, const char *number,
	bool counts, struct arena *arena, enum shop_number *whose, struct shop_count *count,
	struct error *error);

/* Writes the count of a shop, if any. Inside a turn. 0, or -1 when the store failed. */
int shop_numbers_write(struct engine *engine, const char *domain, const struct shop_count *count,
	struct error *error);

/* Removes the number of a shop. 0, or -1 when the store failed. */
int shop_numbers_erase(struct engine *engine, const char *domain, struct error *error);

#endif
