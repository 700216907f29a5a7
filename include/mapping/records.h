/* Reads the records that a delivery needs, and updates them afterwards. */
#ifndef SEGRELAY_MAPPING_RECORDS_H
#define SEGRELAY_MAPPING_RECORDS_H

#include "mapping/work.h"

/* Reads the records, and finds out who the delivery is about. `work` points at both. */
void records_recall(struct work *work, struct stored *stored, struct identity *identity);

/* Updates the records by the delivery. */
void records_remember(struct work *work);

#endif
