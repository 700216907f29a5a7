/* The checks of a request's head: method, path and headers, before the body is read. */
#include "receive/http/head_check.h"

#include "receive/route.h"

#include <string.h>
#include <strings.h>

/* The headers that the relay uses. */
static const struct known_header {
	const char *name;
	size_t length;
	size_t offset; /* of its span in the head */
	bool repeats;  /* it may occur more than once: the last one counts */
} known_headers[] = {
#define KNOWN(name, member) ENTRY(name, member, false)
#define LAST(name, member) ENTRY(name, member, true)
#define ENTRY(name, member, repeats) \
	(name), sizeof(name) - 1, offsetof(struct request_head, member), (repeats)
	{KNOWN("Host", host)},
	{KNOWN("Content-Length", length)},
	{KNOWN("Transfer-Encoding", encoding)},
	{KNOWN("Content-Type", content_type)},
	{KNOWN("X-Shopify-Topic", topic)},
	{KNOWN("X-Shopify-Shop-Domain", shop)},
	{KNOWN("X-Shopify-Hmac-Sha256", signature)},
	{KNOWN("X-Shopify-Webhook-Id", webhook_id)},
	{KNOWN("X-Shopify-Event-Id", event_id)},
	{KNOWN("X-Shopify-Api-Version", api_version)},
	{KNOWN("X-Shopify-Triggered-At", triggered_at)},
	{KNOWN("X-Shopify-Test", test)},
	{KNOWN("X-Recharge-Topic", recharge_topic)},
	{KNOWN("X-Recharge-Webhook-Signature", recharge_signature)},
	{KNOWN("X-Recharge-Webhook-Timestamp", recharge_timestamp)},
	{KNOWN("X-Recharge-Hmac-Sha256", recharge_hmac)},
	{LAST("Origin", origin)},
	{LAST("User-Agent", user_agent)},
	{LAST("X-Forwarded-For", forwarded_for)},
	{LAST("Accept-Encoding", accept_encoding)},
	{LAST("If-None-Match", if_none_match)},
#undef KNOWN
#undef LAST
#undef ENTRY
};

enum { KNOWN_HEADERS = sizeof(known_headers) / sizeof(known_headers[0]) };

static bool is_alphanumeric(char character)
{
	return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
	       (character >= 'a' && character <= 'z');
}

bool request_consists_of(const struct span *span, const char *others, size_t most)
{
	if (span->length == 0 || span->length > most)
		return false;
	for (size_t i = 0; i < span->length; i++)
		if (!is_alphanumeric(span->start[i]) &&
			(span->start[i] == '\0' || strchr(others, span->start[i]) == NULL))
			return false;
	return true;
}

/* A field name is a token (RFC 9110, 5.6.2): no white space before the colon, above all. */
static bool is_token(const struct span *name)
{
	return request_consists_of(name, "!#$%&'*+-.^_`|~", SIZE_MAX);
}

/* A field value has no control characters except tab (RFC 9110, 5.5). */
static bool is_field_value(const struct span *value)
{
	for (size_t i = 0; i < value->length; i++) {
		unsigned char character = (unsigned char)value->start[i];

		if ((character < ' ' && character != '\t') || character == 0x7f)
			return false;
	}
	return true;
}

static bool begins_with(const struct span *span, const char *prefix)
{
	size_t length = strlen(prefix);

	return span->length >= length && strncasecmp(span->start, prefix, length) == 0;
}

struct span request_trim(const struct span *span)
{
	struct span trimmed = *span;

	while (trimmed.length > 0 && (*trimmed.start == ' ' || *trimmed.start == '\t')) {
		trimmed.start++;
		trimmed.length--;
	}
	while (trimmed.length > 0 && (trimmed.start[trimmed.length - 1] == ' ' ||
					     trimmed.start[trimmed.length - 1] == '\t'))
		trimmed.length--;
	return trimmed;
}

static const struct known_header *find_known(const struct span *name)
{
	for (size_t i = 0; i < KNOWN_HEADERS; i++)
		if (known_headers[i].length == name->length &&
			strncasecmp(known_headers[i].name, name->start, name->length) == 0)
			return &known_headers[i];
	return NULL;
}

