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

/* Checks the headers that Shopify sends with every webhook. */
static enum http_outcome check_headers(struct request_head *head)
{
	if (head->signature.start == NULL)
		head->problem = "X-Shopify-Hmac-Sha256 is missing";
	else if (!digest_from_base64(head->signature.start, head->signature.length, head->claimed))
		head->problem = "X-Shopify-Hmac-Sha256 is not 44 characters of base64";
	if (head->problem != NULL)
		return HTTP_UNSIGNED;
	if (head->topic.start == NULL)
		head->problem = "X-Shopify-Topic is missing";
	else if (!request_consists_of(&head->topic, "/._-", REQUEST_TOPIC_MAX) ||
		 request_says(
			 &head->topic, HINT_TOPIC)) /* reserved for hints, which are not signed */
		head->problem = "X-Shopify-Topic is not a topic";
	else if (head->shop.start == NULL)
		head->problem = "X-Shopify-Shop-Domain is missing";
	else if (!request_consists_of(&head->shop, ".-", REQUEST_SHOP_MAX))
		head->problem = "X-Shopify-Shop-Domain is not a domain";
	return head->problem != NULL ? HTTP_HEADERS : HTTP_UNDECIDED;
}

enum http_outcome shopify_check_head(struct request_head *head)
{
	if (head->next_generation && head->topic.start == NULL)
		return HTTP_NEXT_GENERATION;
	if (is_xml(&head->content_type))
		return HTTP_XML;
	return check_headers(head);
}

enum http_outcome shopify_authenticate(struct http_request *request)
{
	http_request_find_shop(request);
	switch (signature_check(
		request->shop, request->head.claimed, request->body.bytes, request->body.length)) {
	case SIGNATURE_RIGHT:
		return HTTP_UNDECIDED;
	case SIGNATURE_WRONG:
		if (request->shop == NULL)
			return HTTP_UNKNOWN_SHOP;
		request->secrets = request->shop->secrets.count;
		return HTTP_SIGNATURE;
	case SIGNATURE_NOT_CHECKED:
		break;
	}
	(void)error_set(&request->error, "no memory to check a signature");
	return HTTP_STORE_FAILED;
}

/* Topics in lower case: the same body under a topic in another case is a repetition. */
static const char *make_topic(struct arena *arena, const struct span *topic)
{
	char *made = arena_format(arena, "%.*s", (int)topic->length, topic->start);

	for (char *at = made; at != NULL && *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	return made;
}

/* X-Shopify-Triggered-At is not signed. A future time would make all later deliveries look older.
 */
static bool is_future(const struct delivery *delivery)
{
	int64_t time = time_parse(delivery->triggered_at);

	return time != TIME_UNKNOWN && time > delivery->received;
}

/* The signature is the fingerprint: a repetition has the same body, so the same signature. */
enum http_outcome shopify_build_delivery(struct http_request *request)
{
	struct delivery *delivery = &request->delivery;

	delivery->topic = make_topic(request->arena, &request->head.topic);
	if (is_future(delivery))
		delivery->triggered_at = NULL;
	memcpy(delivery->fingerprint, request->head.claimed, SHA256_SIZE);
	return HTTP_UNDECIDED;
}
