/* The engine's private types and functions, shared by its files. Only the engine's thread uses
 * them, except where a comment says otherwise. */
#ifndef SEGRELAY_ENGINE_ENGINE_PRIVATE_H
#define SEGRELAY_ENGINE_ENGINE_PRIVATE_H

#include "base/log.h"
#include "engine/contradictions.h"
#include "engine/counters.h"
#include "engine/engine.h"
#include "engine/hint_room.h"
#include "engine/lifecycle.h"
#include "engine/namespaces.h"
#include "engine/progress.h"

#include <pthread.h>

/* See retention_clock.c. */
struct retention_clock {
	int64_t time;  /* ms since 1970 at the last update */
	int64_t at;    /* ms of the monotonic clock at the last update */
	int64_t saved; /* ms since 1970: the stored time */
};

/* Deliveries that expired early since the start. See early_expiry.h. */
struct expired {
	struct early_expiry last; /* in the present transaction */
	struct log_limit lines;
	int64_t count;
	int64_t bytes; /* of bodies */
	int64_t unlogged;
	int64_t unlogged_bytes;
	int64_t step_at; /* ms of the monotonic clock */
};

/* A message that the operator drops when the sender releases it. */
struct pending_drop {
	int64_t id;
	bool dropped;
};

struct engine {
	struct store *store;
	pthread_t thread;
	_Atomic int64_t heartbeat;

	/* Guarded by the mutex. */
	pthread_mutex_t mutex;
	pthread_cond_t arrived;
	struct task *first;
	struct task **last;
	bool stopping;
	bool is_awake; /* wakes up without a task */
	struct config *next_config;
	_Atomic bool
		has_timers; /* the daemon runs timers; a command that opens the store does not */
	bool refuses;
	struct error refusal;

	/* Held while hooks are called, so that engine_set_hooks waits for them. */
	pthread_mutex_t hooks_mutex;
	struct engine_hooks hooks;
	bool damaged; /* written by the engine's thread only */

	/* Used by the engine's thread only. */
	struct config *config;
	struct counters counters;
	struct namespaces namespaces;
	struct daemon_state daemon;
	struct text message; /* reused for each message */
	struct arena *arena; /* reused for each delivery */
	struct log_limit dead_lines;
	struct log_limit invalid_fields_lines;
	struct log_limit contradiction_lines;
	int64_t contradictions[CONTRADICTIONS]; /* since the start */
	struct pending_drop *pending_drops;
	size_t pending_drop_count;
	bool failed;       /* the store failed and is not reopened yet */
	bool wipe_pending; /* erased data must be wiped from the files */
	int64_t reopen_at; /* ms of the monotonic clock */
	int64_t expire_at;
	struct hint_room *hint_room;
	struct retention_clock retention_clock;
	struct expired expired;
	struct in_progress progress;
	int64_t postponed;        /* timers, since the start */
	int64_t savepoints_until; /* ms of the monotonic clock: see isolation_write */
	int64_t timer_at;         /* ms since 1970 of the next timer, 0 for unknown */
};

/* Removes the waiting tasks of one turn from the mailbox; waits up to `ms` for the first one. False
 * when the engine must end. */
bool engine_next_tasks(struct engine *engine, int64_t ms, struct task **tasks);

/* Checks the space for webhooks. Without space they are rejected from now on. Logs the change. 0,
 * or -1 with the reason. */
int engine_check_room(struct engine *engine, struct error *error);

/* Rejects everything after a failure of the store, until it is reopened. */
void engine_store_failed(struct engine *engine, const struct error *error);

/* Tries to reopen a store that failed, once a second. */
void engine_reopen_store(struct engine *engine);

/* The retention clock (see engine.h): restores it after a restart; advances it, at least at each
 * expiry; saves it, inside a transaction. */
int retention_clock_load(struct engine *engine, struct error *error);
int64_t retention_clock_advance(struct engine *engine);
int retention_clock_save(struct engine *engine, struct error *error);

/* The work between turns. Returns the ms until the next call. `idle` when no task waits. */
int64_t engine_upkeep(struct engine *engine, bool idle);

#endif
