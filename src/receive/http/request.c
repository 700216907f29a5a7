/* One request, from its headers through the engine to its answer. */
#include "receive/http/request.h"

#include "base/clock.h"
#include "receive/http/connections.h"
#include "receive/http/head.h"
#include "receive/route.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA = 1024 }; /* enough for a few headers; it grows for a hint */

/* ---- the answer ---- */

static void log_stored(const struct http_request *request)
{
	const struct delivery *delivery = &request->delivery;

	if (log_enabled(LOG_DEBUG))
		log_line(LOG_DEBUG, "webhook stored", LOG_STRING("shop", delivery->shop),
			LOG_STRING("topic", delivery->topic),
			LOG_STRING("webhook_id", delivery->webhook_id),
			LOG_NUMBER("bytes", delivery->body_length),
			LOG_NUMBER("ms", clock_monotonic() - request->complete_at));
}

/* Counts the outcome of a request and logs a rejection. */
static void conclude(
	struct server *server, const struct http_request *request, enum http_outcome outcome)
{
	const struct rejection rejection = {
		.outcome = outcome,
		.head = request != NULL ? &request->head : NULL,
		.bytes = request != NULL ? request->received : 0,
		.secrets = request != NULL ? request->secrets : 0,
		.detail = outcome == HTTP_STORE_FAILED ? request->error.text : NULL,
	};

	server_count(server, &rejection);
	if (outcome == HTTP_STORED)
		log_stored(request);
}

/* The answer with the methods that the path allows. NULL without memory. */
static struct MHD_Response *answer_with_methods(const struct route *route)
{
	struct MHD_Response *response = server_make_answer(HTTP_METHOD);

	if (response != NULL)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, route->methods);
	return response;
}

/* An answer made for this request; NULL when it gets the shared one of its outcome. */
static struct MHD_Response *own_answer(struct http_request *request)
{
	const struct route *route = request->head.route;

	if (request->outcome == HTTP_METHOD)
		return answer_with_methods(route);
	return route != NULL && route->respond != NULL ? route->respond(request) : NULL;
}

static enum MHD_Result answer(struct http_request *request, struct MHD_Connection *connection)
{
	struct server *server = loop_server(request->loop);
	struct MHD_Response *own = own_answer(request);
	enum MHD_Result result;

	request->answered = true;
	conclude(server, request, request->outcome);
	if (request->complete_at != 0)
		http_metrics_add_duration(
			&server->metrics, clock_monotonic() - request->complete_at);
	connection_phase(connection, PHASE_ANSWERING);
	result = MHD_queue_response(connection, http_outcomes[request->outcome].status,
		own != NULL ? own : server->answers[request->outcome]);
	if (own != NULL)
		MHD_destroy_response(own);
	return result;
}

/* ---- to the engine and back ---- */

/* The route's check of the store before the delivery is stored: STORED to go on, REFUSED without
 * memory, or -1 when the store failed. */
static int check_quota(struct engine *engine, struct http_request *request, struct error *error)
{
	const struct route *route = request->head.route;

	error->kind = ERROR_OTHER;
	if (route->check_quota == NULL || route->check_quota(request, engine, error) == 0)
		return STORED;
	return error->kind == ERROR_MEMORY ? REFUSED : -1;
}

static int run(struct engine *engine, struct task *task, struct error *error)
{
	struct http_request *request = (struct http_request *)task;
	int result = check_quota(engine, request, error);

	if (result == STORED && request->outcome == HTTP_UNDECIDED)
		result = engine_apply(engine, &request->delivery, request->shop, error);
	request->refused = result == REFUSED;
	if (request->refused)
		request->error = *error;
	return result == REFUSED ? 0 : result;
}

static void done(struct task *task, int result, const struct error *error)
{
	struct http_request *request = (struct http_request *)task;

	if (result != 0 || request->refused)
		request->outcome = HTTP_STORE_FAILED;
	else if (request->outcome == HTTP_UNDECIDED)
		request->outcome = request->head.route->stored;
	if (result != 0 && error != NULL)
		request->error = *error;
	http_metrics_add(&loop_server(request->loop)->metrics.waiting, -1);
	loop_resume(request->loop, &request->waiter);
}

/* Sets the reason of a failure that may pass: the client is asked to send the request again. */
static enum http_outcome later(struct http_request *request, const char *why)
{
	(void)error_set(&request->error, "%s", why);
	return HTTP_STORE_FAILED;
}

static enum http_outcome make_arena(struct http_request *request)
{
	request->arena = arena_create(ARENA);
	return request->arena != NULL ? HTTP_UNDECIDED
				      : later(request, "no memory to receive a webhook");
}

/* Fills the delivery: the members common to all, then those of its route. */
static enum http_outcome build_delivery(struct http_request *request)
{
	const struct request_head *head = &request->head;
	enum http_outcome outcome;

