/* What the relay learns from a delivery and knows when the next one comes: orders and customers. */
#ifndef SEGRELAY_MAPPING_RECORDS_H
#define SEGRELAY_MAPPING_RECORDS_H

#include "mapping/work.h"

/* Recalls what is known, and finds out who the delivery is about. */
void memories_recall(struct work *work);

/* Remembers what the delivery taught. */
void memories_remember(struct work *work);

#endif
