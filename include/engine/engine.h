/* The thread that owns the store: it does every read and every write.
 *
 * Other threads submit tasks. Each turn runs all waiting tasks in one transaction. The results are
 * reported after the commit (group commit: one fsync for all tasks). */
#ifndef SEGRELAY_ENGINE_ENGINE_H
#define SEGRELAY_ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/error.h"
#include "config/config.h"
#include "mapping/mapping.h"
#include "store/store.h"

struct engine;

/* A task for the engine. The engine's thread calls `run` inside the turn's transaction. `run`
 * returns 0, or -1 when the store failed; then the whole turn is rolled back. The engine's thread
 * calls `done` after the commit with 0, or after a rollback with -1 and the reason. The engine owns
 * the task from engine_submit until `done`, which may free it. */
struct task {
	int (*run)(struct engine *engine, struct task *task, struct error *error);
	void (*done)(struct task *task, int result, const struct error *error);
	struct task *next; /* used by the engine */
};

/* Functions that the engine's thread calls. They must not block. */
struct engine_hooks {
	/* After a commit that queued messages of a destination. Also after a commit that failed,
	 * because the messages may be stored: there may be fewer than announced, never more. */
	void (*on_queued)(void *queued_context, const char *destination, int64_t messages);
	/* After a commit that removed unsent messages of a destination from the outbox: copies in
	 * memory must be freed. */
	void (*on_removed)(void *queued_context, const char *destination);
	void *queued_context; /* of both */
	/* The store is damaged and cannot be used until the operator repairs it. Also called when
	 * the damage was found before the hooks were set. */
	void (*on_damaged)(void *context);
	void *context;
};

/* Starts the thread with an open store, which the caller closes after engine_stop. The engine keeps
 * a reference to the configuration. Hooks are called after engine_set_hooks. 0, or -1 with the
 * error. */
int engine_start(
	struct store *store, struct config *config, struct engine **engine, struct error *error);

/* Sets the hooks and starts the timers. After the return, the previous hooks are not called any
 * more, and their contexts may be freed. */
void engine_set_hooks(struct engine *engine, const struct engine_hooks *hooks);

/* Submits a task. Never blocks. From any thread, but not after engine_stop. */
void engine_submit(struct engine *engine, struct task *task);

/* Submits a task and waits for its end. 0, or -1 with the reason. `done` is not used. From any
 * thread but the engine's. */
int engine_call(struct engine *engine, struct task *task, struct error *error);

/* Uses another configuration from the next turn on. */
void engine_reload(struct engine *engine, struct config *config);

/* Finishes the submitted tasks, ends the thread and frees the engine. NULL is allowed. */
void engine_stop(struct engine *engine);

/* The time of the engine's last turn, in ms of clock_monotonic(). For the watchdog. */
int64_t engine_heartbeat(const struct engine *engine);

/* Whether new webhooks are rejected now, with the reason: the store failed or is full. */
bool engine_refuses(struct engine *engine, struct error *reason);

/* ---- for use inside `run` ---- */

struct store *engine_store(struct engine *engine);
const struct config *engine_config(const struct engine *engine);

/* Whether half of the space that early expiry keeps for webhooks is used. */
int engine_is_nearly_full(struct engine *engine, bool *is, struct error *error);

/* The retention clock, in ms since 1970: like clock_now(), but it does not jump or run backwards.
 */
int64_t engine_retention_now(const struct engine *engine);

/* Applies a verified delivery: parses, stores and maps it, and queues its new messages. STORED,
 * REFUSED with the error (no space, or no memory to parse it), or -1 when the store failed. */
enum applied { STORED, REFUSED };
int engine_apply(struct engine *engine, struct delivery *delivery, const struct shop *shop,
	struct error *error);

/* Maps a stored delivery in isolation (see isolation.h) and counts the result. A delivery that
 * cannot be mapped becomes a dead letter. `payload` is NULL when the body could not be parsed;
 * `problem` is the reason. STORED, REFUSED (no memory), or -1 when the store failed. */
int engine_map(struct engine *engine, const struct delivery *delivery, const cJSON *payload,
	const char *problem, const struct shop *shop, struct arena *arena, struct error *error);

/* Runs a timer of the mapping. 0, or -1 with the error; its kind shows whether the store failed. */
int engine_map_timer(struct engine *engine, const struct timer *timer, const struct shop *shop,
	struct arena *arena, struct error *error);

/* The counters of a shop's topic (created when new), and all counters. Changes are saved at the end
 * of the turn. NULL without memory. */
struct topic_state *engine_topic(struct engine *engine, const char *shop, const char *topic);
const struct topic_state *engine_topics(const struct engine *engine, size_t *count);
const struct destination_state *engine_destinations(const struct engine *engine, size_t *count);

/* The counters of a destination (created when new). Changes are saved at the end of the turn. NULL
 * without memory. */
struct destination_state *engine_destination(struct engine *engine, const char *name);

/* ---- for the sender and the admin API, inside `run` ---- */

/* Claims the next batch of a destination: see store_claim. */
int engine_claim(struct engine *engine, const char *destination, const struct claim_limits *limits,
	struct arena *arena, struct message **messages, size_t *count, struct error *error);

/* Releases every claim of a destination. The sender must not hold any of its messages. *waiting is
 * the count of its waiting messages. */
int engine_unclaim(
	struct engine *engine, const char *destination, int64_t *waiting, struct error *error);

/* Acknowledges messages as sent, or one as dead with the reason. *dead is the dead letter's id, 0
 * when there is no such message. */
int engine_ack_sent(struct engine *engine, const char *destination, const int64_t *ids,
	size_t count, struct error *error);
int engine_ack_dead(struct engine *engine, const char *destination, int64_t message, int64_t status,
	const char *reason, int64_t *dead, struct error *error);

/* A failed attempt to send one message alone, while its destination accepts others. */
struct failed_alone {
	int64_t message;
	int64_t status;       /* HTTP status, 0 without an answer */
	const char *reason;   /* excerpt of the answer: one line, safe to log */
	int64_t wait;         /* ms that the answer asks to wait, or less than 1 */
	int64_t poison_after; /* ms; see segrelay.conf(5) */
};
struct set_aside_result {
	int64_t attempts; /* failed attempts so far */
	int64_t wait;     /* ms until it is due again */
	int64_t dead;     /* id of the dead letter, 0 for none */
};

/* Sets the message aside with a growing delay. *result is all 0 when the message is not stored any
 * more, as after an erasure. The message becomes a dead letter when it has failed for
 * `poison_after` and the destination accepted others since its last failure. */
int engine_set_aside(struct engine *engine, const char *destination,
	const struct failed_alone *failure, struct set_aside_result *result, struct error *error);

/* Counts the messages of a destination that are set aside. */
int engine_count_set_aside(
	struct engine *engine, const char *destination, int64_t *count, struct error *error);

/* Claims a message of a destination that is set aside and due. *found is false when none is due;
 * then *wait is the ms until the next one is (INT64_MAX for never). */
int engine_claim_set_aside(struct engine *engine, const char *destination, struct arena *arena,
	struct message *message, bool *found, int64_t *wait, struct error *error);

/* Drops a dead letter and counts it. */
int engine_drop_dead(struct engine *engine, const struct dead_letter *letter, struct error *error);

/* Stores a destination's pause, so that it outlives a restart. */
int engine_pause(struct engine *engine, const struct destination_state *pause, struct error *error);

/* Removes the excerpt of the destination's answer from the reason of a pause, but not the HTTP
 * status before it. False when there is no excerpt. */
bool engine_wipe_excerpt(struct destination_state *state);

#endif
