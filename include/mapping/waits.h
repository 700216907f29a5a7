/* What ReCharge told of a customer whom Shopify's id does not name yet. */
#ifndef SEGRELAY_MAPPING_WAITS_H
#define SEGRELAY_MAPPING_WAITS_H

#include "mapping/work.h"

/* The kind of the records, and of their timers: by ReCharge's id of the customer. */
#define WAIT_KIND "recharge_wait"

/* Whether the delivery is to wait. Only what would tell something does. */
bool waits_must(const struct work *work);

/* Lets it wait: remembers its body, and sets the timer with the first one. False when it cannot,
 * because too much waits already. */
bool waits_begin(struct work *work);

/* What waits for a customer, in the order of arrival; NULL for nothing. Ends the waiting: whoever
 * asks tells it. */
const cJSON *waits_end(struct work *work, const char *account_id);

/* One of these as the delivery that it was, with its body; NULL when that cannot be read. */
const cJSON *waits_open(struct work *work, const cJSON *waiting, struct delivery *delivery);

#endif
