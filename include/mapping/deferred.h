/* Deliveries that wait for what another one will tell. */
#ifndef SEGRELAY_MAPPING_DEFERRED_H
#define SEGRELAY_MAPPING_DEFERRED_H

#include "mapping/work.h"

/* The kinds of the records, and of their timers: what waits for Shopify's id of a subscriber, by
 * ReCharge's; what waits for an order, by its id. */
#define DEFERRED_FOR_CUSTOMER "customer_wait"
#define DEFERRED_FOR_ORDER "order_wait"

/* Lets the delivery wait if it must and may, and says for what: remembers its body, and sets the
 * timer with the first one. NULL when it is to be told now; also when it is too large to wait. */
const char *deferred_begin(struct work *work);

/* Whether something waits, and this delivery does not go with it: then what waits is to be told
 * first, as it came first. */
bool deferred_is_full(struct work *work, const char *kind, const char *key);

/* What waits, in the order of arrival; NULL for nothing. Ends the waiting: whoever asks tells it.
 */
const cJSON *deferred_end(struct work *work, const char *kind, const char *key);

/* One of these as the delivery that it was, with its body; NULL when that cannot be read: then only
 * id and topic of the delivery are set, as far as they are known. */
const cJSON *deferred_open(struct work *work, const cJSON *waiting, struct delivery *delivery);

#endif
