/* Carts: their snapshots, and what was emitted of them. */
#ifndef SEGRELAY_MAPPING_SHOPIFY_CARTS_H
#define SEGRELAY_MAPPING_SHOPIFY_CARTS_H

#include "mapping/work.h"

/* Whether the delivery is a snapshot of a cart. It is only stored: a timer of the kind "cart" emits
 * the changes once the cart has not changed for cart_settle. */
bool carts_is_snapshot(const struct work *work);

/* Stores a snapshot, and sets or removes the cart's timer. */
void carts_update(struct work *work);

/* Stores, after the timer, that the changes of the cart were emitted. */
void carts_mark_emitted(struct work *work);

#endif
