/* libcurl's part of the sender's loop. When libcurl fails, the loop sleeps for a short time. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <time.h>

enum {
	ERROR_SLEEP = 100, /* ms; transfers_wake does not end it, so it is short */
	LINES_PAUSE = MINUTE,
};

static void finish_transfers(struct sender *sender)
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
		lane_finish(attempt->lane, attempt, code);
		attempt_free(sender, attempt);
	}
}

/* An attempt whose host name is not found ends with libcurl's error code for it. */
static void post_waiting(struct sender *sender)
{
	struct attempt *next;

	for (struct attempt *attempt = sender->attempts; attempt != NULL; attempt = next) {
		CURLcode code = attempt->is_posted ? CURLE_OK : attempt_continue(attempt);

		next = attempt->next;
		if (code == CURLE_OK || code == CURLE_AGAIN)
			continue;
		(void)attempt_end(sender, attempt->handle);
		lane_finish(attempt->lane, attempt, code);
		attempt_free(sender, attempt);
	}
}

void transfers_run(struct sender *sender)
{
	int running;

	post_waiting(sender);
	sender->curl_state = curl_multi_perform(sender->multi, &running);
	finish_transfers(sender);
}

static void log_failure(struct sender *sender)
{
	int64_t suppressed;

	if (sender->curl_logged || !log_allow(&sender->curl_lines, LINES_PAUSE, &suppressed))
		return;
	sender->curl_logged = true;
	log_line(LOG_ERROR, "sending suspended: libcurl error",
		LOG_STRING("reason", curl_multi_strerror(sender->curl_state)),
		LOG_STRING("effect", "webhooks are stored; their messages are sent late"),
		LOG_STRING("action",
			"if it lasts, check memory and open files, then restart segrelay"),
		LOG_NUMBER("suppressed", suppressed));
}

static void log_recovery(struct sender *sender)
{
	if (!sender->curl_logged)
		return;
	sender->curl_logged = false;
	log_plain(LOG_INFO, "sending resumed");
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
	(void)nanosleep(&(struct timespec){.tv_nsec = ERROR_SLEEP * 1000000L}, NULL);
}

void transfers_wake(void *sender)
{
	(void)curl_multi_wakeup(((struct sender *)sender)->multi);
}
