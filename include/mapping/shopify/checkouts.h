/* The steps of a checkout: those that are done, and those that were emitted. */
#ifndef SEGRELAY_MAPPING_SHOPIFY_CHECKOUTS_H
#define SEGRELAY_MAPPING_SHOPIFY_CHECKOUTS_H

#include "mapping/work.h"

/* Reads the record of the delivery's checkout. */
void checkouts_recall(struct work *work, struct stored *stored);

/* Steps of a checkout, from 1; 0 for none. */
struct progress {
	int before; /* the last step that was emitted by earlier deliveries */
	int now;    /* the last step that the delivery shows as done */
};

struct progress checkouts_progress(const struct work *work);

/* Stores the last step. */
void checkouts_remember(struct work *work);

#endif
