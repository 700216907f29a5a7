/* Subscriptions: the paths of both versions of ReCharge's API, and of Shopify's contracts. */
#ifndef SEGRELAY_MAPPING_RECHARGE_SUBSCRIPTIONS_H
#define SEGRELAY_MAPPING_RECHARGE_SUBSCRIPTIONS_H

#include "mapping/work.h"

#define SUBSCRIPTION_UNIT "order_interval_unit|delivery_policy.interval"
#define SUBSCRIPTION_ORDER_EVERY "order_interval_frequency|delivery_policy.interval_count"
#define SUBSCRIPTION_CHARGE_UNIT "billing_policy.interval"
#define SUBSCRIPTION_CHARGE_EVERY "charge_interval_frequency|billing_policy.interval_count"

/* Stores the state that the delivery shows, and those of the subscriptions that its charge gives
 * up. */
void subscriptions_remember(struct work *work);

#endif
