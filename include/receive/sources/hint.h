/* A hint of the storefront: what its script and pixel post, checked, as it is kept. */
#ifndef SEGRELAY_RECEIVE_SOURCES_HINT_H
#define SEGRELAY_RECEIVE_SOURCES_HINT_H

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

#include <stdint.h>

/* What the request tells beside the body; NULL for what is not known. */
struct hint_request {
	const char *ip;
	const char *user_agent;
	int64_t now; /* ms since 1970 */
};

/* The shop that a posted hint names; NULL for none. */
const char *hint_shop(const cJSON *posted);

/* Writes a posted hint as it is kept (topic HINT_TOPIC): what is known, each of its type and size,
 * and nothing else; a cart's token without the key that gives access to the cart; the event's time
 * now, when the browser's clock is wrong. 0, or -1 with a sentence that names the member. */
int hint_read(const cJSON *posted, const struct hint_request *request, struct text *kept,
	struct error *error);

#endif
