/* The engine's mailbox: handing requests over, taking them, waiting for one to be done. */
#include "engine/engine_private.h"

#include "base/clock.h"

#include <errno.h>
#include <time.h>

enum { REQUESTS_A_TURN = 512 }; /* bounds the time that the first of them waits for the commit */

/* ---- handing over and taking ---- */

void engine_submit(struct engine *engine, struct task *task)
{
	task->next = NULL;
	(void)pthread_mutex_lock(&engine->mutex);
	*engine->last = task;
	engine->last = &task->next;
	(void)pthread_cond_signal(&engine->arrived);
	(void)pthread_mutex_unlock(&engine->mutex);
}

static struct timespec in_ms(int64_t ms)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += ms / SECOND;
	time.tv_nsec += (ms % SECOND) * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_sec++;
		time.tv_nsec -= 1000000000;
	}
	return time;
}

bool engine_take(struct engine *engine, int64_t ms, struct task **tasks)
{
	struct timespec end = in_ms(ms);
	struct task *last = NULL;
	bool goes_on;

	(void)pthread_mutex_lock(&engine->mutex);
	while (ms > 0 && engine->first == NULL && !engine->stopping && !engine->is_awake &&
		pthread_cond_timedwait(&engine->arrived, &engine->mutex, &end) != ETIMEDOUT)
		;
	engine->is_awake = false;
	*tasks = engine->first;
	for (int i = 0; i < REQUESTS_A_TURN && engine->first != NULL; i++) {
		last = engine->first;
		engine->first = last->next;
	}
	if (last != NULL)
		last->next = NULL;
	if (engine->first == NULL)
		engine->last = &engine->first;
	if (engine->next_config != NULL) {
		config_release(engine->config);
		engine->config = engine->next_config;
		engine->next_config = NULL;
		namespaces_invalidate(&engine->namespaces);
	}
	goes_on = *tasks != NULL || !engine->stopping;
	(void)pthread_mutex_unlock(&engine->mutex);
	return goes_on;
}

/* ---- waiting for a request ---- */

struct waiter {
	struct task task; /* first: `done` gets its address */
	struct task *wrapped;
	pthread_mutex_t mutex;
	pthread_cond_t finished;
	bool is_done;
	int result;
	struct error error;
};

static int run_wrapped(struct engine *engine, struct task *task, struct error *error)
{
	struct task *wrapped = ((struct waiter *)task)->wrapped;

	return wrapped->run(engine, wrapped, error);
}

static void wake_caller(struct task *task, int result, const struct error *error)
{
	struct waiter *waiter = (struct waiter *)task;

	(void)pthread_mutex_lock(&waiter->mutex);
	waiter->result = result;
	if (result != 0)
		waiter->error = *error;
	waiter->is_done = true;
	(void)pthread_cond_signal(&waiter->finished);
	(void)pthread_mutex_unlock(&waiter->mutex);
}

int engine_call(struct engine *engine, struct task *task, struct error *error)
{
	struct waiter waiter = {
		.task = {.run = run_wrapped, .done = wake_caller},
		.wrapped = task,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.finished = PTHREAD_COND_INITIALIZER,
	};

	engine_submit(engine, &waiter.task);
	(void)pthread_mutex_lock(&waiter.mutex);
	while (!waiter.is_done)
		(void)pthread_cond_wait(&waiter.finished, &waiter.mutex);
	(void)pthread_mutex_unlock(&waiter.mutex);
	if (waiter.result != 0 && error != NULL)
		*error = waiter.error;
	return waiter.result;
}
