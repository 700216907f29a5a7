/* One webhook on its way: from its headers over the engine to its answer. */
#include "receive/webhook.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "receive/body.h"
#include "receive/head.h"
#include "receive/loop.h"
#include "receive/peers.h"
#include "receive/signature.h"

#include <stdlib.h>
#include <string.h>

enum {
	PARSED_SIZE = 8, /* a parsed body takes about so many times its length */
	FIRST_BLOCK_MIN = 4 * 1024,
	FIRST_BLOCK_MAX = 1024 * 1024,
};

struct webhook {
	struct request request; /* the engine's; must be the first member */
	struct waiter waiter;
	struct loop *loop;
	struct config *config;
	const struct shop *shop; /* NULL when it is not known */
	struct request_head head;
	enum verdict verdict; /* VERDICT_NONE until it is refused or stored */
	struct body body;
	size_t received;     /* bytes of the body, also those that were not kept */
	int64_t complete_at; /* when its last byte was there, clock_monotonic; 0 before */
	bool answered;
	bool refused; /* by the engine, for lack of room */
	struct arena *arena;
	struct delivery delivery;
	const cJSON *payload;
	struct error problem; /* why there is no payload */
	struct error error;   /* why it could not be stored */
};

/* ---- the answer ---- */

static void log_stored(const struct webhook *webhook)
{
	const struct delivery *delivery = &webhook->delivery;

	if (log_enabled(LOG_DEBUG))
		log_line(LOG_DEBUG, "webhook stored", LOG_STRING("shop", delivery->shop),
			LOG_STRING("topic", delivery->topic),
			LOG_STRING("webhook_id", delivery->webhook_id),
			LOG_NUMBER("bytes", delivery->body_length),
			LOG_NUMBER("ms", clock_monotonic() - webhook->complete_at));
}

/* Counts what became of a request and tells the log. */
static void conclude(
	struct reception *reception, const struct webhook *webhook, enum verdict verdict)
{
	const struct refusal refusal = {
		.verdict = verdict,
		.head = webhook != NULL ? &webhook->head : NULL,
		.bytes = webhook != NULL ? webhook->received : 0,
		.secrets = verdict == VERDICT_SIGNATURE ? webhook->shop->secrets.count : 0,
		.because = verdict == VERDICT_STORE ? webhook->error.text : NULL,
	};

	reception_count(reception, &refusal);
	if (verdict == VERDICT_STORED)
		log_stored(webhook);
}

static enum MHD_Result answer(struct webhook *webhook, struct MHD_Connection *connection)
{
	struct reception *reception = loop_reception(webhook->loop);

	webhook->answered = true;
	conclude(reception, webhook, webhook->verdict);
	if (webhook->complete_at != 0)
		traffic_duration(&reception->traffic, clock_monotonic() - webhook->complete_at);
	peer_phase(connection, PHASE_ANSWERING);
	return MHD_queue_response(connection, verdicts[webhook->verdict].status,
		reception->answers[webhook->verdict]);
}

/* ---- to the engine and back ---- */

static int run(struct engine *engine, struct request *request, struct error *error)
{
	struct webhook *webhook = (struct webhook *)request;
	int result = engine_apply(engine, &webhook->delivery, webhook->payload,
		webhook->payload == NULL ? webhook->problem.text : NULL, webhook->shop,
		webhook->arena, error);

	webhook->refused = result == REFUSED;
	if (webhook->refused)
		webhook->error = *error;
	return result == REFUSED ? 0 : result;
}

static void done(struct request *request, int result, const struct error *error)
{
	struct webhook *webhook = (struct webhook *)request;

	webhook->verdict = result == 0 && !webhook->refused ? VERDICT_STORED : VERDICT_STORE;
	if (result != 0 && error != NULL)
		webhook->error = *error;
	traffic_add(&loop_reception(webhook->loop)->traffic.waiting, -1);
	loop_resume(webhook->loop, &webhook->waiter);
}

/* Fills the delivery. -1 when there is no memory. */
static int describe(struct webhook *webhook)
{
	const struct request_head *head = &webhook->head;
	size_t first = webhook->body.length * PARSED_SIZE + FIRST_BLOCK_MIN;

	webhook->arena = arena_create(first < FIRST_BLOCK_MAX ? first : FIRST_BLOCK_MAX);
	if (webhook->arena == NULL)
		return -1;
	webhook->delivery = (struct delivery){
		.shop = webhook->shop->domain,
		.topic = request_copy(webhook->arena, &head->topic),
		.webhook_id = request_copy_id(webhook->arena, &head->webhook_id),
		.event_id = request_copy_id(webhook->arena, &head->event_id),
		.api_version = request_copy_id(webhook->arena, &head->api_version),
		.triggered_at = request_copy_id(webhook->arena, &head->triggered_at),
		.test = request_says(&head->test, "true"),
		.received = clock_now(),
		.body = webhook->body.bytes,
		.body_length = webhook->body.length,
	};
	memcpy(webhook->delivery.fingerprint, head->claimed, SHA256_SIZE);
	return webhook->delivery.topic != NULL ? 0 : -1;
}

