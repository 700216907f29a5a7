/* The sender's inbox: other threads add mails for the sender's thread. */
#include "send/sender_private.h"

/* Wakes the thread with the lock held: the sender may be freed after it reads the last mail. */
void inbox_post(struct sender *sender, struct mail *mail)
{
	mail->next = NULL;
	(void)pthread_mutex_lock(&sender->mutex);
	*sender->last_mail = mail;
	sender->last_mail = &mail->next;
	(void)curl_multi_wakeup(sender->multi);
	(void)pthread_mutex_unlock(&sender->mutex);
}

struct mail *inbox_read(struct sender *sender)
{
	struct mail *first_mail;

	(void)pthread_mutex_lock(&sender->mutex);
	first_mail = sender->first_mail;
	sender->first_mail = NULL;
	sender->last_mail = &sender->first_mail;
	(void)pthread_mutex_unlock(&sender->mutex);
	return first_mail;
}
