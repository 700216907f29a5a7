/* The engine's inside, shared by its files. */
#ifndef SEGRELAY_ENGINE_INSIDE_H
#define SEGRELAY_ENGINE_INSIDE_H

#include "engine/counters.h"
#include "engine/engine.h"

#include <pthread.h>

struct engine {
	struct store *store;
	pthread_t thread;
	_Atomic int64_t heartbeat;

	/* Guarded by the mutex. */
	pthread_mutex_t mutex;
	pthread_cond_t arrived;
	struct request *first;
	struct request **last;
	bool stopping;
	struct config *next_config;
	struct engine_hooks hooks;
	bool refuses;
	struct error refusal;

	/* The thread's own. */
	struct config *config;
	struct counters counters;
	struct text message; /* used again for each message */
	bool failed;         /* the store failed, and was not reopened yet */
	bool damaged;
	int64_t reopen_at; /* ms of the monotonic clock */
	int64_t sweep_at;
};

/* Says that webhooks are refused from now on, or (NULL) that they are not. Logs the change. */
void engine_set_refusal(struct engine *engine, const struct error *reason);

#endif
