/* Handing a request to the engine and waiting until it is done. */
#include "engine/engine.h"

#include <pthread.h>
#include <stdbool.h>

struct waiter {
	struct request request; /* first: `done` gets its address */
	struct request *wrapped;
	pthread_mutex_t mutex;
	pthread_cond_t finished;
	bool is_done;
	int result;
	struct error error;
};

static int run_wrapped(struct engine *engine, struct request *request, struct error *error)
{
	struct request *wrapped = ((struct waiter *)request)->wrapped;

	return wrapped->run(engine, wrapped, error);
}

static void wake_caller(struct request *request, int result, const struct error *error)
{
	struct waiter *waiter = (struct waiter *)request;

	(void)pthread_mutex_lock(&waiter->mutex);
	waiter->result = result;
	if (result != 0)
		waiter->error = *error;
	waiter->is_done = true;
	(void)pthread_cond_signal(&waiter->finished);
	(void)pthread_mutex_unlock(&waiter->mutex);
}

int engine_call(struct engine *engine, struct request *request, struct error *error)
{
	struct waiter waiter = {
		.request = {.run = run_wrapped, .done = wake_caller},
		.wrapped = request,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.finished = PTHREAD_COND_INITIALIZER,
	};

	engine_submit(engine, &waiter.request);
	(void)pthread_mutex_lock(&waiter.mutex);
	while (!waiter.is_done)
		(void)pthread_cond_wait(&waiter.finished, &waiter.mutex);
	(void)pthread_mutex_unlock(&waiter.mutex);
	if (waiter.result != 0 && error != NULL)
		*error = waiter.error;
	return waiter.result;
}
