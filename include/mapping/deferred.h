/* Deferred deliveries: they need a record that another delivery writes. */
#ifndef SEGRELAY_MAPPING_DEFERRED_H
#define SEGRELAY_MAPPING_DEFERRED_H

#include "mapping/work.h"

/* The kinds of the records and of their timers. The first holds deliveries that need a subscriber's
 * customer id at Shopify, by the customer id at ReCharge; the second holds deliveries that need an
 * order, by its id. */
#define DEFERRED_FOR_CUSTOMER "customer_deferred"
#define DEFERRED_FOR_ORDER "order_deferred"

/* Defers the delivery if it lacks such a record: stores its body, and sets the timer with the first
 * one. Returns the reason; NULL when the delivery is to be mapped now, also because it is too large
 * to defer. */
const char *deferred_begin(struct work *work);

/* Whether deliveries are deferred under the key, and this one does not fit beside them. Then they
 * are mapped first, because they came first. */
bool deferred_is_full(struct work *work, const char *kind, const char *key);

/* Removes the record and its timer. Returns the deferred deliveries in the order of arrival, which
 * the caller maps; NULL for none. */
const cJSON *deferred_end(struct work *work, const char *kind, const char *key);

/* Reads one of them: fills the delivery and returns its body. Returns NULL when it cannot be read;
 * then the delivery has its id and topic only, if they are known. */
const cJSON *deferred_open(struct work *work, const cJSON *waiting, struct delivery *delivery);

#endif
