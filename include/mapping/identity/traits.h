/* A customer's traits: the record, and how a delivery changes it. */
#ifndef SEGRELAY_MAPPING_IDENTITY_TRAITS_H
#define SEGRELAY_MAPPING_IDENTITY_TRAITS_H

#include "mapping/work.h"

/* Reads the record of a customer, and of whoever that one was merged into. Sets the person's
 * customer_id, and `customer`: the record and the payload together. */
void traits_recall(struct work *work, struct stored *stored, struct identity *identity,
	const char *customer_id);

/* Whether a customer's account is shown as enabled. */
bool traits_are_enabled(const cJSON *customer);

/* Whether the delivery shows that the account was enabled: once per customer until it is disabled
 * again, by customers/enable, or by an update whose stored state was another. */
bool traits_turned_enabled(const struct work *work);

/* Writes the record of the customer. */
void traits_remember(struct work *work);

#endif
