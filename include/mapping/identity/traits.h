/* What is known of a customer, and what a delivery adds to it. */
#ifndef SEGRELAY_MAPPING_IDENTITY_TRAITS_H
#define SEGRELAY_MAPPING_IDENTITY_TRAITS_H

#include "mapping/work.h"

/* Recalls the customer of an id, and of whoever that one was merged into: sets the person's
 * customer_id, `known`, and `customer` as known and payload together say. */
void traits_recall(struct work *work, const char *customer_id);

/* Whether a customer's account is shown as enabled. */
bool traits_are_enabled(const cJSON *customer);

/* Remembers the customer. */
void traits_remember(struct work *work);

#endif
