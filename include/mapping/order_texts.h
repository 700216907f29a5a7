/* Texts that both an order's events and its record have. */
#ifndef SEGRELAY_MAPPING_ORDER_TEXTS_H
#define SEGRELAY_MAPPING_ORDER_TEXTS_H

#include "mapping/work.h"

/* The coupon codes of an order, joined by ","; NULL for none. */
const char *order_coupon(struct work *work, const cJSON *order);

/* The tags of an order joined by ",", "Shopify" for an untagged one. */
const char *order_affiliation(struct work *work, const cJSON *order);

#endif
