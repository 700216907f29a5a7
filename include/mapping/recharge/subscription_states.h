/* The newest stored state of a subscription. */
#ifndef SEGRELAY_MAPPING_RECHARGE_SUBSCRIPTION_STATES_H
#define SEGRELAY_MAPPING_RECHARGE_SUBSCRIPTION_STATES_H

#include "mapping/work.h"

/* Reads the state of the subscription that the delivery is about. */
void states_recall(struct work *work, struct stored *stored);

/* The customer of a contract, by Shopify's id; NULL when it is not known. */
const char *states_customer(const struct work *work);

/* The stored state of one of ReCharge's subscriptions, by its id. */
struct recalled states_stored(struct work *work, const char *id);

/* Whether a state is cancelled or expired. */
bool states_is_over(const cJSON *state);

/* Whether the delivery shows a state that differs from the stored one. Only values that both have
 * are compared. */
bool states_is_changed(struct work *work, const cJSON *subscription);

/* A name of the state that the delivery shows: the same in both versions of ReCharge's API. NULL
 * only when the work has failed. */
const char *states_name(struct work *work, const cJSON *subscription);

/* Whether the delivery shows a state that is older than the stored one. */
bool states_is_older(struct work *work, const cJSON *subscription);

/* Of an older state: whether the last change of the stored state, which was emitted, led to it. */
bool states_is_shown(struct work *work, const cJSON *subscription);

/* The id of the subscription of a line of a charge; NULL for none. */
const char *states_line_subscription(const cJSON *line);

/* Stores the state that the delivery shows. `first_seen` is the time of an update that emitted
 * nothing because there was no stored state to compare it with; otherwise NULL. */
void states_remember(struct work *work, const char *first_seen);

/* Stores the subscriptions of a charge whose last try has failed as cancelled. */
void states_remember_given_up(struct work *work);

#endif
