/* A charge of ReCharge's. */
#ifndef SEGRELAY_MAPPING_RECHARGE_CHARGES_H
#define SEGRELAY_MAPPING_RECHARGE_CHARGES_H

#include "base/json.h"

/* When it was tried last. */
#define CHARGE_TIME "last_charge_attempt|last_charge_attempt_date|updated_at"

/* The number of tries. */
#define CHARGE_TRIES "number_times_tried|charge_attempts"

/* Lines of a charge whose subscriptions are looked at; what has more was made up. */
enum { CHARGE_LINES_MAX = 250 };

/* Whether its last try has failed: no further one is made. */
bool charge_is_given_up(const cJSON *charge);

/* Whether an error_type, in any case, is one of the payment itself. */
bool charge_is_payment_error(const char *type);

#endif
