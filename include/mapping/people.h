/* Who a delivery is about. */
#ifndef SEGRELAY_MAPPING_PEOPLE_H
#define SEGRELAY_MAPPING_PEOPLE_H

#include "mapping/work.h"

/* Finds the ids and the e-mail, once all that is remembered is recalled. */
void people_find(struct work *work);

/* What the shop's user_id makes of a customer's id and e-mail; NULL for nothing. */
const char *people_user_id(struct work *work, const char *customer_id, const char *email);

/* The value of the first of the configured attributes in a list of names and values; NULL for none.
 */
const char *people_attribute(const cJSON *attributes, const struct strings *names);

/* The browser's anonymousId; NULL when it is made up or not known. */
const char *people_browser_id(const struct work *work);

/* `a`, or `b` when `a` is NULL. */
const char *people_first(const char *a, const char *b);

#endif
