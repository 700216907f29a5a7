/* The state that the loops of the public listener share: the engine, the configuration, the answers
 * and the counters. */
#ifndef SEGRELAY_RECEIVE_HTTP_SERVER_H
#define SEGRELAY_RECEIVE_HTTP_SERVER_H

#include "base/log.h"
#include "config/config.h"
#include "engine/engine.h"
#include "receive/http/http_metrics.h"
#include "receive/http/rejection_log.h"
#include "receive/sources/rate_limiter.h"

#include <pthread.h>
#include <stdint.h>

struct MHD_Response;
struct scripts;

struct server {
	struct engine *engine;
	pthread_mutex_t lock;
	struct config *config; /* under the lock */
	_Atomic int64_t request_timeout;
	_Atomic int64_t idle_timeout;
	struct rate_limiter *address_limiter; /* for hints, by client address */
	struct rate_limiter *
		shop_limiter; /* separate, so that many addresses cannot displace a shop's bucket */
	struct rate_limiter *look_up_limiter; /* for hints beyond hints_per_shop, by shop */
	struct scripts *scripts; /* of the configuration's storefronts; under the lock */
	struct MHD_Response
		*answers[HTTP_OUTCOMES]; /* created once; NULL for outcomes without an answer */
	struct log_limit limits[HTTP_OUTCOMES];
	struct log_limit accept_lines;
	struct http_metrics metrics;
};

/* Keeps a reference to the configuration. NULL without memory. */
struct server *server_create(struct engine *engine, struct config *config);

/* Releases the configuration and frees the server. NULL is allowed. */
void server_destroy(struct server *server);

/* The current configuration: a reference, which the caller releases. */
struct config *server_config(struct server *server);

/* The storefronts' scripts: a reference, which the caller releases; NULL when there was no memory
 * for them. */
struct scripts *server_scripts(struct server *server);

/* A new answer like the shared one of an outcome, to which headers can be added; the caller
 * destroys it. NULL without memory. */
struct MHD_Response *server_make_answer(enum http_outcome outcome);

/* Counts the outcome of a request and logs a rejection. */
void server_count(struct server *server, const struct rejection *rejection);

/* Uses another configuration for requests that begin from now on. */
void server_reload(struct server *server, struct config *config);

#endif
