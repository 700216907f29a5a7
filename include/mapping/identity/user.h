/* Who a delivery is about. */
#ifndef SEGRELAY_MAPPING_IDENTITY_USER_H
#define SEGRELAY_MAPPING_IDENTITY_USER_H

#include "mapping/work.h"

/* Finds the ids and the e-mail, once the records are read. */
void user_find(struct work *work, struct person *person);

/* What the shop's user_id makes of a customer's id and e-mail; NULL for nothing. */
const char *user_id_of(struct work *work, const char *customer_id, const char *email);

#endif
