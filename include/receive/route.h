/* Routes: what is at which path, and what its requests have to show.
 *
 * A new source is a row of the table: where its requests go, how their head and their body are
 * judged, and what becomes of them. */
#ifndef SEGRELAY_RECEIVE_ROUTE_H
#define SEGRELAY_RECEIVE_ROUTE_H

#include "receive/http/head_check.h"

struct MHD_Response;
struct engine;
struct error;
struct exchange;

enum { ROUTE_MAX_BODY = -1 }; /* the configuration's max_body */

/* `judge` sees the head alone; `verify` the complete body, with exchange->shop the shop that the
 * head names (NULL when it is not known); `describe` what is to be stored, after the parts that
 * every delivery has were filled in. All return VERDICT_NONE to go on, else what becomes of the
 * request. `admit` is called in the engine's thread, in the transaction that stores the delivery:
 * it may ask the store, and set exchange->verdict to refuse; -1 when the store failed. `respond`
 * makes the answer when it is not the one of the verdict, NULL when it is; the exchange destroys
 * it. Those that are NULL have nothing to say. */
struct route {
	const char *path;    /* the whole path, or with a "/" at its end what it begins with */
	const char *methods; /* that it takes, as Allow lists them */
	int64_t most;        /* bytes of a body; 0 where there is none */
	enum verdict stored; /* what became of a request that the engine took */
	enum verdict (*judge)(struct request_head *head);
	enum verdict (*verify)(struct exchange *exchange);
	enum verdict (*describe)(struct exchange *exchange);
	int (*admit)(struct exchange *exchange, struct engine *engine, struct error *error);
	struct MHD_Response *(*respond)(struct exchange *exchange);
};

/* The route of a path; NULL when nothing is there. */
const struct route *route_find(const char *path);

/* Whether it takes requests of a method. */
bool route_takes(const struct route *route, const char *method);

#endif
