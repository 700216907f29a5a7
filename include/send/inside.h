/* The sender's inside, shared by its files.
 *
 * All of it belongs to the sender's thread but for the inbox, which others fill under its mutex. */
#ifndef SEGRELAY_SEND_INSIDE_H
#define SEGRELAY_SEND_INSIDE_H

#include "send/batch.h"
#include "send/http.h"
#include "send/retry.h"
#include "send/sender.h"

#include <pthread.h>

enum { ANSWER_WORDS = 200, CODES_MAX = 32 };

/* Counts of one destination for the metrics, under the sender's mutex. */
struct tally {
	char *name;
	struct {
		char code[24]; /* an HTTP status, or curl's word for there being none */
		int64_t count;
	} codes[CODES_MAX];
	size_t code_count;
	int64_t requests;
	int64_t milliseconds; /* of all requests */
	int64_t splits;
	int64_t in_flight;
	int64_t paused_until; /* ms since 1970, 0 when not paused */
	int64_t last_success;
};

/* One destination being sent to. */
struct target {
	char *name;
	struct sender *sender;
	struct config *config;             /* holds `options` */
	const struct destination *options; /* NULL when it is configured no more */
	int64_t unclaimed;                 /* messages in the outbox that are not claimed */
	int64_t flush_at; /* ms of the monotonic clock: when they shall go at the latest */
	bool claiming;
	struct batch *ready; /* to be posted next */
	int64_t in_flight;
	int64_t window; /* batches in flight at the most: 1, 2, 4 … after a pause */
	struct destination_state pause; /* its name is not used */
	bool holding;                   /* paused for a fault of the configuration */
	int64_t log_at;                 /* when the pause may be logged again */
	struct tally *tally;
	struct target *next;
};

/* One attempt in flight. */
struct attempt {
	struct target *target;
	struct batch *batch;
	CURL *handle;
	struct curl_slist *headers;
	struct text body;
	struct text answer;
	int64_t started;
	char reason[CURL_ERROR_SIZE];
	struct attempt *next;
};

/* What the inbox holds: something to be done by the sender's thread. */
struct note {
	void (*take)(struct sender *sender, struct note *note);
	struct note *next;
};

struct sender {
	struct engine *engine;
	pthread_t thread;
	CURLM *multi;
	_Atomic int64_t heartbeat;

	pthread_mutex_t mutex;
	struct note *notes;
	struct note **last_note;
	bool stopping;
	int64_t stop_at;
	struct config *next_config;
	struct tally *tallies;
	size_t tally_count;

	struct target *targets;
	struct attempt *attempts; /* in flight */
	struct attempt *spare;    /* handles to use again */
	struct note *later;       /* settlements that the store could not take yet */
	int64_t later_at;
	int64_t outstanding; /* requests that the engine has */
};

/* ---- sender.c ---- */

/* Puts a note into the inbox and wakes the thread; from any thread. */
void sender_post(struct sender *sender, struct note *note);

/* The target of a name, made when new; NULL without memory. */
struct target *sender_target(struct sender *sender, const char *name);

/* ---- target.c: what a destination does next ---- */

/* Starts what can be started; returns when to look again, in ms of the monotonic clock. */
int64_t target_step(struct target *target, int64_t now);

/* An attempt ended. */
void target_finish(struct target *target, struct attempt *attempt, CURLcode code);

/* Frees what waits in memory; it stays in the outbox. */
void target_free(struct target *target);

/* ---- pause.c: pausing, resuming, and saying so ---- */

bool target_is_paused(const struct target *target);

/* Pauses a destination after an attempt that failed; `wait` in ms, or -1 for the usual backoff. */
void target_pause(
	struct target *target, enum outcome outcome, long status, const char *words, int64_t wait);

/* An attempt was accepted: ends the pause, opens the window. */
void target_resume(struct target *target);

/* ---- settle.c: requests to the engine ---- */

/* Asks the engine for the next batch; what comes is added to `ready`. False without memory. */
bool settle_claim(struct target *target);

/* Says that a batch was sent, or that its only message is refused. Until the store took it, it is
 * said again. Takes the batch. */
void settle_sent(struct target *target, struct batch *batch);
void settle_dead(struct target *target, struct batch *batch, long status, const char *words);

/* Remembers the pause across restarts. */
void settle_pause(struct target *target);

/* Hands the settlements that failed to the engine again. */
void settle_again(struct sender *sender);

/* ---- attempt.c: one request ---- */

/* Posts a batch. False without memory; then the batch is still the caller's. */
bool attempt_start(struct target *target, struct batch *batch);

/* The attempt that a handle belongs to is over: takes it out of flight. */
struct attempt *attempt_end(struct sender *sender, CURL *handle);

/* Keeps the handle for another attempt. */
void attempt_free(struct sender *sender, struct attempt *attempt);

/* Ends all of them at once. */
void attempt_abort_all(struct sender *sender);

/* Segment's words, or curl's: one line, cut, without control characters and without the write key.
 */
void attempt_words(const struct attempt *attempt, CURLcode code, char words[ANSWER_WORDS + 1]);

/* ---- sender_metrics.c ---- */

/* The tally of a destination, made when new; NULL without memory. Under the mutex. */
struct tally *tally_of(struct sender *sender, const char *name);

/* Counts an attempt. */
void tally_attempt(struct target *target, CURLcode code, long status, int64_t milliseconds);

#endif
