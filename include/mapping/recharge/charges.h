/* ReCharge's charges. */
#ifndef SEGRELAY_MAPPING_RECHARGE_CHARGES_H
#define SEGRELAY_MAPPING_RECHARGE_CHARGES_H

#include "base/json.h"

/* When it was tried last. */
#define CHARGE_TIME "last_charge_attempt|last_charge_attempt_date|updated_at"

/* The number of tries. */
#define CHARGE_TRIES "number_times_tried|charge_attempts"

/* The most lines of a charge whose subscriptions are read; no real charge has more. */
enum { CHARGE_LINES_MAX = 250 };

/* Whether the last try of a charge has failed: ReCharge does not try again. */
bool charge_is_given_up(const cJSON *charge);

/* Whether an error_type, in any case, is an error of the payment. */
bool charge_is_payment_error(const char *type);

#endif
