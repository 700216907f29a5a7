/* What ties the carts, checkouts and orders of one buyer together. */
#ifndef SEGRELAY_MAPPING_LINKS_H
#define SEGRELAY_MAPPING_LINKS_H

#include "mapping/work.h"

/* Recalls what is known by the tokens of the delivery. */
void links_recall(struct work *work);

/* The customer that the tokens lead to, NULL for none. */
const char *links_customer(const struct work *work);

/* The order that the cart or checkout became; NULL as long as there is none. */
const char *links_order(const struct work *work);

/* Remembers what the delivery taught of them. */
void links_remember(struct work *work);

#endif
