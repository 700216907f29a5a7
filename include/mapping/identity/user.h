/* The person of a delivery. */
#ifndef SEGRELAY_MAPPING_IDENTITY_USER_H
#define SEGRELAY_MAPPING_IDENTITY_USER_H

#include "mapping/work.h"

/* Finds the ids and the e-mail, once the records are read. */
void user_find(struct work *work, struct person *person);

/* The userId of a customer by the shop's option user_id; NULL for none. */
const char *user_id_of(struct work *work, const char *customer_id, const char *email);

#endif
