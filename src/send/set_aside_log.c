/* What the log and the metrics say of messages that are set aside. */
#include "send/suspects.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	LEAST_WAIT = 100,    /* ms */
	LINES_A_MINUTE = 30, /* beyond it, they are counted */
};

/* One line a message, but a shop that sends nothing else must not fill the log. */
static bool may_log(struct target *target, int64_t *suppressed)
{
	int64_t now = clock_monotonic();

	*suppressed = 0;
	if (now >= target->set_aside_minute + MINUTE) {
		target->set_aside_minute = now;
		target->set_aside_lines = 0;
	}
	if (target->set_aside_lines >= LINES_A_MINUTE) {
		target->set_aside_suppressed++;
		return false;
	}
	target->set_aside_lines++;
	*suppressed = target->set_aside_suppressed;
	target->set_aside_suppressed = 0;
	return true;
}

static void log_set_aside(
	struct target *target, const struct failed_alone *failure, const struct message *message)
{
	char message_id[UUID_TEXT];
	char action[96];
	int64_t suppressed;

	if (!may_log(target, &suppressed))
		return;
	uuid_format(&message->message_id, message_id);
	(void)snprintf(action, sizeof(action), "segrelay outbox show %" PRId64, message->id);
	log_line(LOG_WARNING, "message set aside", LOG_STRING("shop", message->shop),
		LOG_STRING("destination", target->name), LOG_STRING("event", message->event),
		LOG_STRING("messageId", message_id), LOG_NUMBER("status", failure->status),
		LOG_STRING("answer", failure->reason),
		LOG_STRING("reason", "it fails alone while others are accepted"),
		LOG_STRING(
			"effect", "the others are sent; it is retried alone, less and less often"),
		LOG_NUMBER("dead_letter_after_seconds", failure->poison_after / SECOND),
		LOG_STRING("action", action), LOG_NUMBER("suppressed", suppressed));
}

void set_aside_note(struct target *target, const struct failed_alone *failure,
	const struct message *message, const struct set_aside_result *result)
{
	const struct refused refused = {
		.message = message,
		.id = result->dead,
		.status = (long)failure->status,
		.words = failure->reason,
	};
	int64_t wait = result->wait > LEAST_WAIT ? result->wait : LEAST_WAIT;
	int64_t due = clock_monotonic() + wait;

	if (result->dead != 0)
		dead_log_poison(target, &refused, result->attempts);
	if (result->wait == 0)
		return; /* it waits no more */
	if (due < target->set_aside_at)
		target->set_aside_at = due;
	if (result->attempts > 1)
		return;
	tally_set_aside(target);
	log_set_aside(target, failure, message);
}
