/* Hints of the storefront: POST /collect, by the script and the pixel.
 *
 * Anyone can post here, so there is nothing to verify: what is taken is bounded, checked, and
 * trusted for nothing that a webhook tells. */
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
	LOOK_UPS = 10, /* for each hint that a shop may have */
};

/* A browser that would send another type than text asks first. */
enum verdict collect_judge(struct request_head *head)
{
	return strcmp(head->method, "OPTIONS") == 0 ? VERDICT_PREFLIGHT : VERDICT_NONE;
}

/* ---- from where ---- */

static bool is(const struct span *origin, const char *value)
{
	return origin->length == strlen(value) &&
	       strncasecmp(origin->start, value, origin->length) == 0;
}

/* The shop's pages, by its own domain and those that were configured; "null" is that of the pixel,
 * which Shopify keeps in a sandboxed frame. */
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

/* ---- how often ---- */

static struct client client_of(const struct exchange *exchange)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return client_find(info->client_addr, &exchange->head.forwarded_for,
		&exchange->config->trusted_proxies);
}

/* Before anything is parsed. */
enum verdict collect_verify(struct exchange *exchange)
{
	struct reception *reception = loop_reception(exchange->loop);
	struct client client = client_of(exchange);

	return rates_take(reception->address_rates, client_key(&client),
		       exchange->config->hints_per_address, clock_monotonic())
		       ? VERDICT_NONE
		       : VERDICT_RATE;
}

/* Of a shop, at most so many a minute. */
static bool take_of_shop(struct exchange *exchange, struct rates *rates, int64_t a_minute)
{
	const struct digest_part part = {exchange->shop->domain, strlen(exchange->shop->domain)};
	unsigned char digest[SHA256_SIZE];
	uint64_t key;

	if (digest_sha256(&part, 1, digest) != 0)
		return false;
	memcpy(&key, digest, sizeof(key));
	return rates_take(rates, key, a_minute, clock_monotonic());
}

static bool shop_may(struct exchange *exchange)
{
	return take_of_shop(exchange, loop_reception(exchange->loop)->shop_rates,
		exchange->config->hints_per_shop);
}

/* Beyond hints_per_shop the store is asked whether a webhook has named the cart. That is cheap, but
 * not for nothing. */
static bool may_look_up(struct exchange *exchange)
{
	return take_of_shop(exchange, loop_reception(exchange->loop)->look_up_rates,
		exchange->config->hints_per_shop * LOOK_UPS);
}

/* ---- what ---- */

/* A token as it is kept: without the key behind it. */
static const char *token_of(struct exchange *exchange, const cJSON *posted, const char *name)
{
	const char *token = json_text(posted, name);

	return token != NULL
		       ? arena_format(exchange->arena, "%.*s", (int)strcspn(token, "?"), token)
		       : NULL;
}

/* Writes what is kept of the hint, as the delivery's body. */
static enum verdict keep(struct exchange *exchange, const cJSON *posted)
{
	struct client client = client_of(exchange);
	struct hint_request request = {.now = exchange->delivery.received};
	struct text kept = {0};
	char address[CLIENT_TEXT];
	char ip[CLIENT_TEXT];
	int result;

	client_format(&client, address);
	if (context_ip(address, exchange->shop->anonymize_ip, ip))
		request.ip = ip;
	request.user_agent = request_copy(exchange->arena, &exchange->head.user_agent);
	result = hint_read(posted, &request, &kept, &exchange->error);
	exchange->hint_tokens[0] = token_of(exchange, posted, "cartToken");
	exchange->hint_tokens[1] = token_of(exchange, posted, "checkoutToken");
	if (result == 0) {
		exchange->delivery.body = arena_copy(exchange->arena, text_string(&kept));
		exchange->delivery.body_length = kept.length;
	}
	text_free(&kept);
	exchange->head.problem = result != 0 ? exchange->error.text : NULL;
	return result == 0 ? VERDICT_NONE : VERDICT_HINT;
}

/* What is kept alike of an event is a repetition. A link or a choice is not: who refuses, agrees
 * and refuses again has refused. */
