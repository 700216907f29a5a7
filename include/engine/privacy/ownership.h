/* What of all that is kept belongs to one person. */
#ifndef SEGRELAY_ENGINE_PRIVACY_OWNERSHIP_H
#define SEGRELAY_ENGINE_PRIVACY_OWNERSHIP_H

#include "engine/privacy/identifiers.h"
#include "store/store.h"

/* Whether a record, a delivery's body, or a queued message is about the person of these words.
 *
 * What names a customer is theirs only when it names this one: a browser or a cart may be shared.
 * A link that names nobody is theirs by its browser, too.
 * What names none is theirs when any id, token or address of theirs stands in it. What names a
 * customer of ReCharge's alone is theirs by that id or its e-mail. `scratch` takes what is parsed.
 */
bool person_owns_record(const struct words *words, const struct record *record, const cJSON *json,
	struct arena *scratch);
bool person_owns_delivery(const struct words *words, const char *topic, const cJSON *body);
bool person_owns_message(const struct words *words, const cJSON *message);

/* Adds what a record of theirs tells of further ids, tokens and addresses. How many were new, or -1
 * when memory runs out. */
int person_learn(struct words *words, const struct record *record, const cJSON *json);

#endif
