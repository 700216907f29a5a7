/* The routes: for each path, how its requests are checked and stored.
 *
 * A new source of deliveries is a row of the table in route.c. */
#ifndef SEGRELAY_RECEIVE_ROUTE_H
#define SEGRELAY_RECEIVE_ROUTE_H

#include "receive/http/head_check.h"

struct MHD_Response;
struct engine;
struct error;
struct http_request;

enum { ROUTE_MAX_BODY = -1 }; /* the option max_body */

/* `check_head` checks the head alone. `authenticate` checks the complete body. `build_delivery`
 * fills the delivery, after the members common to all were set. Each returns HTTP_UNDECIDED to go
 * on, else the request's outcome. `check_quota` runs in the engine's thread, in the transaction
 * that stores the delivery: it may read the store, and set request->outcome to reject the request;
 * -1 when the store failed. `respond` makes an answer other than the shared one of the outcome, or
 * returns NULL; the caller destroys it. Hooks that are NULL are skipped. */
struct route {
	const char *path;         /* the whole path, or a prefix when it ends with "/" */
	const char *methods;      /* those allowed, in the format of Allow */
	int64_t most;             /* maximum size of the body; 0 for none */
	enum http_outcome stored; /* the outcome of a request that the engine stored */
	enum http_outcome (*check_head)(struct request_head *head);
	enum http_outcome (*authenticate)(struct http_request *request);
	enum http_outcome (*build_delivery)(struct http_request *request);
	int (*check_quota)(
		struct http_request *request, struct engine *engine, struct error *error);
	struct MHD_Response *(*respond)(struct http_request *request);
};

/* The route of a path; NULL for an unknown path. */
const struct route *route_find(const char *path);

/* Whether it allows a method. */
bool route_takes(const struct route *route, const char *method);

#endif
