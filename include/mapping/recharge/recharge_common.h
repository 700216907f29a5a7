/* What ReCharge's bodies have in common, in both versions of its API. */
#ifndef SEGRELAY_MAPPING_RECHARGE_RECHARGE_COMMON_H
#define SEGRELAY_MAPPING_RECHARGE_RECHARGE_COMMON_H

#include "mapping/rules.h"

/* Paths of a product. */
#define RECHARGE_PRODUCT "external_product_id.ecommerce|shopify_product_id"
#define RECHARGE_VARIANT "external_variant_id.ecommerce|shopify_variant_id"

/* Charges and orders have it as Shopify's contracts do; a subscription has it only when it is not
 * the store's. */
#define RECHARGE_CURRENCY "currency|currency_code|presentment_currency"

/* The subscription, order, charge or customer of the delivery; the payload for Shopify's own
 * topics. NULL when it is missing. */
const cJSON *recharge_resource(const struct work *work);

/* Whether it has a member other than its id. */
bool recharge_is_whole(const cJSON *resource);

/* The part of the topic after the slash: "created". */
const char *recharge_action(const struct work *work);

/* The customer of the delivery in the shape of Shopify's, for the traits. */
const cJSON *recharge_person(struct work *work);

/* The browser's id in the attributes that the first checkout left; NULL for none. */
const char *recharge_browser_id(struct work *work);

/* A time as text in UTC, cut to the second: the same in both versions. A text that is not a time
 * stays as it is; NULL for none. */
const char *recharge_time(struct work *work, const cJSON *object, const char *path);
const char *recharge_second(struct work *work, const cJSON *object, const char *path);

/* When the webhook was first sent, or else received: for bodies without a time. */
const char *recharge_came(struct work *work);

/* A view of the object with the members that keys and timestamps are made of. `path` is the time of
 * the event. NULL only when the work has failed. */
cJSON *recharge_view(struct work *work, const cJSON *object, const char *path);

/* A unit of time as ReCharge writes it today: "Days" becomes "day". NULL for NULL. */
const char *recharge_unit(struct work *work, const char *unit);

/* Converters of values that the two versions write differently. */
converter as_lower;          /* a text in lower case */
converter as_upper;          /* a text in upper case */
converter as_unit;           /* a unit of time */
converter as_boolean_digit;  /* true, false, 1 or 0 */
converter as_date;           /* the date of a date or time, without a conversion of the zone */
converter as_new_york_time;  /* a time in New York's zone or with a zone, in UTC */
converter as_tags;           /* tags, "a, b" or a list, joined by "," */
converter recharge_currency; /* of an object; the shop's recharge_currency when it has none */

#endif
