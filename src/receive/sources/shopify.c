/* Shopify's webhooks: their headers and their signature. */
#include "receive/sources/shopify.h"

#include "base/clock.h"
#include "receive/http/request.h"
#include "receive/sources/signature.h"

#include <ctype.h>
#include <string.h>

/* application/xml, text/xml, application/…+xml, each with or without parameters. */
static bool is_xml(const struct span *type)
{
	struct span media = *type;
	const char *parameters;

	if (type->start == NULL)
		return false;
	parameters = memchr(type->start, ';', type->length);
	if (parameters != NULL)
		media.length = (size_t)(parameters - type->start);
	media = request_trim(&media);
	if (media.length < 4)
		return false;
	media.start += media.length - 4;
	media.length = 4;
	return request_says(&media, "/xml") || request_says(&media, "+xml");
}

/* What Shopify sends with every webhook. */
static enum verdict check_headers(struct request_head *head)
{
	if (head->signature.start == NULL)
		head->problem = "X-Shopify-Hmac-Sha256 is missing";
	else if (!digest_from_base64(head->signature.start, head->signature.length, head->claimed))
		head->problem = "X-Shopify-Hmac-Sha256 is not 44 characters of base64";
	if (head->problem != NULL)
		return VERDICT_UNSIGNED;
	if (head->topic.start == NULL)
		head->problem = "X-Shopify-Topic is missing";
	else if (!request_consists_of(&head->topic, "/._-", REQUEST_TOPIC_MAX) ||
		 request_says(&head->topic, HINT_TOPIC)) /* the browser's: no signature is for it */
		head->problem = "X-Shopify-Topic is not a topic";
	else if (head->shop.start == NULL)
		head->problem = "X-Shopify-Shop-Domain is missing";
	else if (!request_consists_of(&head->shop, ".-", REQUEST_SHOP_MAX))
		head->problem = "X-Shopify-Shop-Domain is not a domain";
	return head->problem != NULL ? VERDICT_HEADERS : VERDICT_NONE;
}

enum verdict shopify_judge(struct request_head *head)
{
	if (head->next_generation && head->topic.start == NULL)
		return VERDICT_NEXT_GENERATION;
	if (is_xml(&head->content_type))
		return VERDICT_XML;
	return check_headers(head);
}

enum verdict shopify_verify(struct exchange *exchange)
{
	exchange_find_shop(exchange);
	switch (signature_check(exchange->shop, exchange->head.claimed, exchange->body.bytes,
		exchange->body.length)) {
	case SIGNATURE_RIGHT:
		return VERDICT_NONE;
	case SIGNATURE_WRONG:
		if (exchange->shop == NULL)
			return VERDICT_UNKNOWN_SHOP;
		exchange->secrets = exchange->shop->secrets.count;
		return VERDICT_SIGNATURE;
	case SIGNATURE_NOT_CHECKED:
		break;
	}
	(void)error_set(&exchange->error, "no memory to check a signature");
	return VERDICT_STORE;
}

/* Shopify's topics are in lower case: the same body in another is a repetition. */
static const char *make_topic(struct arena *arena, const struct span *topic)
{
	char *made = arena_format(arena, "%.*s", (int)topic->length, topic->start);

	for (char *at = made; at != NULL && *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	return made;
}

/* A time of the future, which is not signed, would make all that follows look older. */
static bool is_future(const struct delivery *delivery)
{
	int64_t time = time_parse(delivery->triggered_at);

	return time != TIME_UNKNOWN && time > delivery->received;
}

/* A repetition has the same body, so the same signature. */
enum verdict shopify_describe(struct exchange *exchange)
{
	struct delivery *delivery = &exchange->delivery;

	delivery->topic = make_topic(exchange->arena, &exchange->head.topic);
	if (is_future(delivery))
		delivery->triggered_at = NULL;
	memcpy(delivery->fingerprint, exchange->head.claimed, SHA256_SIZE);
	return VERDICT_NONE;
}
