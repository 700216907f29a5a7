/* One request on its way: from its headers over the engine to its answer. */
#include "receive/http/request.h"

#include "base/clock.h"
#include "receive/http/connections.h"
#include "receive/http/head.h"
#include "receive/route.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA = 1024 }; /* for a few headers, and where a hint is read, more */

/* ---- the answer ---- */

static void log_stored(const struct exchange *exchange)
{
	const struct delivery *delivery = &exchange->delivery;

	if (log_enabled(LOG_DEBUG))
		log_line(LOG_DEBUG, "webhook stored", LOG_STRING("shop", delivery->shop),
			LOG_STRING("topic", delivery->topic),
			LOG_STRING("webhook_id", delivery->webhook_id),
			LOG_NUMBER("bytes", delivery->body_length),
			LOG_NUMBER("ms", clock_monotonic() - exchange->complete_at));
}

/* Counts what became of a request and tells the log. */
static void conclude(
	struct reception *reception, const struct exchange *exchange, enum verdict verdict)
{
	const struct refusal refusal = {
		.verdict = verdict,
		.head = exchange != NULL ? &exchange->head : NULL,
		.bytes = exchange != NULL ? exchange->received : 0,
		.secrets = exchange != NULL ? exchange->secrets : 0,
		.because = verdict == VERDICT_STORE ? exchange->error.text : NULL,
	};

	reception_count(reception, &refusal);
	if (verdict == VERDICT_STORED)
		log_stored(exchange);
}

/* What the path takes instead. NULL when there is no memory. */
static struct MHD_Response *answer_with_methods(const struct route *route)
{
	struct MHD_Response *response = reception_make_answer(VERDICT_METHOD);

	if (response != NULL)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, route->methods);
	return response;
}

/* An answer of the request's own; NULL when it gets the one of its verdict. */
static struct MHD_Response *own_answer(struct exchange *exchange)
{
	const struct route *route = exchange->head.route;

	if (exchange->verdict == VERDICT_METHOD)
		return answer_with_methods(route);
	return route != NULL && route->respond != NULL ? route->respond(exchange) : NULL;
}

static enum MHD_Result answer(struct exchange *exchange, struct MHD_Connection *connection)
{
	struct reception *reception = loop_reception(exchange->loop);
	struct MHD_Response *own = own_answer(exchange);
	enum MHD_Result result;

	exchange->answered = true;
	conclude(reception, exchange, exchange->verdict);
	if (exchange->complete_at != 0)
		traffic_duration(&reception->traffic, clock_monotonic() - exchange->complete_at);
	peer_phase(connection, PHASE_ANSWERING);
	result = MHD_queue_response(connection, verdicts[exchange->verdict].status,
		own != NULL ? own : reception->answers[exchange->verdict]);
	if (own != NULL)
		MHD_destroy_response(own);
	return result;
}

/* ---- to the engine and back ---- */

/* What the route asks of the store before the delivery is stored: STORED to go on, REFUSED without
 * memory, or -1 when the store failed. */
static int admit(struct engine *engine, struct exchange *exchange, struct error *error)
{
	const struct route *route = exchange->head.route;

	error->kind = ERROR_OTHER;
	if (route->admit == NULL || route->admit(exchange, engine, error) == 0)
		return STORED;
	return error->kind == ERROR_MEMORY ? REFUSED : -1;
}

static int run(struct engine *engine, struct task *task, struct error *error)
{
	struct exchange *exchange = (struct exchange *)task;
	int result = admit(engine, exchange, error);

	if (result == STORED && exchange->verdict == VERDICT_NONE)
		result = engine_apply(engine, &exchange->delivery, exchange->shop, error);
	exchange->refused = result == REFUSED;
	if (exchange->refused)
		exchange->error = *error;
	return result == REFUSED ? 0 : result;
}

static void done(struct task *task, int result, const struct error *error)
{
	struct exchange *exchange = (struct exchange *)task;

	if (result != 0 || exchange->refused)
		exchange->verdict = VERDICT_STORE;
	else if (exchange->verdict == VERDICT_NONE)
		exchange->verdict = exchange->head.route->stored;
	if (result != 0 && error != NULL)
		exchange->error = *error;
	traffic_add(&loop_reception(exchange->loop)->traffic.waiting, -1);
	loop_resume(exchange->loop, &exchange->waiter);
}

/* Why something could not be done that may work later; the request is to come again. */
static enum verdict later(struct exchange *exchange, const char *why)
{
	(void)error_set(&exchange->error, "%s", why);
	return VERDICT_STORE;
}

static enum verdict make_arena(struct exchange *exchange)
{
	exchange->arena = arena_create(ARENA);
	return exchange->arena != NULL ? VERDICT_NONE
				       : later(exchange, "no memory to take a webhook");
}

/* Fills the delivery: what every one has, and what its route adds. */
static enum verdict describe(struct exchange *exchange)
{
	const struct request_head *head = &exchange->head;
	enum verdict verdict;

	exchange->delivery = (struct delivery){
		.topic = request_copy(exchange->arena, &head->topic),
		.webhook_id = request_copy_id(exchange->arena, &head->webhook_id),
		.event_id = request_copy_id(exchange->arena, &head->event_id),
		.api_version = request_copy_id(exchange->arena, &head->api_version),
		.triggered_at = request_copy_id(exchange->arena, &head->triggered_at),
		.test = request_says(&head->test, "true"),
		.received = clock_now(),
		.body = exchange->body.bytes,
		.body_length = exchange->body.length,
	};
	verdict = head->route->describe(exchange);
	if (verdict != VERDICT_NONE)
		return verdict;
	exchange->delivery.shop = exchange->shop->domain;
	return exchange->delivery.topic != NULL ? VERDICT_NONE
						: later(exchange, "no memory to take a webhook");
}

