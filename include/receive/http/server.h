/* What the loops of the public listener share: the engine, the configuration, the answers and the
 * counters. */
#ifndef SEGRELAY_RECEIVE_HTTP_SERVER_H
#define SEGRELAY_RECEIVE_HTTP_SERVER_H

#include "base/log.h"
#include "config/config.h"
#include "engine/engine.h"
#include "receive/http/http_metrics.h"
#include "receive/http/rejection_log.h"
#include "receive/sources/rate_limit.h"

#include <pthread.h>
#include <stdint.h>

struct MHD_Response;
struct scripts;

struct reception {
	struct engine *engine;
	pthread_mutex_t lock;
	struct config *config; /* under the lock */
	_Atomic int64_t request_timeout;
	_Atomic int64_t idle_timeout;
	struct rates *address_rates; /* of hints */
	struct rates *shop_rates;    /* apart: many addresses must not push a shop's out */
	struct rates *look_up_rates; /* of hints beyond them */
	struct scripts *scripts;     /* of the configuration's storefronts; under the lock */
	struct MHD_Response *answers[VERDICT_COUNT]; /* made once; NULL where none is given */
	struct log_limit limits[VERDICT_COUNT];
	struct log_limit accept_lines;
	struct traffic traffic;
};

/* Keeps a reference to the configuration. NULL when there is no memory. */
struct reception *reception_create(struct engine *engine, struct config *config);

/* Lets go of the configuration and frees it. NULL is allowed. */
void reception_destroy(struct reception *reception);

/* The configuration for a request that begins now: a reference, the caller's to release. */
struct config *reception_config(struct reception *reception);

/* The storefronts' scripts: a reference, the caller's to release; NULL when there was no memory. */
struct scripts *reception_scripts(struct reception *reception);

/* An answer as those of all requests of a verdict, for a header of its own; the caller's to
 * destroy. NULL when there is no memory. */
struct MHD_Response *reception_make_answer(enum verdict verdict);

/* Counts what became of a request and, unless it was stored, tells the log. */
void reception_count(struct reception *reception, const struct refusal *refusal);

/* Uses another configuration for requests that begin from now on. */
void reception_reload(struct reception *reception, struct config *config);

#endif
