/* The sender's inbox: what other threads have for its thread. */
#include "send/sender_private.h"

/* Wakes under the lock: the sender may be gone as soon as it has the last outcome. */
void inbox_post(struct sender *sender, struct note *note)
{
	note->next = NULL;
	(void)pthread_mutex_lock(&sender->mutex);
	*sender->last_note = note;
	sender->last_note = &note->next;
	(void)curl_multi_wakeup(sender->multi);
	(void)pthread_mutex_unlock(&sender->mutex);
}

struct note *inbox_take(struct sender *sender)
{
	struct note *notes;

	(void)pthread_mutex_lock(&sender->mutex);
	notes = sender->notes;
	sender->notes = NULL;
	sender->last_note = &sender->notes;
	(void)pthread_mutex_unlock(&sender->mutex);
	return notes;
}
