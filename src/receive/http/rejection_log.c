/* Says in the log why a request was refused, and what can be done about it. */
#include "receive/http/rejection_log.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

enum {
	PERIOD = 10 * SECOND, /* one line a reason */
	NAME_LENGTH = 80,     /* anyone can send names of any length */
};

#define NO_NAME SIZE_MAX

/* Appends the start of a peer's text in printable ASCII to `names`, ended by NUL. Returns its
 * offset there, or NO_NAME when the text is empty. */
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

/* A number that is left out when it is not known. */
static struct log_field known_number(const char *key, int64_t number, bool known)
{
	return known ? LOG_NUMBER(key, number) : LOG_STRING(key, NULL);
}

void refusal_log(const struct refusal *refusal, struct log_limit *limit)
{
	static const struct request_head no_head = {0};
	const struct request_head *head = refusal->head != NULL ? refusal->head : &no_head;
	const struct verdict_facts *facts = &verdicts[refusal->verdict];
	const char *where = refusal->verdict == VERDICT_PATH ? head->path : NULL;
	bool is_origin = refusal->verdict == VERDICT_ORIGIN;
	int64_t length = head->malformed ? -1 : request_length(head);
	struct text names = {0};
	size_t shop, topic, path, origin;
	int64_t left_out;

	if (facts->log == NULL || !log_allow(limit, PERIOD, &left_out))
		return;
	shop = append_name(&names, head->shop.start, head->shop.length);
	topic = append_name(&names, head->topic.start, head->topic.length);
	path = append_name(&names, where, where != NULL ? strlen(where) : 0);
	origin = append_name(&names, head->origin.start, is_origin ? head->origin.length : 0);
	log_line(LOG_WARNING, facts->log, LOG_STRING("reason", facts->reason),
		known_number("status", facts->status, facts->status != 0),
		LOG_STRING("detail", head->problem), LOG_STRING("because", refusal->because),
		LOG_STRING("shop", name_at(&names, shop)),
		LOG_STRING("topic", name_at(&names, topic)),
		LOG_STRING("origin", name_at(&names, origin)),
		LOG_STRING("path", name_at(&names, path)),
		known_number("bytes", (int64_t)refusal->bytes, refusal->head != NULL),
		known_number("content_length", length, length >= 0),
		known_number("secrets_tried", (int64_t)refusal->secrets, refusal->secrets > 0),
		LOG_STRING("advice", facts->advice),
		known_number("left_out", left_out, left_out > 0));
	text_free(&names);
}
