/* ReCharge's webhooks: their path, their headers, and the pin to the newer of the two signatures.
 */
#include "receive/sources/recharge.h"

#include "base/clock.h"
#include "base/log.h"
#include "receive/http/request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Topics are stored with a prefix that Shopify's topics cannot have. */
#define TOPIC_PREFIX "recharge:"

enum { TOPIC_MAX = REQUEST_TOPIC_MAX - (int)sizeof(TOPIC_PREFIX) };

/* The record that pins a shop to the newer signature. */
#define PIN_KIND "recharge"
#define PIN_KEY "signature"
static const int64_t PIN_TTL = 36500 * DAY;

/* ---- the head ---- */

/* RESOURCE/ACTION */
static bool is_topic(const struct span *topic)
{
	const char *slash;

	if (!request_consists_of(topic, "/_", TOPIC_MAX))
		return false;
	slash = memchr(topic->start, '/', topic->length);
	return slash != NULL && slash != topic->start && slash + 1 < topic->start + topic->length &&
	       memchr(slash + 1, '/', (size_t)(topic->start + topic->length - slash - 1)) == NULL;
}

/* Reads the shop, and the topic if present, from the path. */
static bool split_path(struct request_head *head)
{
	const char *shop = head->path + strlen(RECHARGE_PATH);
	size_t length = strcspn(shop, "/");
	const char *topic = shop + length + (shop[length] == '/');

	head->shop = (struct span){shop, length};
	head->topic = (struct span){*topic != '\0' ? topic : NULL, strlen(topic)};
	return request_consists_of(&head->shop, ".-", REQUEST_SHOP_MAX) &&
	       (head->topic.start == NULL || is_topic(&head->topic));
}

/* The fault of the topic; NULL for none. No signature covers the topic. */
static const char *check_topic(struct request_head *head)
{
	const struct span *header = &head->recharge_topic;

	if (header->start == NULL)
		return head->topic.start != NULL
			       ? NULL
			       : "neither the path nor X-Recharge-Topic names the topic";
	if (!is_topic(header))
		return "X-Recharge-Topic is not a topic";
	if (head->topic.start == NULL)
		head->topic = *header;
	if (header->length != head->topic.length ||
		strncasecmp(header->start, head->topic.start, header->length) != 0)
		return "X-Recharge-Topic is not the topic of the path";
	return NULL;
}

enum http_outcome recharge_check_head(struct request_head *head)
{
	if (!split_path(head)) {
		head->problem = "the path must be " RECHARGE_PATH "SHOP/RESOURCE/ACTION";
		return HTTP_PATH;
	}
	head->problem = check_topic(head);
	if (head->problem != NULL)
		return HTTP_RECHARGE_TOPIC;
	head->problem = recharge_read(&head->recharge, &head->recharge_signature,
		&head->recharge_timestamp, &head->recharge_hmac);
	return head->problem != NULL ? HTTP_RECHARGE_UNSIGNED : HTTP_UNDECIDED;
}

/* ---- the body ---- */

static enum http_outcome reject(
	struct http_request *request, enum http_outcome outcome, const char *problem)
{
	request->head.problem = problem;
	return outcome;
}

static enum http_outcome later(struct http_request *request, const char *why)
{
	(void)error_set(&request->error, "%s", why);
	return HTTP_STORE_FAILED;
}

static enum http_outcome check_claims(struct http_request *request)
{
	const struct recharge_claims *claims = &request->head.recharge;

	if (!recharge_is_timely(claims, clock_now()))
		return reject(request, HTTP_RECHARGE_STALE,
			claims->signed_at < clock_now() ? "it was signed long ago"
							: "it was signed in the future");
	if (!claims->is_timed && request->shop->recharge_signature == RECHARGE_SIGNATURE_V1)
		return reject(request, HTTP_RECHARGE_LEGACY, "recharge_signature is v1");
	return HTTP_UNDECIDED;
}

enum http_outcome recharge_authenticate(struct http_request *request)
{
	const struct shop *shop;

