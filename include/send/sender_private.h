/* The sender's private types and functions, shared by its files.
 *
 * Only the sender's thread uses them, except where a comment says otherwise. Other threads fill the
 * inbox under the sender's mutex. */
#ifndef SEGRELAY_SEND_SENDER_PRIVATE_H
#define SEGRELAY_SEND_SENDER_PRIVATE_H

#include "base/log.h"
#include "send/batch.h"
#include "send/http.h"
#include "send/names.h"
#include "send/retry.h"
#include "send/sender.h"

#include <pthread.h>

enum { EXCERPT_MAX = 200, CODES_MAX = 32 };

/* The result of one attempt to send a batch. */
struct attempt_result {
	enum outcome outcome;
	long status; /* 0 without an answer */
	char excerpt[EXCERPT_MAX +
		     1];  /* of the answer, or libcurl's error: one line, safe to log */
	int64_t wait;     /* ms that the answer asks to wait, -1 for none */
	bool has_arrived; /* the request reached the destination */
	bool is_current;  /* it shows the destination's present state */
	int64_t took;     /* ms */
};

/* The metrics of one destination. */
struct send_metrics {
	struct {
		char code[24]; /* an HTTP status, or the kind of libcurl error */
		int64_t count;
	} codes[CODES_MAX];
	size_t code_count;
	int64_t requests;
	int64_t milliseconds; /* of all requests */
	int64_t splits;
	int64_t set_aside; /* messages set aside since the start */
	int64_t in_flight;
	int64_t failing;      /* 1 when the last attempt failed, else 0 */
	int64_t paused_until; /* ms since 1970, 0 when not paused */
	int64_t last_success;
	int64_t clock_offset; /* ms that this machine's clock is ahead of the destination's */
};

/* One destination, with its batches and its pause. */
struct lane {
	char *name;
	struct sender *sender;
	struct config *config;             /* holds `options` */
	const struct destination *options; /* NULL when it is not configured any more */
	int64_t unclaimed;                 /* messages in the outbox that are not claimed */
	int64_t flush_at; /* ms of the monotonic clock: latest time to claim them */
	int64_t claim_at; /* ms of the monotonic clock: earliest time, after the store failed */
	bool claiming;
	bool stale;            /* the outbox changed: the copies in memory are not valid */
	struct batch *ready;   /* to be posted next */
	struct batch *leaving; /* set aside or refused, not stored as such yet */
	int64_t held;          /* measured bytes in memory, without a message that is set aside */
	int64_t in_flight;
	int64_t outstanding; /* its tasks that the engine has not finished */
	int64_t window;      /* maximum of batches in flight: 1, 2, 4, ... after a pause */
	int64_t refusals;    /* dead letters since a batch was last accepted */
	struct destination_state pause; /* its name is not used */
	int64_t resume_at;              /* ms of the monotonic clock: when the pause ends */
	bool misconfigured;             /* paused because of a configuration error */
	int64_t connections_retired_at; /* monotonic ms; older connections are not used */
	int64_t failures;   /* failures that began or lengthened a pause, since the start */
	bool pause_logged;  /* a log line reported the pause */
	bool pause_unsaved; /* the store has an older state of the pause */
	int64_t log_at;     /* ms of the monotonic clock: earliest time of the next log line */
	/* See suspects.c. */
	int64_t accepted_batches;  /* since the start */
	int64_t failed_in_a_row;   /* attempts that arrived and failed since the last success */
	int64_t rate_limited;      /* answers with a rate limit since the last success */
	int64_t answered_at;       /* ms of the monotonic clock of the last success, 0 for never */
	int64_t answer_time;       /* ms of the slowest success; older ones count less */
	int64_t credit;            /* failures of suspects that are allowed before the next pause */
	int64_t extra_claims;      /* claims made to find another batch to try */
	int64_t early_probes;      /* probes made before the end of a pause */
	struct batch *set_aside;   /* one message that is set aside, to be posted */
	int64_t set_aside_at;      /* ms of the monotonic clock: when to claim the next one */
	int64_t set_aside_hold_at; /* ms of the monotonic clock: not posted before */
	int64_t set_aside_minute;  /* ms of the monotonic clock: start of the count of lines */
	int64_t set_aside_lines;   /* log lines since then */
	int64_t set_aside_suppressed; /* log lines left out since the last one */
	bool is_accepted;             /* a batch was accepted with these options */
	bool wants_claim;             /* another batch is needed to try */
	bool asked_to_wait;           /* the answer that began the pause asks to wait */
	bool set_aside_in_flight;     /* not counted in the window */
	bool set_aside_unacked;       /* its outcome is not in the store yet */
	bool set_aside_claiming;
	struct log_limit dead_lines;
	struct log_limit clock_lines;
	struct send_metrics metrics; /* under the sender's mutex */
	struct lane *next;           /* never removed before the end; changed under the mutex */
};

