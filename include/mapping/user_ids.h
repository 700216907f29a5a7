/* The userIds that were emitted for a customer, for the erasure: an earlier e-mail may have been
 * one of them, and nothing else names it. */
#ifndef SEGRELAY_MAPPING_USER_IDS_H
#define SEGRELAY_MAPPING_USER_IDS_H

#include "mapping/work.h"

/* Writes the member `user_ids` of a customer's record: those of `record` (NULL for none) and `now`
 * (NULL for none), each once, the oldest first. Leaves out Shopify's customer id, which is the key
 * of the record. Of more than USER_IDS_MAX the oldest are left out. */
void user_ids_write(struct work *work, struct text *json, const cJSON *record,
	const char *customer_id, const char *now);

enum { USER_IDS_MAX = 32 };

#endif
