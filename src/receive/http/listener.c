/* The public listener: its socket and its loops. */
#include "receive/http/listener.h"

#include "base/clock.h"
#include "base/log.h"
#include "receive/http/loop.h"
#include "receive/http/socket.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	LOOPS_MAX = 64,
	OTHER_FILES = 256, /* for the store, the sender and the rest */
};

struct listener {
	struct server *server;
	int fd;
	size_t loop_count;
	struct loop *loops[LOOPS_MAX];
};

static int start_loops(struct listener *listener, int64_t count, struct error *error)
{
	for (int64_t i = 0; i < count; i++) {
		if (loop_start(listener->server, listener->fd, &listener->loops[i], error) != 0)
			return -1;
		listener->loop_count++;
	}
	return 0;
}

/* Every connection is an open file, and the default limit of a process is often 1024. */
static void allow_open_files(int64_t connections)
{
	rlim_t needed = (rlim_t)connections + OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
		return;
	limit.rlim_cur = needed < limit.rlim_max ? needed : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < needed)
		log_line(LOG_WARNING, "limit of open files too low for max_connections",
			LOG_NUMBER("allowed", limit.rlim_cur), LOG_NUMBER("needed", needed),
			LOG_STRING("action", "raise LimitNOFILE in the unit, or lower "
					     "max_connections"));
}

int listener_start(struct engine *engine, struct config *config, struct listener **started,
	int *port, struct error *error)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	assert(config->http_threads <= LOOPS_MAX);
	if (listener == NULL)
		return error_set(error, "no memory to listen");
	allow_open_files(config->max_connections);
	listener->fd = socket_listen("listen", config->listen, port, error);
	if (listener->fd < 0)
		goto failed;
	listener->server = server_create(engine, config);
	if (listener->server == NULL) {
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
	server_reload(listener->server, config);
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
	server_destroy(listener->server);
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
	http_metrics_write(&listener->server->metrics, text);
}
