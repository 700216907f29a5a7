/* Hints of the storefront: POST /collect, by the script and the pixel.
 *
 * Anyone can post here, so there is no signature to check: hints are bounded, validated, and never
 * trusted over a webhook. */
#include "receive/sources/collect.h"

#include "base/clock.h"
#include "mapping/context.h"
#include "receive/http/client_address.h"
#include "receive/http/request.h"
#include "receive/sources/hint.h"

#include <string.h>
#include <strings.h>

enum {
	ORIGIN_MAX = 300,
	LOOK_UPS = 10, /* lookups for each hint allowed to a shop */
};

/* Browsers send OPTIONS first when the content type is not text/plain. */
enum http_outcome collect_check_head(struct request_head *head)
{
	return strcmp(head->method, "OPTIONS") == 0 ? HTTP_PREFLIGHT : HTTP_UNDECIDED;
}

/* ---- origin ---- */

static bool is(const struct span *origin, const char *value)
{
	return origin->length == strlen(value) &&
	       strncasecmp(origin->start, value, origin->length) == 0;
}

/* Whether the page belongs to the shop: its own domain or a configured origin. "null" is the origin
 * of the pixel, which Shopify runs in a sandboxed frame. */
static bool is_from_shop(const struct span *origin, const struct shop *shop)
{
	static const char https[] = "https://";
	size_t length = sizeof(https) - 1;
	struct span host;

	if (origin->start == NULL || origin->length > ORIGIN_MAX)
		return false;
	if (is(origin, "null"))
		return true;
	for (size_t i = 0; i < shop->storefront_origins.count; i++)
		if (is(origin, shop->storefront_origins.items[i]))
			return true;
	if (origin->length <= length || strncasecmp(origin->start, https, length) != 0)
		return false;
	host = (struct span){origin->start + length, origin->length - length};
	return is(&host, shop->domain);
}

/* ---- rate ---- */

static struct client client_of(const struct http_request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return client_find(
		info->client_addr, &request->head.forwarded_for, &request->config->trusted_proxies);
}

/* Limits the rate before the body is parsed. */
enum http_outcome collect_authenticate(struct http_request *request)
{
	struct server *server = loop_server(request->loop);
	struct client client = client_of(request);

	return rate_limiter_take(server->address_limiter, client_key(&client),
		       request->config->hints_per_address, clock_monotonic())
		       ? HTTP_UNDECIDED
		       : HTTP_RATE;
}

/* Takes a token of the shop from a limiter. */
static bool shop_limiter_take(
	struct http_request *request, struct rate_limiter *limiter, int64_t a_minute)
{
	const struct digest_part part = {request->shop->domain, strlen(request->shop->domain)};
	unsigned char digest[SHA256_SIZE];
	uint64_t key;

	if (digest_sha256(&part, 1, digest) != 0)
		return false;
	memcpy(&key, digest, sizeof(key));
	return rate_limiter_take(limiter, key, a_minute, clock_monotonic());
}

static bool take_of_shop_limit(struct http_request *request)
{
	return shop_limiter_take(
		request, loop_server(request->loop)->shop_limiter, request->config->hints_per_shop);
}

/* Beyond hints_per_shop, the store is asked whether a webhook has named the cart. That is cheap but
 * not free, so it has a limit of its own. */
static bool may_look_up(struct http_request *request)
{
	return shop_limiter_take(request, loop_server(request->loop)->look_up_limiter,
		request->config->hints_per_shop * LOOK_UPS);
}

/* ---- content ---- */

/* A token in the stored form: without the key after it. */
static const char *token_of(struct http_request *request, const cJSON *posted, const char *name)
{
	const char *token = json_text(posted, name);

	return token != NULL ? arena_format(request->arena, "%.*s", (int)strcspn(token, "?"), token)
			     : NULL;
}

/* Writes the hint in the stored form, as the delivery's body. */
static enum http_outcome keep(struct http_request *request, const cJSON *posted)
{
	struct client client = client_of(request);
	struct hint_request hint = {.now = request->delivery.received};
	struct text kept = {0};
	char address[CLIENT_TEXT];
	char ip[CLIENT_TEXT];
	int result;

	client_format(&client, address);
	if (context_ip(address, request->shop->anonymize_ip, ip))
		hint.ip = ip;
	hint.user_agent = request_copy(request->arena, &request->head.user_agent);
	result = hint_read(posted, &hint, &kept, &request->error);
	request->hint_tokens[0] = token_of(request, posted, "cartToken");
	request->hint_tokens[1] = token_of(request, posted, "checkoutToken");
	if (result == 0) {
		request->delivery.body = arena_copy(request->arena, text_string(&kept));
		request->delivery.body_length = kept.length;
	}
	text_free(&kept);
	request->head.problem = result != 0 ? request->error.text : NULL;
	return result == 0 ? HTTP_UNDECIDED : HTTP_HINT;
}

