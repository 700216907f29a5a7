/* Which number each shop has at Shopify, remembered from the URLs of its verified bodies. */
#ifndef SEGRELAY_ENGINE_SHOP_NUMBERS_H
#define SEGRELAY_ENGINE_SHOP_NUMBERS_H

#include "engine/engine.h"

enum shop_number { NUMBER_UNKNOWN, NUMBER_OWN, NUMBER_OF_ANOTHER };

/* How often a shop was seen with its number, for writing. */
struct shop_count {
	const char *number; /* in the arena, or the body's; NULL when nothing is to be written */
	int64_t seen;
};

/* Whose a number in a body of the shop is; `counts` when it is a body that was not seen before:
 * then *count is what to write once the delivery is stored for good. One contradiction is no proof:
 * a number is of another shop when a shop with the same secret was seen with it more often, or when
 * this one was seen with its own in many bodies. Inside a turn. 0, or -1 when the store failed. */
int shop_numbers_judge(struct engine *engine, const struct shop *shop, const char *number,
	bool counts, struct arena *arena, enum shop_number *whose, struct shop_count *count,
	struct error *error);

/* Writes the count of a shop, unless there is nothing to write. Inside a turn. 0, or -1 when the
 * store failed. */
int shop_numbers_write(struct engine *engine, const char *domain, const struct shop_count *count,
	struct error *error);

/* Removes the number of a shop. 0, or -1 when the store failed. */
int shop_numbers_erase(struct engine *engine, const char *domain, struct error *error);

#endif