/* One attempt in flight. */
struct attempt {
	struct lane *lane;
	struct batch *batch;
	struct config *config; /* holds `options` during a reload */
	const struct destination *options;
	CURL *handle;
	struct curl_slist *headers;
	char *host; /* name to look up, freed by curl_free; NULL for none */
	long port;
	struct curl_slist *resolved; /* its addresses, for CURLOPT_RESOLVE */
	int64_t look_up_by;          /* ms of the monotonic clock */
	bool is_posted;              /* libcurl has it: the address is known */
	struct text body;
	struct text answer;
	size_t answered;  /* bytes of the answer's body that arrived */
	int64_t started;  /* ms of the monotonic clock */
	int64_t failures; /* lane->failures when it started */
	char reason[CURL_ERROR_SIZE];
	struct attempt *next;
};

/* An entry of the inbox. The sender's thread calls `handle`, which frees the mail. */
struct mail {
	void (*handle)(struct sender *sender, struct mail *mail);
	struct mail *next;
};

struct sender {
	struct engine *engine;
	pthread_t thread;
	CURLM *multi;
	_Atomic int64_t heartbeat;
	_Atomic int64_t missed; /* queued messages that were not announced, for want of memory */
	_Atomic bool removed;   /* messages were removed and not announced, for want of memory */

	pthread_mutex_t mutex;
	struct mail *first_mail;
	struct mail **last_mail;
	bool stopping;
	int64_t stop_at;
	struct config *next_config;
	struct lane *lanes; /* only this thread adds to them */

	struct names *names;
	CURLMcode curl_state; /* result of its last call */
	bool curl_logged;     /* a log line reported that libcurl fails */
	struct log_limit curl_lines;
	struct attempt *attempts; /* in flight */
	struct attempt *spare;    /* handles to use again */
	struct mail *failed_acks; /* acknowledgements that the store did not accept yet */
	int64_t retry_at;         /* ms of the monotonic clock: when they are tried again */
	int64_t outstanding;      /* tasks that the engine has not finished */
	int64_t share; /* bytes of messages that each destination may always have in memory */
	int64_t beyond_share;    /* bytes that all destinations have beyond that */
	_Atomic int64_t claimed; /* bytes of all messages in memory */
};

/* ---- inbox.c ---- */

/* Adds a mail and wakes the sender's thread. From any thread. */
void inbox_post(struct sender *sender, struct mail *mail);

/* Removes all mails; returns them as a list, oldest first. */
struct mail *inbox_read(struct sender *sender);

/* ---- ready.c: the batches to be posted next ---- */

/* Removes the first batch, which must exist. */
struct batch *ready_take(struct lane *lane);

/* Inserts a batch in the order of the outbox. */
void ready_put_back(struct lane *lane, struct batch *batch);

/* Adds a batch at the end. */
void ready_append(struct lane *lane, struct batch *batch);

/* ---- lane.c: the next action of a destination ---- */

/* Starts claims and attempts. Returns when to call it again, in ms of the monotonic clock. */
int64_t lane_step(struct lane *lane, int64_t now);

/* Handles the end of an attempt: acknowledges its batch, or puts it back. */
void lane_finish(struct lane *lane, struct attempt *attempt, CURLcode code);

/* Sets the lane's options from a configuration. Without options it only finishes the batches in
 * flight. Ends a pause that a configuration error caused: the new configuration may be correct. */
void lane_configure(struct lane *lane, struct config *config);

/* Frees the lane and its batches. The messages stay in the outbox. */
void lane_free(struct lane *lane);

/* ---- pause.c: pausing and resuming, with log lines ---- */

/* Milliseconds until a paused destination is tried again, 0 when it is not paused. */
int64_t lane_pause_left(const struct lane *lane);

/* Pauses a destination after an attempt that failed. */
void lane_pause(struct lane *lane, const struct attempt_result *result);

/* Ends the pause after a success, and doubles the window. */
void lane_resume(struct lane *lane);

/* Restores the pause from before a restart. */
void lane_restore(struct lane *lane, const struct destination_state *state);

/* ---- dead_log.c ---- */

/* A message that became a dead letter. */
struct refused {
	const struct message *message;
	int64_t id; /* of the dead letter */
	long status;
	const char *excerpt; /* of the answer: one line, safe to log */
};

