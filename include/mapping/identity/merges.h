/* Merges of two customers. */
#ifndef SEGRELAY_MAPPING_IDENTITY_MERGES_H
#define SEGRELAY_MAPPING_IDENTITY_MERGES_H

#include "mapping/work.h"

/* Reads the record of the customer who was merged into another one. */
void merges_recall(struct work *work, struct stored *stored);

/* Writes into the record of the merged customer who the other one is. */
void merges_remember(struct work *work);

/* The userId of the customer who was merged; NULL for none. */
const char *merges_previous_id(struct work *work);

#endif
