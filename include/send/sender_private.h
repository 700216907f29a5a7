/* The sender's inside, shared by its files.
 *
 * All of it belongs to the sender's thread but for the inbox, which others fill under its mutex. */
#ifndef SEGRELAY_SEND_SENDER_PRIVATE_H
#define SEGRELAY_SEND_SENDER_PRIVATE_H

#include "base/log.h"
#include "send/batch.h"
#include "send/http.h"
#include "send/names.h"
#include "send/retry.h"
#include "send/sender.h"

#include <pthread.h>

enum { ANSWER_WORDS = 200, CODES_MAX = 32 };

/* What an attempt came to. */
struct judgement {
	enum outcome outcome;
	long status;                  /* 0 without an answer */
	char words[ANSWER_WORDS + 1]; /* Segment's, curl's or ours: one line, fit for the log */
	int64_t wait;                 /* ms that the answer asks for, -1 when it does not */
	bool has_arrived;             /* the request reached the destination */
	bool is_news;                 /* tells how things are now */
	int64_t took;                 /* ms */
};

/* Counts of one destination for the metrics. */
struct tally {
	struct {
		char code[24]; /* an HTTP status, or curl's word for there being none */
		int64_t count;
	} codes[CODES_MAX];
	size_t code_count;
	int64_t requests;
	int64_t milliseconds; /* of all requests */
	int64_t splits;
	int64_t set_aside; /* messages that were, ever */
	int64_t in_flight;
	int64_t failing;      /* 1 when the last attempt failed, else 0 */
	int64_t paused_until; /* ms since 1970, 0 when not paused */
	int64_t last_success;
	int64_t clock_offset; /* ms that our clock is ahead of the destination's */
};

/* One destination being sent to. */
struct target {
	char *name;
	struct sender *sender;
	struct config *config;             /* holds `options` */
	const struct destination *options; /* NULL when it is configured no more */
	int64_t unclaimed;                 /* messages in the outbox that are not claimed */
	int64_t flush_at; /* ms of the monotonic clock: when they shall go at the latest */
	int64_t claim_at; /* not before: the store could not give any */
	bool claiming;
	bool stale;            /* what is in memory is not what the outbox has */
	struct batch *ready;   /* to be posted next */
	struct batch *leaving; /* set aside or refused, but the store has not that yet */
	int64_t held; /* bytes of its messages in memory but for one that is set aside, as of
		       * the last measurement */
	int64_t in_flight;
	int64_t outstanding; /* requests of its own that the engine has */
	int64_t window;      /* batches in flight at the most: 1, 2, 4, ... after a pause */
	int64_t refusals;    /* dead letters since a batch was last accepted */
	struct destination_state pause; /* its name is not used */
	int64_t resume_at;              /* ms of the monotonic clock: when the pause ends */
	bool holding;                   /* paused for a fault of the configuration */
	int64_t distrust_at; /* ms of the monotonic clock: connections from before are not used, 0
			      * for never */
	int64_t failures; /* that began or renewed a pause, ever: an attempt started before the last
			   * of them does not tell how things are now */
	bool told;        /* the log knows of the pause */
	bool unsaid;      /* the store does not know how the pause is now */
	int64_t log_at;   /* when it may be told of it (again) */
	/* See suspects.c. */
	int64_t passes;          /* batches that were accepted, ever */
	int64_t in_a_row;        /* attempts that failed though they arrived, since one passed */
	int64_t limited;         /* rate limits that were answered since one passed */
	int64_t answered_at;     /* ms of the monotonic clock: when one passed last, 0 for never */
	int64_t answer_time;     /* ms that the slowest of those took, the older ones count less */
	int64_t credit;          /* suspects that may fail before the destination is paused again */
	int64_t extra_claims;    /* made to try something else */
	int64_t early_probes;    /* made as soon as there was something else */
	struct batch *set_aside; /* claimed alone, to be posted */
	int64_t set_aside_at;    /* ms of the monotonic clock: when to ask for the next */
	int64_t set_aside_hold_at;    /* ms of the monotonic clock: none is tried before */
	int64_t set_aside_minute;     /* when the count of lines began */
	int64_t set_aside_lines;      /* in it */
	int64_t set_aside_suppressed; /* lines since the last one */
	bool is_accepted;             /* a batch was, with these options */
	bool wants_claim;             /* for something else to try */
	bool asked_to_wait;           /* by the answer that the pause is for */
	bool set_aside_in_flight;     /* it has a place of its own beside the window */
	bool set_aside_unsettled;     /* its outcome is not in the store yet */
	bool set_aside_claiming;
	struct log_limit dead_lines;
	struct log_limit clock_lines;
	struct tally tally;  /* under the sender's mutex */
	struct target *next; /* all that ever were, until the end: under the mutex, too */
};