static int fingerprint(struct exchange *exchange, bool is_event)
{
	struct delivery *delivery = &exchange->delivery;
	const struct digest_part parts[] = {{delivery->body, delivery->body_length},
		{&delivery->received, sizeof(delivery->received)}};

	delivery->topic = HINT_TOPIC;
	if (delivery->body == NULL)
		return -1;
	return digest_sha256(parts, is_event ? 1 : 2, delivery->fingerprint);
}

static enum verdict no_memory(struct exchange *exchange)
{
	(void)error_set(&exchange->error, "no memory to take a hint");
	return VERDICT_STORE;
}

/* A shop that is not known is answered as a page that is not the shop's. */
enum verdict collect_describe(struct exchange *exchange)
{
	const cJSON *posted = json_parse(
		exchange->arena, exchange->body.bytes, exchange->body.length, &exchange->error);
	const char *name = hint_shop(posted);
	enum verdict verdict;

	if (arena_failed(exchange->arena))
		return no_memory(exchange);
	if (posted == NULL)
		exchange->head.problem = exchange->error.text;
	else if (name == NULL)
		exchange->head.problem = "it names no shop";
	if (name == NULL)
		return VERDICT_HINT;
	exchange->shop = config_shop(exchange->config, name);
	if (exchange->shop == NULL || exchange->shop->storefront_origins.count == 0 ||
		!is_from_shop(&exchange->head.origin, exchange->shop))
		return VERDICT_ORIGIN;
	exchange->only_named = !shop_may(exchange);
	if (exchange->only_named && !may_look_up(exchange))
		return VERDICT_RATE;
	verdict = keep(exchange, posted);
	if (verdict != VERDICT_NONE)
		return verdict;
	return fingerprint(exchange, json_at(posted, "event") != NULL) == 0 ? VERDICT_NONE
									    : no_memory(exchange);
}

/* ---- whether there is room ---- */

/* Pays for the hint out of what the store has for hints. */
static int take_room(struct exchange *exchange, struct engine *engine, struct error *error)
{
	struct hint_claim claim = {
		.shop = exchange->shop->domain,
		.tokens = {exchange->hint_tokens[0], exchange->hint_tokens[1]},
		.bytes = exchange->delivery.body_length,
		.only_named = exchange->only_named,
	};
	enum hint_admission admission = HINT_ADMITTED;

	if (hint_room_admit(engine, &claim, exchange->arena, &admission, error) != 0)
		return -1;
	if (admission == HINT_TOO_MANY)
		exchange->verdict = VERDICT_RATE;
	else if (admission == HINT_NO_ROOM)
		exchange->verdict = VERDICT_ROOM;
	return 0;
}

/* Anyone can post hints, so they may not fill what webhooks need: the last twentieth of the store,
 * and of its disk half as much again as is to stay free. Below that, deliveries that are sent
 * expire early for hints as for webhooks. And see engine/hint_room.h. */
int collect_admit(struct exchange *exchange, struct engine *engine, struct error *error)
{
	bool is_nearly_full;

	if (engine_is_nearly_full(engine, &is_nearly_full, error) != 0)
		return -1;
	if (is_nearly_full)
		exchange->verdict = VERDICT_ROOM;
	return exchange->verdict == VERDICT_NONE ? take_room(exchange, engine, error) : 0;
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
	struct MHD_Response *response = reception_make_answer(VERDICT_PREFLIGHT);

	for (size_t i = 0; response != NULL && i < sizeof(headers) / sizeof(headers[0]); i++)
		(void)MHD_add_response_header(response, headers[i][0], headers[i][1]);
	return response;
}

/* Only the shop's pages may read that it was taken. */
struct MHD_Response *collect_respond(struct exchange *exchange)
{
	struct MHD_Response *response;
	const char *origin;

	if (exchange->verdict == VERDICT_PREFLIGHT)
		return answer_preflight();
	if (exchange->verdict != VERDICT_COLLECTED)
		return NULL;
	response = reception_make_answer(VERDICT_COLLECTED);
	origin = request_copy(exchange->arena, &exchange->head.origin);
	if (response != NULL && origin != NULL) {
		(void)MHD_add_response_header(response, "Access-Control-Allow-Origin", origin);
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Origin");
	}
	return response;
}