/* The same event twice is a repetition. A link or a consent is not: a visitor who refuses, agrees
 * and refuses again has refused. */
static int fingerprint(struct http_request *request, bool is_event)
{
	struct delivery *delivery = &request->delivery;
	const struct digest_part parts[] = {{delivery->body, delivery->body_length},
		{&delivery->received, sizeof(delivery->received)}};

	delivery->topic = HINT_TOPIC;
	if (delivery->body == NULL)
		return -1;
	return digest_sha256(parts, is_event ? 1 : 2, delivery->fingerprint);
}

static enum http_outcome no_memory(struct http_request *request)
{
	(void)error_set(&request->error, "no memory to receive a hint");
	return HTTP_STORE_FAILED;
}

/* An unknown shop is answered like a page that does not belong to the shop. */
enum http_outcome collect_build_delivery(struct http_request *request)
{
	const cJSON *posted = json_parse(
		request->arena, request->body.bytes, request->body.length, &request->error);
	const char *name = hint_shop(posted);
	enum http_outcome outcome;

	if (arena_failed(request->arena))
		return no_memory(request);
	if (posted == NULL)
		request->head.problem = request->error.text;
	else if (name == NULL)
		request->head.problem = "it does not name a shop";
	if (name == NULL)
		return HTTP_HINT;
	request->shop = config_shop(request->config, name);
	if (request->shop == NULL || request->shop->storefront_origins.count == 0 ||
		!is_from_shop(&request->head.origin, request->shop))
		return HTTP_ORIGIN;
	request->only_named = !take_of_shop_limit(request);
	if (request->only_named && !may_look_up(request))
		return HTTP_RATE;
	outcome = keep(request, posted);
	if (outcome != HTTP_UNDECIDED)
		return outcome;
	return fingerprint(request, json_at(posted, "event") != NULL) == 0 ? HTTP_UNDECIDED
									   : no_memory(request);
}

/* ---- room in the store ---- */

/* Takes the hint's bytes from the part of the store that hints may use. */
static int take_room(struct http_request *request, struct engine *engine, struct error *error)
{
	struct hint_claim claim = {
		.shop = request->shop->domain,
		.tokens = {request->hint_tokens[0], request->hint_tokens[1]},
		.bytes = request->delivery.body_length,
		.only_named = request->only_named,
	};
	enum hint_admission admission = HINT_ADMITTED;

	if (hint_room_admit(engine, &claim, request->arena, &admission, error) != 0)
		return -1;
	if (admission == HINT_TOO_MANY)
		request->outcome = HTTP_RATE;
	else if (admission == HINT_NO_ROOM)
		request->outcome = HTTP_ROOM;
	return 0;
}

/* Anyone can post hints, so they must not fill the room that webhooks need: the last twentieth of
 * the store, and on its disk one and a half times min_free. Below that, acknowledged deliveries
 * expire early for hints as for webhooks. See also engine/hint_room.h. */
int collect_check_quota(struct http_request *request, struct engine *engine, struct error *error)
{
	bool is_nearly_full;

	if (engine_is_nearly_full(engine, &is_nearly_full, error) != 0)
		return -1;
	if (is_nearly_full)
		request->outcome = HTTP_ROOM;
	return request->outcome == HTTP_UNDECIDED ? take_room(request, engine, error) : 0;
}

/* ---- the answer ---- */

static struct MHD_Response *answer_preflight(void)
{
	static const char *const headers[][2] = {
		{"Access-Control-Allow-Origin", "*"},
		{"Access-Control-Allow-Methods", "POST"},
		{"Access-Control-Allow-Headers", "Content-Type"},
		{"Access-Control-Max-Age", "86400"},
	};
	struct MHD_Response *response = server_make_answer(HTTP_PREFLIGHT);

	for (size_t i = 0; response != NULL && i < sizeof(headers) / sizeof(headers[0]); i++)
		(void)MHD_add_response_header(response, headers[i][0], headers[i][1]);
	return response;
}

/* Only the shop's pages may read the answer. */
struct MHD_Response *collect_respond(struct http_request *request)
{
	struct MHD_Response *response;
	const char *origin;

	if (request->outcome == HTTP_PREFLIGHT)
		return answer_preflight();
	if (request->outcome != HTTP_COLLECTED)
		return NULL;
	response = server_make_answer(HTTP_COLLECTED);
	origin = request_copy(request->arena, &request->head.origin);
	if (response != NULL && origin != NULL) {
		(void)MHD_add_response_header(response, "Access-Control-Allow-Origin", origin);
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Origin");
	}
	return response;
}
