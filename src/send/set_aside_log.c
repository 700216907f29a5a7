/* Log lines and metrics of messages that are set aside. */
#include "send/suspects.h"

#include "base/clock.h"
#include "base/log.h"
#include "send/send_metrics.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	LEAST_WAIT = 100,    /* ms */
	LINES_A_MINUTE = 30, /* more lines are counted only */
};

/* Each message has one line, up to LINES_A_MINUTE. */
static bool may_log(struct lane *lane, int64_t *suppressed)
{
	int64_t now = clock_monotonic();

	*suppressed = 0;
	if (now >= lane->set_aside_minute + MINUTE) {
		lane->set_aside_minute = now;
		lane->set_aside_lines = 0;
	}
	if (lane->set_aside_lines >= LINES_A_MINUTE) {
		lane->set_aside_suppressed++;
		return false;
	}
	lane->set_aside_lines++;
	*suppressed = lane->set_aside_suppressed;
	lane->set_aside_suppressed = 0;
	return true;
}

static void log_set_aside(
	struct lane *lane, const struct failed_alone *failure, const struct message *message)
{
	char message_id[UUID_TEXT];
	char action[96];
	int64_t suppressed;

	if (!may_log(lane, &suppressed))
		return;
	uuid_format(&message->message_id, message_id);
	(void)snprintf(action, sizeof(action), "segrelay outbox show %" PRId64, message->id);
	log_line(LOG_WARNING, "message set aside", LOG_STRING("shop", message->shop),
		LOG_STRING("destination", lane->name), LOG_STRING("event", message->event),
		LOG_STRING("messageId", message_id), LOG_NUMBER("status", failure->status),
		LOG_STRING("answer", failure->reason),
		LOG_STRING("reason", "it fails alone while others are accepted"),
		LOG_STRING("effect",
			"other messages are sent; this one is retried alone with a growing delay"),
		LOG_NUMBER("dead_letter_after_seconds", failure->poison_after / SECOND),
		LOG_STRING("action", action), LOG_NUMBER("suppressed", suppressed));
}

void set_aside_update(struct lane *lane, const struct failed_alone *failure,
	const struct message *message, const struct set_aside_result *result)
{
	const struct refused refused = {
		.message = message,
		.id = result->dead,
		.status = (long)failure->status,
		.excerpt = failure->reason,
	};
	int64_t wait = result->wait > LEAST_WAIT ? result->wait : LEAST_WAIT;
	int64_t due = clock_monotonic() + wait;

	if (result->dead != 0)
		dead_log_poison(lane, &refused, result->attempts);
	if (result->wait == 0)
		return; /* it does not wait any more */
	if (due < lane->set_aside_at)
		lane->set_aside_at = due;
	if (result->attempts > 1)
		return;
	send_metrics_set_aside(lane);
	log_set_aside(lane, failure, message);
}