static enum verdict verify(struct exchange *exchange)
{
	const struct route *route = exchange->head.route;

	if (exchange->body.length == 0 && route->most != 0)
		return VERDICT_EMPTY;
	return route->verify(exchange);
}

/* The engine is not asked for what it would refuse anyway. */
static enum verdict check_store(struct exchange *exchange)
{
	return engine_refuses(loop_reception(exchange->loop)->engine, &exchange->error)
		       ? VERDICT_STORE
		       : VERDICT_NONE;
}

/* What a complete request goes through until the engine takes it. */
static void prepare(struct exchange *exchange)
{
	static enum verdict (*const steps[])(struct exchange *) = {
		verify, check_store, make_arena, describe};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (exchange->verdict == VERDICT_NONE)
			exchange->verdict = steps[i](exchange);
}

/* The last byte is there. */
static enum MHD_Result finish(struct exchange *exchange, struct MHD_Connection *connection)
{
	struct reception *reception = loop_reception(exchange->loop);

	exchange->complete_at = clock_monotonic();
	prepare(exchange);
	if (exchange->verdict != VERDICT_NONE)
		return answer(exchange, connection);
	exchange->task = (struct task){.run = run, .done = done};
	loop_suspend(&exchange->waiter, connection);
	traffic_add(&reception->traffic.waiting, 1);
	engine_submit(reception->engine, &exchange->task);
	return MHD_YES;
}

/* ---- the request ---- */

static struct exchange *exchange_create(struct loop *loop)
{
	struct reception *reception = loop_reception(loop);
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange == NULL)
		return NULL;
	exchange->loop = loop;
	exchange->config = reception_config(reception);
	exchange->verdict = VERDICT_NONE;
	exchange->body.most_of_all = (size_t)exchange->config->max_in_memory;
	exchange->body.most_of_large =
		body_most_of_large(exchange->config->max_in_memory, exchange->config->max_body);
	exchange->body.of_all = &reception->traffic.in_memory;
	exchange->body.of_large = &reception->traffic.in_memory_large;
	return exchange;
}

static void exchange_destroy(struct exchange *exchange)
{
	scripts_release(exchange->scripts);
	arena_destroy(exchange->arena);
	body_free(&exchange->body);
	config_release(exchange->config);
	free(exchange);
}

/* The head is there. What is refused for its framing or its size is answered at once, and
 * libmicrohttpd reads no more; other refusals wait for the end of the body, since a proxy that is
 * still sending would lose the answer. */
static enum MHD_Result begin(struct exchange *exchange, struct MHD_Connection *connection)
{
	struct request_head *head = &exchange->head;
	int64_t max_body = exchange->config->max_body;

	exchange->verdict = request_judge(head, max_body);
	exchange->body.most = (size_t)request_most(head, max_body);
	if (exchange->verdict == VERDICT_MALFORMED ||
		request_length(head) > (int64_t)exchange->body.most)
		return answer(exchange, connection);
	if (exchange->verdict != VERDICT_NONE)
		return MHD_YES;
	if (head->length.start != NULL)
		exchange->body.expected = (size_t)request_length(head);
	return MHD_YES;
}

/* A part of the body. After a refusal the rest is read and dropped, within bounds. */
static enum MHD_Result take_part(struct exchange *exchange, const char *part, size_t length)
{
	exchange->received += length;
	if (exchange->verdict == VERDICT_NONE)
		exchange->verdict = body_add(&exchange->body, part, length);
	return exchange->received / 2 <= exchange->body.most ? MHD_YES : MHD_NO;
}

/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd decides how many parameters */
enum MHD_Result exchange_handle(void *loop, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *part, size_t *part_length,
	void **context)
{
	struct exchange *exchange = *context;

	if (exchange == NULL) {
		exchange = peer_admitted(connection) ? exchange_create(loop) : NULL;
		if (exchange == NULL)
			return MHD_NO;
		exchange->connection = connection;
		*context = exchange;
		head_read(connection, path, method, version, &exchange->head);
		return begin(exchange, connection);
	}
	if (*part_length > 0) {
		size_t length = *part_length;

		*part_length = 0;
		return take_part(exchange, part, length);
	}
	if (exchange->complete_at == 0)
		return finish(exchange, connection);
	return answer(exchange, connection);
}

void exchange_find_shop(struct exchange *exchange)
{
	const struct span *domain = &exchange->head.shop;

	exchange->shop = config_shop_of(exchange->config, domain->start, domain->length);
}

void exchange_completed(void *loop, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *context;
	enum verdict verdict = peer_was_cut(connection) ? VERDICT_SLOW : VERDICT_ABORTED;

	(void)code;
	peer_phase(connection, PHASE_IDLE);
	if (exchange != NULL && exchange->verdict != VERDICT_NONE)
		verdict = exchange->verdict;
	if (exchange != NULL ? !exchange->answered : peer_admitted(connection))
		conclude(loop_reception(loop), exchange, verdict);
	if (exchange != NULL)
		exchange_destroy(exchange);
	*context = NULL;
}
