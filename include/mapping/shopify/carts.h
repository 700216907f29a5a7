/* Carts: snapshots that come in, and what was told of them. */
#ifndef SEGRELAY_MAPPING_SHOPIFY_CARTS_H
#define SEGRELAY_MAPPING_SHOPIFY_CARTS_H

#include "mapping/work.h"

/* Whether the delivery is a snapshot of a cart. It is only remembered: a timer of the kind "cart"
 * tells the changes once the cart has rested. */
bool carts_is_snapshot(const struct work *work);

/* Remembers a snapshot, and sets or ends the cart's timer. */
void carts_update(struct work *work);

/* Remembers, after the timer, that what is known of the cart was told. */
void carts_mark_emitted(struct work *work);

#endif
