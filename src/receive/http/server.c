/* The state that the loops of the public listener share: the engine, the configuration, the answers
 * and the counters. */
#include "receive/http/server.h"

#include "receive/sources/scripts.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Retry-After in seconds for a webhook that could not be stored. */
#define RETRY_AFTER "30"

static bool add_headers(struct MHD_Response *response, const struct http_outcome_facts *facts)
{
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain") !=
		MHD_YES)
		return false;
	if (facts->close &&
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") != MHD_YES)
		return false;
	return facts->status != MHD_HTTP_SERVICE_UNAVAILABLE ||
	       MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_AFTER) ==
		       MHD_YES;
}

struct MHD_Response *server_make_answer(enum http_outcome outcome)
{
	const struct http_outcome_facts *facts = &http_outcomes[outcome];
	/* The parameter is not const, but libmicrohttpd only reads persistent buffers. */
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(facts->answer), (void *)(uintptr_t)facts->answer, MHD_RESPMEM_PERSISTENT);

	if (response == NULL || add_headers(response, facts))
		return response;
	MHD_destroy_response(response);
	return NULL;
}

static bool make_answer(struct server *server, enum http_outcome outcome)
{
	if (http_outcomes[outcome].status == 0)
		return true;
	server->answers[outcome] = server_make_answer(outcome);
	return server->answers[outcome] != NULL;
}

struct server *server_create(struct engine *engine, struct config *config)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->engine = engine;
	(void)pthread_mutex_init(&server->lock, NULL);
	server_reload(server, config);
	if (server->scripts == NULL)
		goto failed;
	server->address_limiter = rate_limiter_create();
	server->shop_limiter = rate_limiter_create();
	server->look_up_limiter = rate_limiter_create();
	if (server->address_limiter == NULL || server->shop_limiter == NULL ||
		server->look_up_limiter == NULL)
		goto failed;
	for (size_t i = 0; i < HTTP_OUTCOMES; i++) {
		if (!make_answer(server, (enum http_outcome)i))
			goto failed;
	}
	return server;

failed:
	server_destroy(server);
	return NULL;
}

void server_destroy(struct server *server)
{
	if (server == NULL)
		return;
	for (size_t i = 0; i < HTTP_OUTCOMES; i++)
		if (server->answers[i] != NULL)
			MHD_destroy_response(server->answers[i]);
	rate_limiter_destroy(server->address_limiter);
	rate_limiter_destroy(server->shop_limiter);
	rate_limiter_destroy(server->look_up_limiter);
	scripts_release(server->scripts);
	config_release(server->config);
	(void)pthread_mutex_destroy(&server->lock);
	free(server);
}

struct config *server_config(struct server *server)
{
	struct config *config;

	(void)pthread_mutex_lock(&server->lock);
	config = config_share(server->config);
	(void)pthread_mutex_unlock(&server->lock);
	return config;
}

struct scripts *server_scripts(struct server *server)
{
	struct scripts *scripts;

	(void)pthread_mutex_lock(&server->lock);
	scripts = scripts_share(server->scripts);
	(void)pthread_mutex_unlock(&server->lock);
	return scripts;
}

void server_reload(struct server *server, struct config *config)
{
	struct scripts *scripts = scripts_create(config);
	struct scripts *scripts_before;
	struct config *before;

	(void)pthread_mutex_lock(&server->lock);
	before = server->config;
	scripts_before = server->scripts;
	server->config = config_share(config);
	server->scripts = scripts;
	(void)pthread_mutex_unlock(&server->lock);
	if (scripts == NULL)
		log_line(LOG_ERROR, "storefront scripts unavailable",
			LOG_STRING("reason", "no memory"),
			LOG_STRING("effect", "they are answered 503 until the next reload"),
			LOG_STRING("action", "free memory and reload segrelay"));
	scripts_release(scripts_before);
	atomic_store(&server->request_timeout, config->request_timeout);
	atomic_store(&server->idle_timeout, config->idle_timeout);
	config_release(before);
}

void server_count(struct server *server, const struct rejection *rejection)
{
	http_metrics_add(&server->metrics.requests[rejection->outcome], 1);
	rejection_log(rejection, &server->limits[rejection->outcome]);
}