/* Verifies a complete webhook. VERDICT_NONE when it is to be stored. */
static enum verdict verify(struct webhook *webhook)
{
	if (webhook->body.length == 0)
		return VERDICT_EMPTY;
	switch (signature_check(
		webhook->shop, webhook->head.claimed, webhook->body.bytes, webhook->body.length)) {
	case SIGNATURE_RIGHT:
		break;
	case SIGNATURE_WRONG:
		return webhook->shop != NULL ? VERDICT_SIGNATURE : VERDICT_UNKNOWN_SHOP;
	case SIGNATURE_NOT_CHECKED:
		(void)error_set(&webhook->error, "no memory to check a signature");
		return VERDICT_STORE;
	}
	if (engine_refuses(loop_reception(webhook->loop)->engine, &webhook->error))
		return VERDICT_STORE;
	if (describe(webhook) != 0) {
		(void)error_set(&webhook->error, "no memory to parse a webhook");
		return VERDICT_STORE;
	}
	return VERDICT_NONE;
}

/* The last byte is there. */
static enum MHD_Result finish(struct webhook *webhook, struct MHD_Connection *connection)
{
	struct reception *reception = loop_reception(webhook->loop);

	webhook->complete_at = clock_monotonic();
	if (webhook->verdict == VERDICT_NONE)
		webhook->verdict = verify(webhook);
	if (webhook->verdict != VERDICT_NONE)
		return answer(webhook, connection);
	webhook->payload = json_parse(
		webhook->arena, webhook->body.bytes, webhook->body.length, &webhook->problem);
	if (arena_failed(webhook->arena)) { /* a dead letter is for bodies that stay broken */
		(void)error_set(&webhook->error, "no memory to parse a webhook");
		webhook->verdict = VERDICT_STORE;
		return answer(webhook, connection);
	}
	webhook->request = (struct request){.run = run, .done = done};
	loop_suspend(&webhook->waiter, connection);
	traffic_add(&reception->traffic.waiting, 1);
	engine_submit(reception->engine, &webhook->request);
	return MHD_YES;
}

/* ---- the request ---- */

static struct webhook *webhook_create(struct loop *loop)
{
	struct reception *reception = loop_reception(loop);
	struct webhook *webhook = calloc(1, sizeof(*webhook));

	if (webhook == NULL)
		return NULL;
	webhook->loop = loop;
	webhook->config = reception_config(reception);
	webhook->verdict = VERDICT_NONE;
	webhook->body.most = (size_t)webhook->config->max_body;
	webhook->body.most_of_all = (size_t)webhook->config->max_in_memory;
	webhook->body.of_all = &reception->traffic.in_memory;
	return webhook;
}

static void webhook_destroy(struct webhook *webhook)
{
	arena_destroy(webhook->arena);
	body_free(&webhook->body);
	config_release(webhook->config);
	free(webhook);
}

static const struct shop *find_shop(const struct config *config, const struct span *domain)
{
	char name[REQUEST_SHOP_MAX + 1];

	memcpy(name, domain->start, domain->length);
	name[domain->length] = '\0';
	return config_shop(config, name);
}

/* The head is there. What is refused for its framing or its size is answered at once, and
 * libmicrohttpd reads no more; other refusals wait for the end of the body, since a proxy that is
 * still sending would lose the answer. */
static enum MHD_Result begin(struct webhook *webhook, struct MHD_Connection *connection)
{
	struct request_head *head = &webhook->head;
	int64_t max_body = webhook->config->max_body;

	webhook->verdict = request_judge(head, max_body);
	if (webhook->verdict == VERDICT_MALFORMED)
		return answer(webhook, connection);
	if (request_length(head) > max_body)
		return answer(webhook, connection);
	if (webhook->verdict != VERDICT_NONE)
		return MHD_YES;
	if (head->length.start != NULL)
		webhook->body.expected = (size_t)request_length(head);
	webhook->shop = find_shop(webhook->config, &head->shop);
	return MHD_YES;
}

/* A part of the body. After a refusal the rest is read and dropped, within bounds. */
static enum MHD_Result take_part(struct webhook *webhook, const char *part, size_t length)
{
	webhook->received += length;
	if (webhook->verdict == VERDICT_NONE)
		webhook->verdict = body_add(&webhook->body, part, length);
	return webhook->received / 2 <= webhook->body.most ? MHD_YES : MHD_NO;
}

/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd decides how many parameters */
enum MHD_Result webhook_handle(void *loop, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *part, size_t *part_length,
	void **context)
{
	struct webhook *webhook = *context;

	if (webhook == NULL) {
		webhook = peer_admitted(connection) ? webhook_create(loop) : NULL;
		if (webhook == NULL)
			return MHD_NO;
		*context = webhook;
		head_read(connection, path, method, version, &webhook->head);
		return begin(webhook, connection);
	}
	if (*part_length > 0) {
		size_t length = *part_length;

		*part_length = 0;
		return take_part(webhook, part, length);
	}
	if (webhook->complete_at == 0)
		return finish(webhook, connection);
	return answer(webhook, connection);
}

void webhook_completed(void *loop, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode code)
{
	struct webhook *webhook = *context;
	enum verdict verdict = peer_was_cut(connection) ? VERDICT_SLOW : VERDICT_ABORTED;

	(void)code;
	peer_phase(connection, PHASE_IDLE);
	if (webhook != NULL && webhook->verdict != VERDICT_NONE)
		verdict = webhook->verdict;
	if (webhook != NULL ? !webhook->answered : peer_admitted(connection))
		conclude(loop_reception(loop), webhook, verdict);
	if (webhook != NULL)
		webhook_destroy(webhook);
	*context = NULL;
}