/* One attempt in flight. */
struct attempt {
	struct target *target;
	struct batch *batch;
	struct config *config; /* holds `options`: a reload may come meanwhile */
	const struct destination *options;
	CURL *handle;
	struct curl_slist *headers;
	char *host; /* to be looked up, libcurl's; NULL for none */
	long port;
	struct curl_slist *resolved; /* its addresses, for CURLOPT_RESOLVE */
	int64_t look_up_by;          /* ms of the monotonic clock */
	bool is_posted;              /* libcurl has it: its address is known */
	struct text body;
	struct text answer;
	size_t answered;  /* bytes of its body that came */
	int64_t started;  /* ms of the monotonic clock */
	int64_t failures; /* of its target when it started */
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
	_Atomic int64_t missed; /* messages that there was no memory to announce */
	_Atomic bool removed;   /* some were taken out, without memory to say whose */

	pthread_mutex_t mutex;
	struct note *notes;
	struct note **last_note;
	bool stopping;
	int64_t stop_at;
	struct config *next_config;
	struct target *targets; /* only this thread adds to them */

	struct names *names;
	CURLMcode curl_state; /* of its last turn */
	bool curl_told;       /* the log knows that curl fails */
	struct log_limit curl_lines;
	struct attempt *attempts; /* in flight */
	struct attempt *spare;    /* handles to use again */
	struct note *later;       /* settlements that the store could not take yet */
	int64_t later_at;
	int64_t outstanding; /* requests that the engine has */
	int64_t share;       /* bytes of messages that a destination may always have in memory */
	int64_t further;     /* bytes that destinations have beyond that, in all */
	_Atomic int64_t claimed; /* bytes of all messages in memory */
};

/* ---- inbox.c ---- */

/* Puts a note into the inbox and wakes the thread; from any thread. */
void inbox_post(struct sender *sender, struct note *note);

/* Empties the inbox: a list of all notes, oldest first. */
struct note *inbox_take(struct sender *sender);

/* ---- ready.c: the batches to be posted next ---- */

/* Takes out the first one; there is one. */
struct batch *ready_take(struct target *target);

/* Puts a batch back, in the order of the outbox. */
void ready_put_back(struct target *target, struct batch *batch);

/* Adds one behind all others. */
void ready_append(struct target *target, struct batch *batch);

/* ---- lane.c: what a destination does next ---- */

/* Starts what can be started; returns when to look again, in ms of the monotonic clock. */
int64_t target_step(struct target *target, int64_t now);

/* An attempt ended: its batch goes on its way. */
void target_finish(struct target *target, struct attempt *attempt, CURLcode code);

/* Gives the target its options of a configuration, or none; then it finishes what is in flight. A
 * pause for a fault of the configuration ends: it may be mended. */
void target_configure(struct target *target, struct config *config);

/* Frees what waits in memory; it stays in the outbox. */
void target_free(struct target *target);

/* ---- pause.c: pausing, resuming, and saying so ---- */

/* Milliseconds until a paused destination is tried again, 0 when it is not paused. */
int64_t target_pause_left(const struct target *target);

/* Pauses a destination after an attempt that failed. */
void target_pause(struct target *target, const struct judgement *judgement);

/* The destination answers as it should: ends the pause, opens the window. */
void target_resume(struct target *target);

/* Takes up the pause from before a restart. */
void target_recall(struct target *target, const struct destination_state *state);

/* ---- dead_log.c ---- */

/* A message that Segment refused, kept as a dead letter. */
struct refused {
	const struct message *message;
	int64_t id;
	long status;
	const char *words; /* Segment's: one line, fit for the log */
};

/* Says so of a message that failed alone for too long. */
void dead_log_poison(struct target *target, const struct refused *refused, int64_t attempts);

/* Says so, at most once in a while for a destination, and what to do. */
void dead_log(struct target *target, const struct refused *refused);

/* ---- acks.c: requests to the engine ---- */

/* Asks the engine for the next batch; what comes is added to `ready`. False without memory. */
bool settle_claim(struct target *target);

