/* The newest known state of a subscription. */
#ifndef SEGRELAY_MAPPING_RECHARGE_SUBSCRIPTION_STATES_H
#define SEGRELAY_MAPPING_RECHARGE_SUBSCRIPTION_STATES_H

#include "mapping/work.h"

/* Recalls the state of the subscription that the delivery is about. */
void states_recall(struct work *work, struct stored *stored);

/* Whose contract it is, by Shopify's id; NULL when not known. */
const char *states_customer(const struct work *work);

/* What is known of a subscription of ReCharge's, by its id. */
struct recalled states_stored(struct work *work, const char *id);

/* Whether that state is cancelled or expired. */
bool states_is_over(const cJSON *state);

/* Whether the delivery shows another state than what is known, as far as both say something. */
bool states_is_changed(struct work *work, const cJSON *subscription);

/* A name of the state that the delivery shows: the same whichever version of ReCharge's API wrote
 * it. NULL only when the work failed. */
const char *states_name(struct work *work, const cJSON *subscription);

/* Whether it shows one from before that. */
bool states_is_older(struct work *work, const cJSON *subscription);

/* Of an older one: whether the last change of what is known, which was told, led to this state. */
bool states_is_shown(struct work *work, const cJSON *subscription);

/* The id of the subscription that a line of a charge is of; NULL for none. */
const char *states_line_subscription(const cJSON *line);

/* Remembers the state that the delivery shows. `first_seen` is the time of an update that emitted
 * nothing, as there was no stored state to compare it with; else NULL. */
void states_remember(struct work *work, const char *first_seen);

/* Remembers as cancelled the subscriptions of a charge whose last try has failed. */
void states_remember_given_up(struct work *work);

#endif