void request_malformed(struct request_head *head, const char *problem)
{
	if (!head->malformed)
		head->problem = problem;
	head->malformed = true;
}

void request_header(struct request_head *head, const struct span *name, const struct span *value)
{
	const struct known_header *known;
	struct span *span;

	if (!is_token(name))
		request_malformed(head, "a header's name is not a token");
	if (!is_field_value(value))
		request_malformed(head, "a header's value has a control character");
	known = find_known(name);
	if (known != NULL) {
		span = (struct span *)(void *)((char *)head + known->offset);
		if (span->start != NULL && !known->repeats)
			request_malformed(head, "a header that must be unique occurs twice");
		*span = request_trim(value);
	} else if (begins_with(name, "Content-Length") || begins_with(name, "Transfer-Encoding")) {
		request_malformed(head, "a header's name begins with Content-Length or "
					"Transfer-Encoding");
	} else if (begins_with(name, "Shopify-")) {
		head->next_generation = true;
	}
}

bool request_says(const struct span *span, const char *word)
{
	return span->start != NULL && span->length == strlen(word) && begins_with(span, word);
}

static bool is_length(const struct span *span)
{
	if (span->length == 0 || span->length > 18)
		return false;
	for (size_t i = 0; i < span->length; i++)
		if (span->start[i] < '0' || span->start[i] > '9')
			return false;
	return true;
}

int64_t request_length(const struct request_head *head)
{
	int64_t length = 0;

	if (head->length.start == NULL)
		return -1;
	for (size_t i = 0; i < head->length.length; i++)
		length = length * 10 + (head->length.start[i] - '0');
	return length;
}

/* The head must define the end of the request exactly once, and the host. */
static void check_framing(struct request_head *head)
{
	bool has_length = head->length.start != NULL;
	bool has_encoding = head->encoding.start != NULL;

	if (head->host.start == NULL && strcmp(head->version, "HTTP/1.1") == 0)
		request_malformed(head, "Host is missing");
	if (has_length && has_encoding)
		request_malformed(head, "both Content-Length and Transfer-Encoding");
	if (has_length && !is_length(&head->length))
		request_malformed(head, "Content-Length is not a number");
	if (has_encoding && !request_says(&head->encoding, "chunked"))
		request_malformed(head, "Transfer-Encoding is not `chunked`");
	if (has_encoding && strcmp(head->version, "HTTP/1.1") != 0)
		request_malformed(head, "Transfer-Encoding in a version of HTTP without it");
	if (!has_length && !has_encoding && strcmp(head->method, "POST") == 0)
		request_malformed(head, "neither Content-Length nor Transfer-Encoding");
}

int64_t request_most(const struct request_head *head, int64_t max_body)
{
	return head->route == NULL || head->route->most == ROUTE_MAX_BODY ? max_body
									  : head->route->most;
}

enum http_outcome request_check_head(struct request_head *head, int64_t max_body)
{
	check_framing(head);
	if (head->malformed)
		return HTTP_MALFORMED;
	head->route = route_find(head->path);
	if (head->route == NULL)
		return HTTP_PATH;
	if (!route_takes(head->route, head->method))
		return HTTP_METHOD;
	if (request_length(head) > request_most(head, max_body))
		return HTTP_TOO_LARGE;
	return head->route->check_head != NULL ? head->route->check_head(head) : HTTP_UNDECIDED;
}

const char *request_copy(struct arena *arena, const struct span *span)
{
	char *copy = span->start != NULL ? arena_alloc(arena, span->length + 1) : NULL;

	if (copy == NULL)
		return NULL;
	memcpy(copy, span->start, span->length);
	copy[span->length] = '\0';
	return copy;
}

const char *request_copy_id(struct arena *arena, const struct span *span)
{
	for (size_t i = 0; i < span->length; i++)
		if (span->start[i] <= ' ' || span->start[i] >= 0x7f)
			return NULL;
	if (span->length == 0 || span->length > REQUEST_ID_MAX)
		return NULL;
	return request_copy(arena, span);
}
