/* The one thread that owns the store: every read and every write.
 *
 * Others hand it requests. Each turn it takes all that waits and carries it out in one transaction;
 * only after the commit is anyone told (group commit: one fsync for all). */
#ifndef SEGRELAY_ENGINE_ENGINE_H
#define SEGRELAY_ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/error.h"
#include "config/config.h"
#include "mapping/mapping.h"
#include "store/store.h"

struct engine;

/* Something for the engine to do. `run` is called in the engine's thread inside the turn's
 * transaction and returns 0, or -1 when the store failed: then the whole turn is rolled back.
 * `done` is called in the engine's thread after the commit with 0, or with -1 and a reason after a
 * rollback. The request belongs to the engine from engine_submit until `done`, which may free it.
 */
struct task {
	int (*run)(struct engine *engine, struct task *task, struct error *error);
	void (*done)(struct task *task, int result, const struct error *error);
	struct task *next; /* the engine's */
};

/* What the engine tells others. Called in its thread; must not block. */
struct engine_hooks {
	/* After a commit that put messages of a destination into the outbox; also after one that
	 * failed, which may have done so: there may be fewer than announced, never more. */
	void (*on_queued)(void *queued_context, const char *destination, int64_t messages);
	/* After a commit that took messages of a destination out of the outbox unsent: whoever
	 * holds copies of them must let go. */
	void (*on_removed)(void *queued_context, const char *destination);
	void *queued_context; /* of both */
	/* The store is damaged: nothing can be stored or read until the operator mended it. Also
	 * called when it was found before the hooks were set. */
	void (*on_damaged)(void *context);
	void *context;
};

/* Starts the thread on an open store, which stays the caller's to close after engine_stop. The
 * engine keeps a reference to the configuration. The hooks are called once they are set. */
int engine_start(
	struct store *store, struct config *config, struct engine **engine, struct error *error);

/* Sets the hooks. From now on timers run, too: what they queue is announced. When it returns, none
 * of the hooks that were set before is being called, nor will be: their contexts may go. */
void engine_set_hooks(struct engine *engine, const struct engine_hooks *hooks);

/* Hands a request over; never blocks. Not after engine_stop was called. */
void engine_submit(struct engine *engine, struct task *task);

/* Hands a request over and waits until it is done: 0, or -1 with the reason. `done` is not used. */
int engine_call(struct engine *engine, struct task *task, struct error *error);

/* Uses another configuration from the next turn on. */
void engine_reload(struct engine *engine, struct config *config);

/* Finishes what was submitted, then ends the thread and frees the engine. NULL is allowed. */
void engine_stop(struct engine *engine);

/* When the engine last began or ended a turn, in ms of clock_monotonic(): for the watchdog. */
int64_t engine_heartbeat(const struct engine *engine);

/* Why new webhooks are refused now, or false when they are not: the store failed or is full. */
bool engine_refuses(struct engine *engine, struct error *reason);

/* ---- for use inside `run` ---- */

struct store *engine_store(struct engine *engine);
const struct config *engine_config(const struct engine *engine);

/* Whether half of the room that early expiry keeps for webhooks is used up. */
int engine_is_nearly_full(struct engine *engine, bool *is, struct error *error);

/* The time from which to count how long something is kept, in ms since 1970: clock_now(), but it
 * does not jump. */
int64_t engine_steady_now(const struct engine *engine);

/* Applies a verified delivery: parses it, stores it, maps it, queues what is new. STORED, REFUSED
 * (there is no room, or no memory to parse it; `error` says so), or -1 when the store failed. */
enum applied { STORED, REFUSED };
int engine_apply(struct engine *engine, struct delivery *delivery, const struct shop *shop,
	struct error *error);

/* Maps a delivery that is stored already, alone (see isolation.h), and counts what became of it; a
 * dead letter is made of what cannot be mapped. `payload` is NULL when the body could not be
 * parsed, and `problem` says why. STORED, REFUSED (there was no memory), or -1 when the store
 * failed. */
int engine_map(struct engine *engine, const struct delivery *delivery, const cJSON *payload,
	const char *problem, const struct shop *shop, struct arena *arena, struct error *error);

/* Maps what a timer of the mapping asks for. 0, or -1 with the error, whose kind says whether the
 * store failed. */
int engine_map_timer(struct engine *engine, const struct timer *timer, const struct shop *shop,
	struct arena *arena, struct error *error);

/* The counters of a topic of a shop (made when new), and all of them; changed ones are saved at the
 * end of the turn. NULL when memory runs out. */
struct topic_state *engine_topic(struct engine *engine, const char *shop, const char *topic);
const struct topic_state *engine_topics(const struct engine *engine, size_t *count);
const struct destination_state *engine_destinations(const struct engine *engine, size_t *count);

/* The counters of a destination (made when new); saved at the end of the turn. NULL when memory
 * runs out. */
struct destination_state *engine_destination(struct engine *engine, const char *name);

/* ---- the sender's requests, and the operator's ---- */

/* Takes the next batch of a destination: see store_claim. */
int engine_claim(struct engine *engine, const char *destination, const struct claim_limits *limits,
	struct arena *arena, struct message **messages, size_t *count, struct error *error);

/* Lets go of every claim of a destination, whose messages are in nobody's hands; *waiting is how
 * many there are. */
int engine_unclaim(
	struct engine *engine, const char *destination, int64_t *waiting, struct error *error);

/* Settles messages: sent, or dead with Segment's answer; then *dead is the letter's id, 0 when
 * there is no such message. */
int engine_settle_sent(struct engine *engine, const char *destination, const int64_t *ids,
	size_t count, struct error *error);
int engine_settle_dead(struct engine *engine, const char *destination, int64_t message,
	int64_t status, const char *reason, int64_t *dead, struct error *error);

/* An attempt to send one message alone that failed, while its destination accepts others. */
struct failed_alone {
	int64_t message;
	int64_t status;       /* HTTP's, 0 without an answer */
	const char *reason;   /* the answer: one line, fit for the log */
	int64_t wait;         /* ms that the answer asks to wait, or less than 1 */
	int64_t poison_after; /* ms; see segrelay.conf(5) */
};
struct set_aside_result {
	int64_t attempts; /* that failed so far */
	int64_t wait;     /* ms until it is due again */
	int64_t dead;     /* the dead letter's id; 0 when it is not one yet */
};

/* Sets the message aside with a growing delay; *result is all 0 when it is not there any more, as
 * after an erasure. When it has failed so for `poison_after`, and the
 * destination accepted others since its last failure, it becomes a dead letter. */
int engine_set_aside(struct engine *engine, const char *destination,
	const struct failed_alone *failure, struct set_aside_result *result, struct error *error);

/* How many messages of a destination are set aside. */
int engine_count_set_aside(
	struct engine *engine, const char *destination, int64_t *count, struct error *error);

/* Claims the message of a destination that is set aside and due. *found is false when there is
 * none; then *wait is when to ask again, in ms (INT64_MAX for never). */
int engine_claim_set_aside(struct engine *engine, const char *destination, struct arena *arena,
	struct message *message, bool *found, int64_t *wait, struct error *error);

/* Drops a dead letter, and counts it. */
int engine_drop_dead(struct engine *engine, const struct dead_letter *letter, struct error *error);

/* Remembers a destination's pause across restarts. */
int engine_pause(struct engine *engine, const struct destination_state *pause, struct error *error);

/* Removes the excerpt of the destination's answer from the reason of a pause, and leaves the HTTP
 * status before it. False when there is none. */
bool engine_wipe_excerpt(struct destination_state *state);

#endif