	http_request_find_shop(request);
	shop = request->shop;
	if (shop == NULL)
		return reject(request, HTTP_RECHARGE_SHOP, "the shop is not configured");
	if (shop->recharge_secrets.count == 0)
		return reject(request, HTTP_RECHARGE_SHOP, "the shop has no recharge_secrets");
	switch (recharge_check(&shop->recharge_secrets, &request->head.recharge,
		request->body.bytes, request->body.length)) {
	case SIGNATURE_RIGHT:
		return check_claims(request);
	case SIGNATURE_WRONG:
		request->secrets = shop->recharge_secrets.count;
		return HTTP_RECHARGE_SIGNATURE;
	case SIGNATURE_NOT_CHECKED:
		break;
	}
	return later(request, "no memory to check a signature");
}

/* ---- the delivery ---- */

static const char *signed_time(const struct http_request *request)
{
	char text[TIME_TEXT];

	if (!request->head.recharge.is_timed)
		return NULL;
	time_format(request->head.recharge.signed_at, text);
	return arena_copy(request->arena, text);
}

/* In lower case, as the mapping expects: registrations may be made by hand. */
static const char *make_topic(struct arena *arena, const struct span *topic)
{
	char *made = arena_format(arena, TOPIC_PREFIX "%.*s", (int)topic->length, topic->start);

	for (char *at = made; at != NULL && *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	return made;
}

/* The signature does not identify a repetition: the time in it may differ, and the same body may
 * arrive under another topic. */
static int make_fingerprint(struct delivery *delivery)
{
	const struct digest_part parts[] = {
		{delivery->topic, strlen(delivery->topic)},
		{"\n", 1},
		{delivery->body, delivery->body_length},
	};

	return digest_sha256(parts, sizeof(parts) / sizeof(parts[0]), delivery->fingerprint);
}

enum http_outcome recharge_build_delivery(struct http_request *request)
{
	struct delivery *delivery = &request->delivery;

	if (json_is_followed(delivery->body, delivery->body_length))
		return reject(request, HTTP_RECHARGE_FOLLOWED, "bytes follow the JSON");
	*delivery = (struct delivery){
		.shop = delivery->shop,
		.topic = make_topic(request->arena, &request->head.topic),
		.triggered_at = signed_time(request),
		.received = delivery->received,
		.body = delivery->body,
		.body_length = delivery->body_length,
	};
	if (delivery->topic == NULL || arena_failed(request->arena))
		return later(request, "no memory to receive a webhook");
	return make_fingerprint(delivery) == 0 ? HTTP_UNDECIDED
					       : later(request, "no memory for a digest");
}

/* ---- the pin ---- */

static int pin(struct engine *engine, const struct shop *shop, struct error *error)
{
	log_line(LOG_INFO, "ReCharge signature pinned", LOG_STRING("shop", shop->domain),
		LOG_STRING("reason", "a webhook had the newer signature"),
		LOG_STRING("effect", "webhooks with only the older one are rejected"),
		LOG_STRING("action", "to undo, set recharge_signature = either"));
	return store_put_record(engine_store(engine), shop->domain, PIN_KIND, PIN_KEY,
		"{\"scheme\":\"v1\"}", engine_retention_now(engine) + PIN_TTL, error);
}

int recharge_check_quota(struct http_request *request, struct engine *engine, struct error *error)
{
	const struct shop *shop = request->shop;
	bool is_timed = request->head.recharge.is_timed;
	const char *seen = NULL;

	if (shop->recharge_signature == RECHARGE_SIGNATURE_EITHER)
		return 0;
	if (store_get_record(engine_store(engine), shop->domain, PIN_KIND, PIN_KEY, request->arena,
		    &seen, error) != 0)
		return -1;
	if (is_timed)
		return seen == NULL ? pin(engine, shop, error) : 0;
	if (seen != NULL)
		request->outcome = reject(
			request, HTTP_RECHARGE_LEGACY, "the newer signature was received before");
	return 0;
}