	request->delivery = (struct delivery){
		.topic = request_copy(request->arena, &head->topic),
		.webhook_id = request_copy_id(request->arena, &head->webhook_id),
		.event_id = request_copy_id(request->arena, &head->event_id),
		.api_version = request_copy_id(request->arena, &head->api_version),
		.triggered_at = request_copy_id(request->arena, &head->triggered_at),
		.test = request_says(&head->test, "true"),
		.received = clock_now(),
		.body = request->body.bytes,
		.body_length = request->body.length,
	};
	outcome = head->route->build_delivery(request);
	if (outcome != HTTP_UNDECIDED)
		return outcome;
	request->delivery.shop = request->shop->domain;
	return request->delivery.topic != NULL ? HTTP_UNDECIDED
					       : later(request, "no memory to receive a webhook");
}

static enum http_outcome authenticate(struct http_request *request)
{
	const struct route *route = request->head.route;

	if (request->body.length == 0 && route->most != 0)
		return HTTP_EMPTY;
	return route->authenticate(request);
}

/* Skips the engine while it rejects all deliveries. */
static enum http_outcome check_store(struct http_request *request)
{
	return engine_refuses(loop_server(request->loop)->engine, &request->error)
		       ? HTTP_STORE_FAILED
		       : HTTP_UNDECIDED;
}

/* The steps of a complete request before it is handed to the engine. */
static void prepare(struct http_request *request)
{
	static enum http_outcome (*const steps[])(struct http_request *) = {
		authenticate, check_store, make_arena, build_delivery};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (request->outcome == HTTP_UNDECIDED)
			request->outcome = steps[i](request);
}

/* Called when the last byte was received. */
static enum MHD_Result finish(struct http_request *request, struct MHD_Connection *connection)
{
	struct server *server = loop_server(request->loop);

	request->complete_at = clock_monotonic();
	prepare(request);
	if (request->outcome != HTTP_UNDECIDED)
		return answer(request, connection);
	request->task = (struct task){.run = run, .done = done};
	loop_suspend(&request->waiter, connection);
	http_metrics_add(&server->metrics.waiting, 1);
	engine_submit(server->engine, &request->task);
	return MHD_YES;
}

/* ---- the request ---- */

static struct http_request *http_request_create(struct loop *loop)
{
	struct server *server = loop_server(loop);
	struct http_request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	request->loop = loop;
	request->config = server_config(server);
	request->outcome = HTTP_UNDECIDED;
	request->body.most_of_all = (size_t)request->config->max_in_memory;
	request->body.most_of_large =
		body_most_of_large(request->config->max_in_memory, request->config->max_body);
	request->body.of_all = &server->metrics.in_memory;
	request->body.of_large = &server->metrics.in_memory_large;
	return request;
}

static void http_request_destroy(struct http_request *request)
{
	scripts_release(request->scripts);
	arena_destroy(request->arena);
	body_free(&request->body);
	config_release(request->config);
	free(request);
}

/* The head was received. A request with wrong framing or size is answered at once, and
 * libmicrohttpd reads no more; other rejections wait for the end of the body, since a proxy that is
 * still sending would lose the answer. */
static enum MHD_Result begin(struct http_request *request, struct MHD_Connection *connection)
{
	struct request_head *head = &request->head;
	int64_t max_body = request->config->max_body;

	request->outcome = request_check_head(head, max_body);
	request->body.most = (size_t)request_most(head, max_body);
	if (request->outcome == HTTP_MALFORMED ||
		request_length(head) > (int64_t)request->body.most)
		return answer(request, connection);
	if (request->outcome != HTTP_UNDECIDED)
		return MHD_YES;
	if (head->length.start != NULL)
		request->body.expected = (size_t)request_length(head);
	return MHD_YES;
}

/* Adds a part of the body. After a rejection the rest is read and dropped, within bounds. */
static enum MHD_Result take_part(struct http_request *request, const char *part, size_t length)
{
	request->received += length;
	if (request->outcome == HTTP_UNDECIDED)
		request->outcome = body_add(&request->body, part, length);
	return request->received / 2 <= request->body.most ? MHD_YES : MHD_NO;
}

/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd decides how many parameters */
enum MHD_Result http_request_handle(void *loop, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *part, size_t *part_length,
	void **context)
{
	struct http_request *request = *context;

	if (request == NULL) {
		request = connection_admitted(connection) ? http_request_create(loop) : NULL;
		if (request == NULL)
			return MHD_NO;
		request->connection = connection;
		*context = request;
		head_read(connection, path, method, version, &request->head);
		return begin(request, connection);
	}
	if (*part_length > 0) {
		size_t length = *part_length;

		*part_length = 0;
		return take_part(request, part, length);
	}
	if (request->complete_at == 0)
		return finish(request, connection);
	return answer(request, connection);
}

void http_request_find_shop(struct http_request *request)
{
	const struct span *domain = &request->head.shop;

	request->shop = config_shop_of(request->config, domain->start, domain->length);
}

void http_request_completed(void *loop, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode code)
{
	struct http_request *request = *context;
	enum http_outcome outcome = connection_was_cut(connection) ? HTTP_SLOW : HTTP_ABORTED;

	(void)code;
	connection_phase(connection, PHASE_IDLE);
	if (request != NULL && request->outcome != HTTP_UNDECIDED)
		outcome = request->outcome;
	if (request != NULL ? !request->answered : connection_admitted(connection))
		conclude(loop_server(loop), request, outcome);
	if (request != NULL)
		http_request_destroy(request);
	*context = NULL;
}
