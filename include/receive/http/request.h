/* One request on its way: from its headers over the engine to its answer.
 *
 * It belongs to its loop's thread, but for the time between engine_submit and loop_resume, when it
 * belongs to the engine's. */
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

/* Strings of the head live as long as the request; what is made of it, in the arena. */
struct exchange {
	struct task task; /* the engine's; must be the first member */
	struct waiter waiter;
	struct loop *loop;
	struct MHD_Connection *connection;
	struct config *config;
	const struct shop *shop; /* NULL when it is not known */
	struct request_head head;
	enum verdict verdict; /* VERDICT_NONE until it is refused or stored */
	struct body body;
	size_t received;     /* bytes of the body, also those that were not kept */
	size_t secrets;      /* that were tried in vain */
	int64_t complete_at; /* when its last byte was there, clock_monotonic; 0 before */
	bool answered;
	bool refused;                         /* by the engine, for lack of room */
	struct scripts *scripts;              /* of those that are served; NULL for none */
	const struct script *script;          /* that is asked for */
	bool gzip;                            /* and in which form */
	const char *hint_tokens[HINT_TOKENS]; /* that a hint names; NULL for none */
	bool only_named; /* hints_per_shop is used up: for hints of what a webhook has named */
	struct arena *arena;
	struct delivery delivery;
	struct error error; /* why it was refused, or could not be stored */
};

/* libmicrohttpd's callbacks. Called when the headers are there, for each part of the body, when it
 * is complete, and again when the engine is done. `loop` is a struct loop. */
enum MHD_Result exchange_handle(void *loop, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *part, size_t *part_length,
	void **context);

/* Sets exchange->shop to the configured shop that the head names; NULL when there is none. Only for
 * routes whose check of the head has made sure that it names one. */
void exchange_find_shop(struct exchange *exchange);

/* Called when a request has ended in whatever way. */
void exchange_completed(void *loop, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode code);

#endif
