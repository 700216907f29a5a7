/* One request, from its headers through the engine to its answer.
 *
 * It belongs to its loop's thread, except between engine_submit and loop_resume, when it belongs to
 * the engine's thread. */
#ifndef SEGRELAY_RECEIVE_HTTP_REQUEST_H
#define SEGRELAY_RECEIVE_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/error.h"
#include "config/config.h"
#include "engine/engine.h"
#include "engine/hint_room.h"
#include "receive/http/body.h"
#include "receive/http/head_check.h"
#include "receive/http/loop.h"
#include "receive/sources/scripts.h"

#include <microhttpd.h>

/* Strings of the head are valid as long as the request; those derived from it are in the arena. */
struct http_request {
	struct task task; /* for the engine; must be the first member */
	struct waiter waiter;
	struct loop *loop;
	struct MHD_Connection *connection;
	struct config *config;
	const struct shop *shop; /* NULL when it is not known */
	struct request_head head;
	enum http_outcome outcome; /* HTTP_UNDECIDED until it is rejected or stored */
	struct body body;
	size_t received;     /* bytes of the body, including dropped ones */
	size_t secrets;      /* that did not match the signature */
	int64_t complete_at; /* when its last byte was received, clock_monotonic; 0 before */
	bool answered;
	bool refused;                         /* by the engine, without memory */
	struct scripts *scripts;              /* for the storefront's files; NULL for none */
	const struct script *script;          /* the requested file */
	bool gzip;                            /* whether it is served compressed */
	const char *hint_tokens[HINT_TOKENS]; /* named by a hint; NULL for none */
	bool only_named; /* hints_per_shop is used up: accept only hints of carts that a webhook has
			    named */
	struct arena *arena;
	struct delivery delivery;
	struct error error; /* why it was rejected or could not be stored */
};

/* libmicrohttpd's callback: called when the headers were received, for each part of the body, at
 * its end, and again when the engine is done. `loop` is a struct loop. */
enum MHD_Result http_request_handle(void *loop, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *part, size_t *part_length,
	void **context);

/* Sets request->shop to the configured shop that the head names; NULL when there is none. Only for
 * routes whose check_head makes sure that the head names one. */
void http_request_find_shop(struct http_request *request);

/* libmicrohttpd's callback when a request has ended for any reason. */
void http_request_completed(void *loop, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode code);

#endif
