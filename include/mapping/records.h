/* What the relay learns from a delivery and knows when the next one comes: orders and customers. */
#ifndef SEGRELAY_MAPPING_RECORDS_H
#define SEGRELAY_MAPPING_RECORDS_H

#include "mapping/work.h"

/* Reads the records, and finds out who the delivery is about. `work` points at both. */
void records_recall(struct work *work, struct stored *stored, struct identity *identity);

/* Remembers what the delivery taught. */
void records_remember(struct work *work);

#endif
