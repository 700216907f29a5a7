/* The engine's inside, shared by its files. */
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
struct steady {
	int64_t time;  /* ms since 1970, when last looked at */
	int64_t at;    /* ms of the monotonic clock: when that was */
	int64_t saved; /* the last time that the store has */
};

/* What expired early since the start. See early_expiry.h. */
struct expired {
	struct early_expiry last; /* of the transaction that goes on */
	struct log_limit lines;
	int64_t count;
	int64_t bytes; /* of bodies */
	int64_t unlogged;
	int64_t unlogged_bytes;
	int64_t step_at; /* ms of the monotonic clock */
};

/* A message that the operator drops as soon as the sender has let go of it. */
struct leaving {
	int64_t id;
	bool dropped; /* it was */
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
	bool is_awake; /* goes on without a request */
	struct config *next_config;
	_Atomic bool has_timers; /* they run: who asks is a daemon, no verb that looks in */
	bool refuses;
	struct error refusal;

	/* Held while hooks are called: once others are set, the former are not being called. */
	pthread_mutex_t hooks_mutex;
	struct engine_hooks hooks;
	bool damaged; /* only the thread writes it */

	/* The thread's own. */
	struct config *config;
	struct counters counters;
	struct namespaces namespaces;
	struct daemon_state daemon;
	struct text message; /* used again for each message */
	struct arena *arena; /* and this for each delivery: its memory stays at hand */
	struct log_limit dead_lines;
	struct log_limit unreadable_lines;
	struct log_limit contradiction_lines;
	int64_t contradictions[CONTRADICTIONS]; /* since the start */
	struct leaving *leaving;
	size_t leaving_count;
	bool failed;       /* the store failed, and was not reopened yet */
	bool scrub;        /* what was removed of somebody may not stay in the files */
	int64_t reopen_at; /* ms of the monotonic clock */
	int64_t sweep_at;
	struct hint_room *hint_room;
	struct steady steady;
	struct expired expired;
	struct in_progress progress;
	int64_t postponed;     /* timers, since the start */
	int64_t careful_until; /* ms of the monotonic clock: see isolation_write */
	int64_t timer_at;      /* ms since 1970: when the next timer is due; 0 for not known */
};

/* Takes what waits (so much as one turn may do), waiting up to `ms` for something to come. False
 * when it is time to end. */
bool engine_take(struct engine *engine, int64_t ms, struct task **tasks);

/* Whether there is room for more webhooks; they are refused from now on when there is not. Logs the
 * change. 0, or -1 with the reason. */
int engine_check_room(struct engine *engine, struct error *error);

/* After a failure the store is in doubt until it was reopened: everything is refused. */
void engine_store_failed(struct engine *engine, const struct error *error);

/* Tries to reopen a store that failed, once a second. */
void engine_reopen_store(struct engine *engine);

/* The steady time (see engine.h): taken up from before the last stop; looked at, at least once a
 * sweep; remembered across restarts, inside a transaction. */
int steady_load(struct engine *engine, struct error *error);
int64_t steady_go_on(struct engine *engine);
int steady_save(struct engine *engine, struct error *error);

/* What must be done between turns; returns the ms until there may be more of it. `idle` when no
 * request waits. */
int64_t engine_upkeep(struct engine *engine, bool idle);

#endif
