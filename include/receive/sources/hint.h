/* A hint of the storefront: validates the JSON that the script and the pixel post, and writes it in
 * the stored form. */
#ifndef SEGRELAY_RECEIVE_SOURCES_HINT_H
#define SEGRELAY_RECEIVE_SOURCES_HINT_H

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

#include <stdint.h>

/* Data of the request beside the body; NULL when unknown. */
struct hint_request {
	const char *ip;
	const char *user_agent;
	int64_t now; /* ms since 1970 */
};

/* The shop that a posted hint names; NULL for none. */
const char *hint_shop(const cJSON *posted);

/* Writes a posted hint in the stored form (topic HINT_TOPIC): only known members, each of its type
 * and size; a cart token without the key that gives access to the cart; the current time for an
 * event of a wrong clock. 0, or -1 with an error that names the member. */
int hint_read(const cJSON *posted, const struct hint_request *request, struct text *kept,
	struct error *error);

#endif
