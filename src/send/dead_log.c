/* What the log says of messages that Segment refused for good. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

enum { LINES_PAUSE = 10 * SECOND }; /* between two lines of a destination */

/* Somebody waits for a deletion that Segment refused: it is the operator's to see to. */
void dead_log(struct target *target, const struct refused *refused)
{
	const struct message *message = refused->message;
	const struct log_field destination = LOG_STRING("destination", target->name);
	const struct log_field status = LOG_NUMBER("status", refused->status);
	const struct log_field answer = LOG_STRING("answer", refused->words);
	char message_id[UUID_TEXT];
	char command[64];
	int64_t left_out;

	uuid_format(&message->message_id, message_id);
	(void)snprintf(command, sizeof(command), "segrelay dead show %" PRId64, refused->id);
	if (target->options != NULL && target->options->deletes)
		log_line(LOG_WARNING, "dead letter: Segment refused to delete users", destination,
			LOG_STRING("shop", message->shop), status, answer,
			LOG_STRING("see", command),
			LOG_STRING("next", "mend the cause and `segrelay dead retry` it, or delete "
					   "the users by hand: Segment, Privacy, Deletion and "
					   "Suppression"));
	else if (log_allow(&target->dead_lines, LINES_PAUSE, &left_out))
		log_line(LOG_WARNING, "dead letter: Segment refused a message", destination,
			LOG_STRING("event", message->event), LOG_STRING("message", message_id),
			status, answer, LOG_STRING("see", command),
			LOG_NUMBER("more_before", left_out));
}

void dead_log_poison(struct target *target, const struct refused *refused, int64_t attempts)
{
	const struct message *message = refused->message;
	char message_id[UUID_TEXT];
	char action[64];
	int64_t suppressed;

	if (!log_allow(&target->dead_lines, LINES_PAUSE, &suppressed))
		return;
	uuid_format(&message->message_id, message_id);
	(void)snprintf(action, sizeof(action), "segrelay dead show %" PRId64, refused->id);
	log_line(LOG_WARNING, "dead letter: message not accepted",
		LOG_STRING("shop", message->shop), LOG_STRING("destination", target->name),
		LOG_STRING("event", message->event), LOG_STRING("messageId", message_id),
		LOG_NUMBER("status", refused->status), LOG_STRING("answer", refused->words),
		LOG_NUMBER("attempts", attempts),
		LOG_STRING("reason", "it failed alone for poison_after while others were accepted"),
		LOG_STRING("action", action), LOG_NUMBER("suppressed", suppressed));
}
