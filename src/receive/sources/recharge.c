/* ReCharge's webhooks: their path, their headers, and the pin to the newer of its signatures. */
#include "receive/sources/recharge.h"

#include "base/clock.h"
#include "base/log.h"
#include "receive/http/request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Topics are stored and mapped under names that Shopify's cannot have. */
#define TOPIC_PREFIX "recharge:"

enum { TOPIC_MAX = REQUEST_TOPIC_MAX - (int)sizeof(TOPIC_PREFIX) };

/* The record that holds a shop to the newer signature. */
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

/* Takes the shop, and the topic if there is one, from the path. */
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

/* What is wrong with the topic; NULL for nothing. No signature covers it. */
static const char *check_topic(struct request_head *head)
{
	const struct span *header = &head->recharge_topic;

	if (header->start == NULL)
		return head->topic.start != NULL
			       ? NULL
			       : "neither the path nor X-Recharge-Topic has the topic";
	if (!is_topic(header))
		return "X-Recharge-Topic is not a topic";
	if (head->topic.start == NULL)
		head->topic = *header;
	if (header->length != head->topic.length ||
		strncasecmp(header->start, head->topic.start, header->length) != 0)
		return "X-Recharge-Topic is not the topic of the path";
	return NULL;
}

enum verdict recharge_judge(struct request_head *head)
{
	if (!split_path(head)) {
		head->problem = "behind " RECHARGE_PATH " comes SHOP/RESOURCE/ACTION";
		return VERDICT_PATH;
	}
	head->problem = check_topic(head);
	if (head->problem != NULL)
		return VERDICT_RECHARGE_TOPIC;
	head->problem = recharge_read(&head->recharge, &head->recharge_signature,
		&head->recharge_timestamp, &head->recharge_hmac);
	return head->problem != NULL ? VERDICT_RECHARGE_UNSIGNED : VERDICT_NONE;
}

/* ---- the body ---- */

static enum verdict refuse(struct exchange *exchange, enum verdict verdict, const char *problem)
{
	exchange->head.problem = problem;
	return verdict;
}

static enum verdict later(struct exchange *exchange, const char *why)
{
	(void)error_set(&exchange->error, "%s", why);
	return VERDICT_STORE;
}

static enum verdict check_claims(struct exchange *exchange)
{
	const struct recharge_claims *claims = &exchange->head.recharge;

	if (!recharge_is_timely(claims, clock_now()))
		return refuse(exchange, VERDICT_RECHARGE_STALE,
			claims->signed_at < clock_now() ? "it was signed long ago"
							: "it was signed in the future");
	if (!claims->is_timed && exchange->shop->recharge_signature == RECHARGE_SIGNATURE_V1)
		return refuse(exchange, VERDICT_RECHARGE_LEGACY, "recharge_signature is v1");
	return VERDICT_NONE;
}

enum verdict recharge_verify(struct exchange *exchange)
{
	const struct shop *shop;

	exchange_find_shop(exchange);
	shop = exchange->shop;
	if (shop == NULL)
		return refuse(
			exchange, VERDICT_RECHARGE_SHOP, "the shop is not in the configuration");
	if (shop->recharge_secrets.count == 0)
		return refuse(exchange, VERDICT_RECHARGE_SHOP, "the shop has no recharge_secrets");
	switch (recharge_check(&shop->recharge_secrets, &exchange->head.recharge,
		exchange->body.bytes, exchange->body.length)) {
	case SIGNATURE_RIGHT:
		return check_claims(exchange);
	case SIGNATURE_WRONG:
		exchange->secrets = shop->recharge_secrets.count;
		return VERDICT_RECHARGE_SIGNATURE;
	case SIGNATURE_NOT_CHECKED:
		break;
	}
	return later(exchange, "no memory to check a signature");
}

/* ---- the delivery ---- */

static const char *signed_time(const struct exchange *exchange)
{
	char text[TIME_TEXT];

	if (!exchange->head.recharge.is_timed)
		return NULL;
	time_format(exchange->head.recharge.signed_at, text);
	return arena_copy(exchange->arena, text);
}

/* In lower case, as they are mapped: registrations may be made by hand. */
static const char *make_topic(struct arena *arena, const struct span *topic)
{
	char *made = arena_format(arena, TOPIC_PREFIX "%.*s", (int)topic->length, topic->start);

	for (char *at = made; at != NULL && *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	return made;
}

/* A repetition may come with another time and another signature, and the same body under another
 * topic. */
static int make_fingerprint(struct delivery *delivery)
{
	const struct digest_part parts[] = {
		{delivery->topic, strlen(delivery->topic)},
		{"\n", 1},
		{delivery->body, delivery->body_length},
	};

	return digest_sha256(parts, sizeof(parts) / sizeof(parts[0]), delivery->fingerprint);
}

enum verdict recharge_describe(struct exchange *exchange)
{
	struct delivery *delivery = &exchange->delivery;

	if (json_is_followed(delivery->body, delivery->body_length))
		return refuse(exchange, VERDICT_RECHARGE_FOLLOWED, "the JSON is followed by more");
	*delivery = (struct delivery){
		.shop = delivery->shop,
		.topic = make_topic(exchange->arena, &exchange->head.topic),
		.triggered_at = signed_time(exchange),
		.received = delivery->received,
		.body = delivery->body,
		.body_length = delivery->body_length,
	};
	if (delivery->topic == NULL || arena_failed(exchange->arena))
		return later(exchange, "no memory to take a webhook");
	return make_fingerprint(delivery) == 0 ? VERDICT_NONE
					       : later(exchange, "no memory for a digest");
}

/* ---- the pin ---- */

static int pin(struct engine *engine, const struct shop *shop, struct error *error)
{
	log_line(LOG_INFO,
		"ReCharge's newer signature was seen: the older one alone is refused from now on",
		LOG_STRING("shop", shop->domain),
		LOG_STRING("undo", "recharge_signature = either"));
	return store_put_record(engine_store(engine), shop->domain, PIN_KIND, PIN_KEY,
		"{\"scheme\":\"v1\"}", engine_retention_now(engine) + PIN_TTL, error);
}

int recharge_admit(struct exchange *exchange, struct engine *engine, struct error *error)
{
	const struct shop *shop = exchange->shop;
	bool is_timed = exchange->head.recharge.is_timed;
	const char *seen = NULL;

	if (shop->recharge_signature == RECHARGE_SIGNATURE_EITHER)
		return 0;
	if (store_get_record(engine_store(engine), shop->domain, PIN_KIND, PIN_KEY, exchange->arena,
		    &seen, error) != 0)
		return -1;
	if (is_timed)
		return seen == NULL ? pin(engine, shop, error) : 0;
	if (seen != NULL)
		exchange->verdict = refuse(
			exchange, VERDICT_RECHARGE_LEGACY, "the newer signature was seen before");
	return 0;
}
