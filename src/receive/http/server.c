/* What the loops of the public listener share: the engine, the configuration, the answers and the
 * counters. */
#include "receive/http/server.h"

#include "receive/sources/scripts.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Seconds after which a webhook that could not be stored may come again. */
#define RETRY_AFTER "30"

static bool add_headers(struct MHD_Response *response, const struct verdict_facts *facts)
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

struct MHD_Response *reception_make_answer(enum verdict verdict)
{
	const struct verdict_facts *facts = &verdicts[verdict];
	/* libmicrohttpd takes a plain pointer, but only reads what is persistent. */
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(facts->answer), (void *)(uintptr_t)facts->answer, MHD_RESPMEM_PERSISTENT);

	if (response == NULL || add_headers(response, facts))
		return response;
	MHD_destroy_response(response);
	return NULL;
}

static bool make_answer(struct reception *reception, enum verdict verdict)
{
	if (verdicts[verdict].status == 0)
		return true;
	reception->answers[verdict] = reception_make_answer(verdict);
	return reception->answers[verdict] != NULL;
}

struct reception *reception_create(struct engine *engine, struct config *config)
{
	struct reception *reception = calloc(1, sizeof(*reception));

	if (reception == NULL)
		return NULL;
	reception->engine = engine;
	(void)pthread_mutex_init(&reception->lock, NULL);
	reception_reload(reception, config);
	if (reception->scripts == NULL)
		goto failed;
	reception->address_rates = rates_create();
	reception->shop_rates = rates_create();
	reception->look_up_rates = rates_create();
	if (reception->address_rates == NULL || reception->shop_rates == NULL ||
		reception->look_up_rates == NULL)
		goto failed;
	for (size_t i = 0; i < VERDICT_COUNT; i++) {
		if (!make_answer(reception, (enum verdict)i))
			goto failed;
	}
	return reception;

failed:
	reception_destroy(reception);
	return NULL;
}

void reception_destroy(struct reception *reception)
{
	if (reception == NULL)
		return;
	for (size_t i = 0; i < VERDICT_COUNT; i++)
		if (reception->answers[i] != NULL)
			MHD_destroy_response(reception->answers[i]);
	rates_destroy(reception->address_rates);
	rates_destroy(reception->shop_rates);
	rates_destroy(reception->look_up_rates);
	scripts_release(reception->scripts);
	config_release(reception->config);
	(void)pthread_mutex_destroy(&reception->lock);
	free(reception);
}

struct config *reception_config(struct reception *reception)
{
	struct config *config;

	(void)pthread_mutex_lock(&reception->lock);
	config = config_share(reception->config);
	(void)pthread_mutex_unlock(&reception->lock);
	return config;
}

struct scripts *reception_scripts(struct reception *reception)
{
	struct scripts *scripts;

	(void)pthread_mutex_lock(&reception->lock);
	scripts = scripts_share(reception->scripts);
	(void)pthread_mutex_unlock(&reception->lock);
	return scripts;
}

void reception_reload(struct reception *reception, struct config *config)
{
	struct scripts *scripts = scripts_create(config);
	struct scripts *scripts_before;
	struct config *before;

	(void)pthread_mutex_lock(&reception->lock);
	before = reception->config;
	scripts_before = reception->scripts;
	reception->config = config_share(config);
	reception->scripts = scripts;
	(void)pthread_mutex_unlock(&reception->lock);
	if (scripts == NULL)
		log_line(LOG_ERROR, "no memory for the storefronts' scripts",
			LOG_STRING("effect", "they are answered 503 until the next reload"),
			LOG_STRING("next", "reload segrelay when there is memory"));
	scripts_release(scripts_before);
	atomic_store(&reception->request_timeout, config->request_timeout);
	atomic_store(&reception->idle_timeout, config->idle_timeout);
	config_release(before);
}

void reception_count(struct reception *reception, const struct refusal *refusal)
{
	traffic_add(&reception->traffic.requests[refusal->verdict], 1);
	refusal_log(refusal, &reception->limits[refusal->verdict]);
}
