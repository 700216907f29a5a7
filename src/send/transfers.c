/* Curl's share of the sender's loop: what is in flight goes on; where curl fails, the loop rests.
 */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <time.h>

enum {
	REST = 100, /* ms: so short that what wakes the thread can wait for its end */
	LINES_PAUSE = MINUTE,
};

static void take_answers(struct sender *sender)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(sender->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		struct attempt *attempt;

		if (message->msg != CURLMSG_DONE)
			continue;
		attempt = attempt_end(sender, message->easy_handle);
		if (attempt == NULL)
			continue;
		target_finish(attempt->target, attempt, code);
		attempt_free(sender, attempt);
	}
}

/* An attempt whose name was not found ends as one that libcurl gave up. */
static void post_waiting(struct sender *sender)
{
	struct attempt *next;

	for (struct attempt *attempt = sender->attempts; attempt != NULL; attempt = next) {
		CURLcode code = attempt->is_posted ? CURLE_OK : attempt_go_on(attempt);

		next = attempt->next;
		if (code == CURLE_OK || code == CURLE_AGAIN)
			continue;
		(void)attempt_end(sender, attempt->handle);
		target_finish(attempt->target, attempt, code);
		attempt_free(sender, attempt);
	}
}

void transfers_go_on(struct sender *sender)
{
	int running;

	post_waiting(sender);
	sender->curl_state = curl_multi_perform(sender->multi, &running);
	take_answers(sender);
}

static void log_failure(struct sender *sender)
{
	int64_t left_out;

	if (sender->curl_told || !log_allow(&sender->curl_lines, LINES_PAUSE, &left_out))
		return;
	sender->curl_told = true;
	log_line(LOG_ERROR, "sending rests: curl fails",
		LOG_STRING("reason", curl_multi_strerror(sender->curl_state)),
		LOG_STRING("cause", "the system has no memory or no files for it"),
		LOG_STRING("effect", "webhooks are taken and kept; they are sent late"),
		LOG_STRING("next", "tried again ten times a second; if it lasts, give the machine "
				   "memory and restart segrelay"),
		LOG_NUMBER("more_before", left_out));
}

static void log_recovery(struct sender *sender)
{
	if (!sender->curl_told)
		return;
	sender->curl_told = false;
	log_plain(LOG_INFO, "sending goes on: curl works again");
}

void transfers_wait(struct sender *sender, int64_t ms)
{
	if (sender->curl_state == CURLM_OK)
		sender->curl_state = curl_multi_poll(sender->multi, NULL, 0, (int)ms, NULL);
	if (sender->curl_state == CURLM_OK) {
		log_recovery(sender);
		return;
	}
	log_failure(sender);
	(void)nanosleep(&(struct timespec){.tv_nsec = REST * 1000000L}, NULL);
}

void transfers_wake(void *sender)
{
	(void)curl_multi_wakeup(((struct sender *)sender)->multi);
}
