/* How far a checkout is, and how far it was told. */
#ifndef SEGRELAY_MAPPING_SHOPIFY_CHECKOUTS_H
#define SEGRELAY_MAPPING_SHOPIFY_CHECKOUTS_H

#include "mapping/work.h"

/* Recalls how far the delivery's checkout was told, and finds how far it is now. */
void checkouts_recall(struct work *work);

/* Remembers how far it is told. */
void checkouts_remember(struct work *work);

#endif
