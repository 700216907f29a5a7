/* Says in the log why a request was refused, and what can be done about it. */
#include "receive/refusal.h"

#include "base/clock.h"

#include <string.h>

enum {
	PERIOD = 10 * SECOND, /* one line a reason */
	NAME_LENGTH = 80,     /* anyone can make up names */
};

/* Copies the start of what a peer wrote, fit for a log. NULL when it wrote nothing. */
static const char *copy_name(char name[NAME_LENGTH + 1], const char *from, size_t length)
{
	if (from == NULL || length == 0)
		return NULL;
	if (length > NAME_LENGTH)
		length = NAME_LENGTH;
	for (size_t i = 0; i < length; i++)
		name[i] = from[i] >= ' ' && from[i] < 0x7f ? from[i] : '?';
	name[length] = '\0';
	return name;
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
	int64_t length = head->malformed ? -1 : request_length(head);
	char shop[NAME_LENGTH + 1];
	char topic[NAME_LENGTH + 1];
	char path[NAME_LENGTH + 1];
	char origin[NAME_LENGTH + 1];
	int64_t left_out;

	if (facts->log == NULL || !log_allow(limit, PERIOD, &left_out))
		return;
	log_line(LOG_WARNING, facts->log, LOG_STRING("reason", facts->reason),
		known_number("status", facts->status, facts->status != 0),
		LOG_STRING("detail", head->problem), LOG_STRING("because", refusal->because),
		LOG_STRING("shop", copy_name(shop, head->shop.start, head->shop.length)),
		LOG_STRING("topic", copy_name(topic, head->topic.start, head->topic.length)),
		LOG_STRING("origin",
			refusal->verdict == VERDICT_ORIGIN
				? copy_name(origin, head->origin.start, head->origin.length)
				: NULL),
		LOG_STRING("path", where != NULL ? copy_name(path, where, strlen(where)) : NULL),
		known_number("bytes", (int64_t)refusal->bytes, refusal->head != NULL),
		known_number("content_length", length, length >= 0),
		known_number("secrets_tried", (int64_t)refusal->secrets, refusal->secrets > 0),
		LOG_STRING("advice", facts->advice),
		known_number("left_out", left_out, left_out > 0));
}
