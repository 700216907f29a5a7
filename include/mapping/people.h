/* Who a delivery is about. */
#ifndef SEGRELAY_MAPPING_PEOPLE_H
#define SEGRELAY_MAPPING_PEOPLE_H

#include "mapping/work.h"

/* Whether the payload is a whole order. */
bool people_is_order(const struct work *work);

/* The id of the order that a delivery is about, NULL for none. */
const char *people_order(const struct work *work);

/* The customer object of the payload, NULL for none. */
const cJSON *people_customer(const struct work *work);

/* The browser's anonymousId, from the payload or remembered of the order; never a made-up one. */
const char *people_browser_id(const struct work *work);

/* Finds the ids and the e-mail, once order and customer are recalled. */
void people_find(struct work *work);

/* `a`, or `b` when `a` is NULL. */
const char *people_first(const char *a, const char *b);

#endif
