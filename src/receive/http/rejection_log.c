/* Logs why a request was rejected, and the remedy. */
#include "receive/http/rejection_log.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

enum {
	PERIOD = 10 * SECOND, /* one line for each outcome */
	NAME_LENGTH = 80,     /* anyone can send names of any length */
};

#define NO_NAME SIZE_MAX

/* Appends the beginning of an untrusted text in printable ASCII to `names`, terminated by NUL.
 * Returns its offset there, or NO_NAME when the text is empty. */
static size_t append_name(struct text *names, const char *from, size_t length)
{
	size_t offset = names->length;

	if (from == NULL || length == 0)
		return NO_NAME;
	for (size_t i = 0; i < length && i < NAME_LENGTH; i++)
		text_add(names, from[i] >= ' ' && from[i] < 0x7f ? &from[i] : "?", 1);
	text_add(names, "", 1);
	return offset;
}

static const char *name_at(const struct text *names, size_t offset)
{
	return offset != NO_NAME && !names->failed ? names->data + offset : NULL;
}

/* A number that is omitted when unknown. */
static struct log_field known_number(const char *key, int64_t number, bool known)
{
	return known ? LOG_NUMBER(key, number) : LOG_STRING(key, NULL);
}

void rejection_log(const struct rejection *rejection, struct log_limit *limit)
{
	static const struct request_head no_head = {0};
	const struct request_head *head = rejection->head != NULL ? rejection->head : &no_head;
	const struct http_outcome_facts *facts = &http_outcomes[rejection->outcome];
	const char *detail = head->problem != NULL ? head->problem : rejection->detail;
	const char *where = rejection->outcome == HTTP_PATH ? head->path : NULL;
	bool is_origin = rejection->outcome == HTTP_ORIGIN;
	int64_t length = head->malformed ? -1 : request_length(head);
	struct text names = {0};
	size_t shop, topic, path, origin;
	struct text reason = {0};
	int64_t suppressed;

	if (facts->message == NULL || !log_allow(limit, PERIOD, &suppressed))
		return;
	shop = append_name(&names, head->shop.start, head->shop.length);
	topic = append_name(&names, head->topic.start, head->topic.length);
	path = append_name(&names, where, where != NULL ? strlen(where) : 0);
	origin = append_name(&names, head->origin.start, is_origin ? head->origin.length : 0);
	text_put(&reason, facts->reason);
	if (detail != NULL)
		text_format(&reason, ": %s", detail);
	log_line(LOG_WARNING, facts->message, LOG_STRING("outcome", facts->label),
		known_number("status", facts->status, facts->status != 0),
		LOG_STRING("reason", reason.failed ? facts->reason : text_string(&reason)),
		LOG_STRING("shop", name_at(&names, shop)),
		LOG_STRING("topic", name_at(&names, topic)),
		LOG_STRING("origin", name_at(&names, origin)),
		LOG_STRING("path", name_at(&names, path)),
		known_number("bytes", (int64_t)rejection->bytes, rejection->head != NULL),
		known_number("content_length", length, length >= 0),
		known_number("secrets_tried", (int64_t)rejection->secrets, rejection->secrets > 0),
		LOG_STRING("action", facts->action),
		known_number("suppressed", suppressed, suppressed > 0));
	text_free(&reason);
	text_free(&names);
}
