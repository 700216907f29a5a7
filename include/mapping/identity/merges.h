/* Two customers who became one. */
#ifndef SEGRELAY_MAPPING_IDENTITY_MERGES_H
#define SEGRELAY_MAPPING_IDENTITY_MERGES_H

#include "mapping/work.h"

/* Recalls the customer who was merged into the one that the delivery is about. */
void merges_recall(struct work *work, struct stored *stored);

/* Remembers that the one leads to the other. */
void merges_remember(struct work *work);

/* The userId that the customer who is gone had; NULL for none. */
const char *merges_previous_id(struct work *work);

#endif
