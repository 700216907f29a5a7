/* Which number each shop has at Shopify, remembered from the URLs of its verified bodies. */
#ifndef SEGRELAY_ENGINE_SHOP_NUMBERS_H
#define SEGRELAY_ENGINE_SHOP_NUMBERS_H

#include "engine/engine.h"

enum shop_number { NUMBER_UNKNOWN, NUMBER_OWN, NUMBER_OF_ANOTHER };

/* Whose a number in a body of the shop is; `counts` when it is a body that was not seen before. One
 * contradiction is no proof: a number is of another shop when a shop with the same secret was seen
 * with it more often, or when this one was seen with its own in many bodies. Inside a turn. 0, or
 * -1 when the store failed. */
int shop_numbers_judge(struct engine *engine, const struct shop *shop, const char *number,
	bool counts, struct arena *arena, enum shop_number *whose, struct error *error);

/* Removes the number of a shop. 0, or -1 when the store failed. */
int shop_numbers_erase(struct engine *engine, const char *domain, struct error *error);

#endif
