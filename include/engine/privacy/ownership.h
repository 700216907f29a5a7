/* Whether a record, a delivery or a message belongs to one person. */
#ifndef SEGRELAY_ENGINE_PRIVACY_OWNERSHIP_H
#define SEGRELAY_ENGINE_PRIVACY_OWNERSHIP_H

#include "engine/privacy/identifiers.h"
#include "store/store.h"

/* Whether a record, a delivery's body, or a queued message belongs to the person with these
 * identifiers.
 *
 * Data that names a customer belongs to that customer only: a browser or a cart may be shared. A
 * link without a customer, order or e-mail belongs to its browser. Other data that names no
 * customer belongs to the person if any of the identifiers is in it. Data that names only a
 * customer of ReCharge's belongs to that id or its e-mail. `scratch` takes what is parsed. */
bool person_owns_record(const struct identifiers *identifiers, const struct record *record,
	const cJSON *json, struct arena *scratch);
bool person_owns_delivery(
	const struct identifiers *identifiers, const char *topic, const cJSON *body);
bool person_owns_message(const struct identifiers *identifiers, const cJSON *message);

/* Adds the identifiers of a record of the person. Returns how many were new, or -1 when memory runs
 * out. */
int person_collect(struct identifiers *identifiers, const struct record *record, const cJSON *json);

#endif
