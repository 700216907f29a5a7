/* The parts of identity/: for its own files only. */
#ifndef SEGRELAY_MAPPING_IDENTITY_IDENTITY_PRIVATE_H
#define SEGRELAY_MAPPING_IDENTITY_IDENTITY_PRIVATE_H

#include "mapping/identity/identity.h"

/* Merges the delivery, which is a hint, into a link that was read. */
void browser_join(struct work *work, struct recalled *link);

/* Reads the records of the delivery's tokens, or of its account at ReCharge. */
void links_recall(struct work *work, struct stored *stored);

/* The customer of the tokens; NULL for none. */
const char *links_customer(const struct work *work);

/* A subscriber's first browser id, perhaps years old; NULL for none. */
const char *links_first_browser(struct work *work);

/* Reads the record of the customer who was merged into another one. */
void merges_recall(struct work *work, struct stored *stored);

/* Writes into the record of the merged customer who the other one is. */
void merges_remember(struct work *work);

/* Merges the stored tags with those of `update` or of the payload, into `customer`. */
void tags_join(struct work *work, cJSON *customer, const cJSON *update);

/* Reads the record of a customer, and of whoever that one was merged into. Sets the person's
 * customer_id, and `customer`: the record and the payload together. */
void traits_recall(struct work *work, struct stored *stored, struct identity *identity,
	const char *customer_id);

/* Whether a customer's account is shown as enabled. */
bool traits_are_enabled(const cJSON *customer);

/* Writes the record of the customer. */
void traits_remember(struct work *work);

/* Finds the ids and the e-mail, once the records are read. */
void user_find(struct work *work, struct person *person);

#endif