/* Logs a message that failed alone for poison_after. */
void dead_log_poison(struct lane *lane, const struct refused *refused, int64_t attempts);

/* Logs a message that the destination refused; limited in rate for each destination. */
void dead_log(struct lane *lane, const struct refused *refused);

/* ---- acks.c, acks_set_aside.c: tasks for the engine ---- */

/* Claims the next batch, which is added to `ready`. False without memory. */
bool claim_next(struct lane *lane);

/* Releases every claim of the lane and counts its waiting messages again. Only when none of them
 * is in memory, in flight, or in a task of the engine. False without memory. */
bool claims_renew(struct lane *lane);

/* Acknowledges a batch as sent, or its only message as refused. Repeated until the store accepts
 * it. Owns the batch. */
void ack_sent(struct lane *lane, struct batch *batch);
void ack_dead(struct lane *lane, struct batch *batch, long status, const char *excerpt);

/* Sets the batch's only message aside, see engine_set_aside. Owns the batch. */
void ack_set_aside(struct lane *lane, struct batch *batch, const struct attempt_result *result);

/* Claims a message that is set aside and due. False without memory. */
bool claim_set_aside(struct lane *lane);

/* Stores the pause, so that it outlives a restart. */
void save_pause(struct lane *lane);

/* Submits again the acknowledgements and pauses that the store did not accept. */
void acks_retry(struct sender *sender);

/* Frees those acknowledgements. Their messages stay in the outbox. */
void acks_abandon(struct sender *sender);

/* ---- attempt.c: one request ---- */

/* Posts a batch and owns it. False without memory; then the caller still owns it. */
bool attempt_start(struct lane *lane, struct batch *batch);

/* Posts an attempt whose host name is looked up. CURLE_OK when it was posted, CURLE_AGAIN while the
 * lookup lasts, otherwise the error. */
CURLcode attempt_continue(struct attempt *attempt);

/* Removes the attempt of a handle from those in flight. NULL for none. */
struct attempt *attempt_end(struct sender *sender, CURL *handle);

/* Frees an attempt, but keeps its handle for another one. */
void attempt_free(struct sender *sender, struct attempt *attempt);

/* Aborts and frees all attempts. */
void attempt_abort_all(struct sender *sender);

/* An excerpt of the answer, or libcurl's error: one line, safe to log, without the write key. */
void attempt_excerpt(const struct attempt *attempt, CURLcode code, char excerpt[EXCERPT_MAX + 1]);

/* ---- claim_memory.c: one memory limit for the claimed messages of all destinations ---- */

/* Counts the bytes in memory. To be called before lane_step. */
void claim_memory_measure(struct sender *sender);

/* Whether the lane may claim a batch now: it has none, or memory for another is left. */
bool claim_memory_allows(const struct lane *lane);

/* Reserves memory for the lane's next claim. Returns the maximum of its bytes. */
size_t claim_memory_reserve(struct lane *lane);

/* Reserves memory for a message that is set aside. False when none is left. */
bool claim_memory_reserve_message(struct sender *sender);

/* Whether a paused lane must free its batches: it has more than its share, and others need the
 * memory. */
bool claim_memory_must_release(const struct lane *lane);

/* ---- connection_reuse.c: connections that an attempt may use ---- */

/* Excludes connections that may be dead from an attempt. */
void connections_choose(struct attempt *attempt);

/* Retires the present connections after an attempt that failed without an answer. */
void connections_retire(const struct attempt *attempt);

/* ---- clock_offset.c ---- */

/* Compares this machine's clock with the Date of an answer. Logs an offset of over a minute. */
void clock_offset_update(const struct attempt *attempt);

/* The sentAt of a batch that is sent now. */
int64_t clock_offset_sent_at(const struct lane *lane);

/* ---- lookup.c: addresses of the host that an attempt connects to ---- */

/* Sets the host name that the attempt has to look up, or NULL. */
void lookup_find_host(struct attempt *attempt);

/* Sets the addresses of that name. CURLE_OK when the attempt can be posted, CURLE_AGAIN while the
 * lookup lasts, otherwise the error, with its text in `reason`. */
CURLcode lookup_poll(struct attempt *attempt);

/* ---- transfers.c: libcurl's part of the loop ---- */

/* Continues the attempts in flight, and finishes those that ended. */
void transfers_run(struct sender *sender);

/* Ends transfers_wait early. From any thread. */
void transfers_wake(void *sender);

/* Waits for network events or a wake-up, at most `ms`. When libcurl fails, it sleeps for a short
 * time instead. */
void transfers_wait(struct sender *sender, int64_t ms);

#endif
