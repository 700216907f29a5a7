/* Log lines of messages that became dead letters. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

enum { LINES_PAUSE = 10 * SECOND }; /* between two log lines of a destination */

/* A refused deletion is always logged, because the operator must answer the person who asked. */
void dead_log(struct lane *lane, const struct refused *refused)
{
	const struct message *message = refused->message;
	const struct log_field destination = LOG_STRING("destination", lane->name);
	const struct log_field status = LOG_NUMBER("status", refused->status);
	const struct log_field answer = LOG_STRING("answer", refused->excerpt);
	bool is_deletion = lane->options != NULL && lane->options->deletes;
	char message_id[UUID_TEXT];
	char action[160];
	int64_t suppressed;

	uuid_format(&message->message_id, message_id);
	(void)snprintf(action, sizeof(action),
		is_deletion ? "segrelay dead requeue %" PRId64
			      ", or delete the users by hand: Segment, Privacy, Deletion and "
			      "Suppression"
			    : "segrelay dead show %" PRId64,
		refused->id);
	if (is_deletion)
		log_line(LOG_WARNING, "deletion moved to dead letters", destination,
			LOG_STRING("shop", message->shop), status, answer,
			LOG_STRING("reason", "Segment refused to delete users"),
			LOG_STRING("action", action));
	else if (log_allow(&lane->dead_lines, LINES_PAUSE, &suppressed))
		log_line(LOG_WARNING, "message moved to dead letters", destination,
			LOG_STRING("event", message->event), LOG_STRING("messageId", message_id),
			status, answer, LOG_STRING("reason", "Segment refused it"),
			LOG_STRING("action", action), LOG_NUMBER("suppressed", suppressed));
}

void dead_log_poison(struct lane *lane, const struct refused *refused, int64_t attempts)
{
	const struct message *message = refused->message;
	char message_id[UUID_TEXT];
	char action[64];
	int64_t suppressed;

	if (!log_allow(&lane->dead_lines, LINES_PAUSE, &suppressed))
		return;
	uuid_format(&message->message_id, message_id);
	(void)snprintf(action, sizeof(action), "segrelay dead show %" PRId64, refused->id);
	log_line(LOG_WARNING, "message moved to dead letters", LOG_STRING("shop", message->shop),
		LOG_STRING("destination", lane->name), LOG_STRING("event", message->event),
		LOG_STRING("messageId", message_id), LOG_NUMBER("status", refused->status),
		LOG_STRING("answer", refused->excerpt), LOG_NUMBER("attempts", attempts),
		LOG_STRING("reason", "it failed alone for poison_after while others were accepted"),
		LOG_STRING("action", action), LOG_NUMBER("suppressed", suppressed));
}
