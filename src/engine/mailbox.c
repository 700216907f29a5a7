/* The engine's mailbox: submits tasks, removes them, and waits for one. */
#include "engine/engine_private.h"

#include "base/clock.h"

#include <errno.h>
#include <time.h>

enum { TASKS_A_TURN = 512 }; /* limits the time that the first task waits for the commit */

/* ---- submit and remove ---- */

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

bool engine_next_tasks(struct engine *engine, int64_t ms, struct task **tasks)
{
	struct timespec end = in_ms(ms);
	struct task *last = NULL;
	bool continues;

	(void)pthread_mutex_lock(&engine->mutex);
	while (ms > 0 && engine->first == NULL && !engine->stopping && !engine->is_awake &&
		pthread_cond_timedwait(&engine->arrived, &engine->mutex, &end) != ETIMEDOUT)
		;
	engine->is_awake = false;
	*tasks = engine->first;
	for (int i = 0; i < TASKS_A_TURN && engine->first != NULL; i++) {
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
	continues = *tasks != NULL || !engine->stopping;
	(void)pthread_mutex_unlock(&engine->mutex);
	return continues;
}

/* ---- wait for a task ---- */

struct blocking_call {
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
	struct task *wrapped = ((struct blocking_call *)task)->wrapped;

	return wrapped->run(engine, wrapped, error);
}

static void wake_caller(struct task *task, int result, const struct error *error)
{
	struct blocking_call *call = (struct blocking_call *)task;

	(void)pthread_mutex_lock(&call->mutex);
	call->result = result;
	if (result != 0)
		call->error = *error;
	call->is_done = true;
	(void)pthread_cond_signal(&call->finished);
	(void)pthread_mutex_unlock(&call->mutex);
}

int engine_call(struct engine *engine, struct task *task, struct error *error)
{
	struct blocking_call call = {
		.task = {.run = run_wrapped, .done = wake_caller},
		.wrapped = task,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.finished = PTHREAD_COND_INITIALIZER,
	};

	engine_submit(engine, &call.task);
	(void)pthread_mutex_lock(&call.mutex);
	while (!call.is_done)
		(void)pthread_cond_wait(&call.finished, &call.mutex);
	(void)pthread_mutex_unlock(&call.mutex);
	if (call.result != 0 && error != NULL)
		*error = call.error;
	return call.result;
}
