/* ReCharge's bodies: what they have in common, whichever version of its API wrote them. */
#ifndef SEGRELAY_MAPPING_RECHARGE_RECHARGE_COMMON_H
#define SEGRELAY_MAPPING_RECHARGE_RECHARGE_COMMON_H

#include "mapping/rules.h"

/* Paths of a product. */
#define RECHARGE_PRODUCT "external_product_id.ecommerce|shopify_product_id"
#define RECHARGE_VARIANT "external_variant_id.ecommerce|shopify_variant_id"

/* Charges and orders say it as Shopify's contracts do; of a subscription it is said only where it
 * is not the store's. */
#define RECHARGE_CURRENCY "currency|currency_code|presentment_currency"

/* The subscription, order, charge or customer that the delivery is about; of Shopify's own topics
 * the payload. NULL when it is not there. */
const cJSON *recharge_resource(const struct work *work);

/* Whether it says something beside its id. */
bool recharge_is_whole(const cJSON *resource);

/* What follows the slash of the delivery's topic: "created". */
const char *recharge_action(const struct work *work);

/* What the delivery tells of the customer, in the shape of Shopify's: for the traits. */
const cJSON *recharge_person(struct work *work);

/* The browser's id among the attributes that the first checkout left; NULL for none. */
const char *recharge_browser_id(struct work *work);

/* A time as text in UTC, cut to the second: the same for both versions. What is no time stays as it
 * is; NULL for nothing. */
const char *recharge_time(struct work *work, const cJSON *object, const char *path);
const char *recharge_second(struct work *work, const cJSON *object, const char *path);

/* When the webhook was sent first, else when it came: for what says no time itself. */
const char *recharge_came(struct work *work);

/* A subject of a rule: the object, with what its keys and times are made of. `path` is where it
 * says when that happened. NULL only when the work failed. */
cJSON *recharge_view(struct work *work, const cJSON *object, const char *path);

/* A unit of time as ReCharge writes it today: "Days" and "day" are one. NULL for NULL. */
const char *recharge_unit(struct work *work, const char *unit);

/* Converters of what the two versions write in different ways. */
converter as_lower;          /* a text in lower case */
converter as_upper;          /* a text in upper case */
converter as_unit;           /* a unit of time */
converter as_boolean_digit;  /* true or false; 1 or 0 */
converter as_date;           /* the day of a date or time, as it is written */
converter as_new_york_time;  /* a time, in UTC */
converter as_tags;           /* tags, as "a, b" or as a list, joined by "," */
converter recharge_currency; /* of an object; the shop's recharge_currency where it has none */

#endif