/* Lets go of every claim of the target and counts anew what waits. Only when nothing of it is in
 * memory or on its way. False without memory. */
bool settle_renew(struct target *target);

/* Says that a batch was sent, or that its only message is refused. Until the store took it, it is
 * said again. Takes the batch. */
void settle_sent(struct target *target, struct batch *batch);
void settle_dead(struct target *target, struct batch *batch, long status, const char *words);

/* Says that its only message failed alone, see engine_set_aside. Takes the batch. */
void settle_set_aside(
	struct target *target, struct batch *batch, const struct judgement *judgement);

/* Asks the engine for a message that is set aside and due. False without memory. */
bool settle_claim_set_aside(struct target *target);

/* Stores the pause, for a restart. */
void settle_pause(struct target *target);

/* Hands what the store did not take to the engine again: settlements and pauses. */
void settle_again(struct sender *sender);

/* Frees them: what they were to remove stays in the outbox. */
void settle_give_up(struct sender *sender);

/* ---- attempt.c: one request ---- */

/* Posts a batch. False without memory; then the batch is still the caller's. */
bool attempt_start(struct target *target, struct batch *batch);

/* Goes on with an attempt whose name was looked up: CURLE_OK when it is posted, CURLE_AGAIN when it
 * has to wait still, or why it failed. */
CURLcode attempt_go_on(struct attempt *attempt);

/* The attempt that a handle belongs to is over: takes it out of flight. */
struct attempt *attempt_end(struct sender *sender, CURL *handle);

/* Keeps the handle for another attempt. */
void attempt_free(struct sender *sender, struct attempt *attempt);

/* Ends all of them at once. */
void attempt_abort_all(struct sender *sender);

/* Segment's words, or curl's: one line, cut, without control characters and without the write key.
 */
void attempt_words(const struct attempt *attempt, CURLcode code, char words[ANSWER_WORDS + 1]);

/* ---- claim_memory.c: one bound for the claimed messages of all destinations ---- */

/* Counts what is in memory; before the destinations are stepped. */
void memory_measure(struct sender *sender);

/* Whether the target may claim a batch now: its only one, or there is room for more. */
bool memory_allows(const struct target *target);

/* The bytes that the target's next claim may take, which are counted as taken. */
size_t memory_of_claim(struct target *target);

/* Whether a message that is set aside may be claimed now; then it is counted as taken. */
bool memory_take_message(struct sender *sender);

/* Whether the target, which is paused, shall let go of what it has: it has more than its share, and
 * others need the room. */
bool memory_is_wanted(const struct target *target);

/* ---- connection_reuse.c: which of them an attempt may use ---- */

/* Has the attempt use no connection that may be dead. */
void connections_choose(struct attempt *attempt);

/* The attempt failed without an answer: connections from before are not used any more. */
void connections_distrust(const struct attempt *attempt);

/* ---- clock_offset.c ---- */

/* Compares our clock with the Date of an answer; says so when they differ by over a minute. */
void clock_offset_note(const struct attempt *attempt);

/* ---- aim.c: where an attempt connects to ---- */

/* Finds the name that the attempt has to look up, if there is one. */
void aim_find(struct attempt *attempt);

/* Takes the addresses of that name: CURLE_OK when the attempt can be posted, CURLE_AGAIN while they
 * are looked up, or why it fails; then `reason` says it. */
CURLcode aim_look_up(struct attempt *attempt);

/* ---- transfers.c: curl's share of the loop ---- */

/* Lets what is in flight go on, and finishes what ended. */
void transfers_go_on(struct sender *sender);

/* Ends a wait of the sender's; from any thread. */
void transfers_wake(void *sender);

/* Waits until something is to be done, `ms` at the most. Where curl fails, which it does at once,
 * the loop rests instead. */
void transfers_wait(struct sender *sender, int64_t ms);

/* ---- sender_metrics.c ---- */

/* Counts an attempt. */
void tally_attempt(struct target *target, CURLcode code, long status, int64_t milliseconds);

/* Counts a batch that went into flight (1) or came back (-1). */
void tally_in_flight(struct target *target, int64_t change);

void tally_split(struct target *target);

void tally_set_aside(struct target *target);

/* Notes the time of an accepted batch. */
void tally_success(struct target *target, int64_t now);

/* Notes how far our clock is ahead of the destination's. */
void tally_clock(struct target *target, int64_t offset);

/* Notes the target's pause. */
void tally_pause(struct target *target);

#endif
