/* The public listener: its socket and its loops. */
#include "receive/listener.h"

#include "base/clock.h"
#include "receive/loop.h"
#include "receive/socket.h"

#include <stdlib.h>
#include <unistd.h>

struct listener {
	struct reception *reception;
	int fd;
	size_t loop_count;
	struct loop *loops[];
};

static int start_loops(struct listener *listener, int64_t count, struct error *error)
{
	for (int64_t i = 0; i < count; i++) {
		if (loop_start(listener->reception, listener->fd, &listener->loops[i], error) != 0)
			return -1;
		listener->loop_count++;
	}
	return 0;
}

int listener_start(struct engine *engine, struct config *config, struct listener **started,
	int *port, struct error *error)
{
	size_t threads = (size_t)config->http_threads;
	struct listener *listener =
		calloc(1, sizeof(*listener) + threads * sizeof(listener->loops[0]));

	if (listener == NULL)
		return error_set(error, "no memory to listen");
	listener->fd = socket_listen(config->listen, port, error);
	if (listener->fd < 0)
		goto failed;
	listener->reception = reception_create(engine, config);
	if (listener->reception == NULL) {
		(void)error_set(error, "no memory to listen");
		goto failed;
	}
	if (start_loops(listener, config->http_threads, error) != 0)
		goto failed;
	*started = listener;
	return 0;

failed:
	listener_stop(listener, 0);
	return -1;
}

void listener_reload(struct listener *listener, struct config *config)
{
	reception_reload(listener->reception, config);
}

void listener_stop(struct listener *listener, int64_t grace)
{
	if (listener == NULL)
		return;
	if (listener->fd >= 0)
		(void)close(listener->fd);
	for (size_t i = 0; i < listener->loop_count; i++)
		loop_stop(listener->loops[i], clock_monotonic() + grace);
	for (size_t i = 0; i < listener->loop_count; i++)
		loop_join(listener->loops[i]);
	reception_destroy(listener->reception);
	free(listener);
}

int64_t listener_heartbeat(const struct listener *listener)
{
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; i < listener->loop_count; i++) {
		int64_t heartbeat = loop_heartbeat(listener->loops[i]);

		if (heartbeat < oldest)
			oldest = heartbeat;
	}
	return oldest;
}

void listener_metrics(struct listener *listener, struct text *text)
{
	counters_write(&listener->reception->counters, text);
}
