/* A customer's tags. */
#ifndef SEGRELAY_MAPPING_IDENTITY_TAGS_H
#define SEGRELAY_MAPPING_IDENTITY_TAGS_H

#include "mapping/work.h"

/* Merges the stored tags with those of `update` or of the payload, into `customer`. */
void tags_join(struct work *work, cJSON *customer, const cJSON *update);

#endif
