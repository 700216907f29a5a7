/* One thread of the public listener and its libmicrohttpd daemon. */
#include "receive/http/loop.h"

#include "base/clock.h"
#include "receive/http/connections.h"
#include "receive/http/request.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CONNECTION_MEMORY = 32 * 1024, /* the head must fit; bodies are read in parts */
	TURN = 1000,                   /* the longest sleep of an idle loop, in ms */
	STOPPING_TURN = 20,
	ACCEPTS = 16,       /* per turn */
	ACCEPT_PAUSE = 100, /* ms, when no file or memory is available for another connection */
};

struct loop {
	struct server *server;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int listen_fd;     /* its own descriptor of the shared socket; -1 when closed */
	unsigned most;     /* connections */
	int64_t accept_at; /* clock_monotonic */
	int wake_fd;
	_Atomic int64_t heartbeat;
	_Atomic int64_t stop_at; /* INT64_MAX while it runs */
	pthread_mutex_t lock;
	struct waiter *resumed; /* under the lock */
	struct connections connections;
};

/* ---- suspending and resuming ---- */

static void wake(struct loop *loop)
{
	uint64_t one = 1;

	(void)!write(loop->wake_fd, &one, sizeof(one));
}

void loop_suspend(struct waiter *waiter, struct MHD_Connection *connection)
{
	waiter->connection = connection;
	connection_phase(connection, PHASE_WAITING);
	MHD_suspend_connection(connection);
}

/* The first of a group wakes the loop. This is done under the lock, since the loop may be freed as
 * soon as it has handled the last one. */
void loop_resume(struct loop *loop, struct waiter *waiter)
{
	(void)pthread_mutex_lock(&loop->lock);
	if (loop->resumed == NULL)
		wake(loop);
	waiter->next = loop->resumed;
	loop->resumed = waiter;
	(void)pthread_mutex_unlock(&loop->lock);
}

static void resume_all(struct loop *loop)
{
	struct waiter *waiter;

	(void)pthread_mutex_lock(&loop->lock);
	waiter = loop->resumed;
	loop->resumed = NULL;
	(void)pthread_mutex_unlock(&loop->lock);
	while (waiter != NULL) {
		struct waiter *next = waiter->next;

		MHD_resume_connection(waiter->connection);
		waiter = next;
	}
}

/* ---- accepting ---- */

/* Further connections wait in the socket's queue while the loop is full. */
static bool may_accept(const struct loop *loop)
{
	return loop->listen_fd >= 0 && loop->connections.now >= loop->accept_at &&
	       MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
			       ->num_connections < loop->most;
}

/* Without a file for the next connection the socket stays readable: retrying at once would only
 * take CPU time from the open connections. */
static void pause_accepting(struct loop *loop, int code)
{
	struct server *server = loop->server;
	int64_t suppressed;

	loop->accept_at = loop->connections.now + ACCEPT_PAUSE;
	http_metrics_add(&server->metrics.accept_pauses, 1);
	if (log_allow(&server->accept_lines, MINUTE, &suppressed))
		log_line(LOG_ERROR, "accepting paused", LOG_STRING("reason", strerror(code)),
			LOG_STRING("effect", "new connections wait"),
			LOG_STRING("action",
				"raise LimitNOFILE in the unit, or lower max_connections"),
			LOG_NUMBER("suppressed", suppressed));
}

static void accept_all(struct loop *loop)
{
	struct sockaddr_storage address;
	socklen_t length;
	int fd;

	for (int i = 0; i < ACCEPTS && may_accept(loop); i++) {
		length = sizeof(address);
		fd = accept4(loop->listen_fd, (struct sockaddr *)&address, &length,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			(void)MHD_add_connection(
				loop->daemon, fd, (struct sockaddr *)&address, length);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			pause_accepting(loop, errno);
		else if (errno != EINTR && errno != ECONNABORTED)
			return; /* no more connections */
	}
}

/* ---- the thread ---- */

static int milliseconds_to_wait(struct loop *loop, int64_t stop_at)
{
	MHD_UNSIGNED_LONG_LONG wanted;
	int64_t wait = TURN;

	if (loop->connections.first != NULL &&
		loop->connections.next_check - loop->connections.now < wait)
		wait = loop->connections.next_check - loop->connections.now;
	if (loop->accept_at > loop->connections.now &&
		loop->accept_at - loop->connections.now < wait)
		wait = loop->accept_at - loop->connections.now;
	if (stop_at != INT64_MAX)
		wait = STOPPING_TURN;
	if (MHD_get_timeout(loop->daemon, &wanted) == MHD_YES && wanted < (uint64_t)wait)
		wait = (int64_t)wanted;
	return (int)wait;
}

static void wait_for_events(struct loop *loop, int64_t stop_at)
{
	struct pollfd polled[] = {
		{.fd = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
			.events = POLLIN},
		{.fd = loop->wake_fd, .events = POLLIN},
		{.fd = may_accept(loop) ? loop->listen_fd : -1, .events = POLLIN},
	};
	uint64_t count;

	(void)poll(polled, 3, milliseconds_to_wait(loop, stop_at));
	if (polled[1].revents != 0)
		(void)!read(loop->wake_fd, &count, sizeof(count));
}

static void stop_accepting(struct loop *loop)
{
	if (loop->listen_fd < 0)
		return;
	(void)close(loop->listen_fd);
	loop->listen_fd = -1;
}

static void *run(void *context)
{
	struct loop *loop = context;
	int64_t stop_at;

	for (;;) {
		loop->connections.now = clock_monotonic();
		atomic_store_explicit(
			&loop->heartbeat, loop->connections.now, memory_order_relaxed);
		stop_at = atomic_load(&loop->stop_at);
		if (stop_at != INT64_MAX)
			stop_accepting(loop);
		resume_all(loop);
		accept_all(loop);
		(void)MHD_run(loop->daemon);
		if (stop_at != INT64_MAX && loop->connections.first == NULL)
			break;
		connections_check_deadlines(&loop->connections, stop_at);
		wait_for_events(loop, stop_at);
	}
	MHD_stop_daemon(loop->daemon);
	return NULL;
}

/* The first line of a request was received: libmicrohttpd calls nothing earlier. */
static void *request_begun(void *context, const char *uri, struct MHD_Connection *connection)
{
	(void)context;
	(void)uri;
	connection_phase(connection, PHASE_RECEIVING);
	return NULL;
}

/* Paths are not unescaped before they are compared. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *string)
{
	(void)context;
	(void)connection;
	return strlen(string);
}

/* Newer versions of libmicrohttpd replace the end of a folded line by spaces, and accept a LF alone
 * as a line's end, unless they are strict. Older ones leave traces of both, which head.c finds;
 * when strict, they would answer a request without Host themselves, and read on. */
#if MHD_VERSION >= 0x00097701
static const enum MHD_OPTION strictness = MHD_OPTION_CLIENT_DISCIPLINE_LVL;
#else
static const enum MHD_OPTION strictness = MHD_OPTION_END;
#endif

static struct MHD_Daemon *start_daemon(struct loop *loop, const struct config *config)
{
	int64_t connections =
		(config->max_connections + config->http_threads - 1) / config->http_threads;

	loop->most = (unsigned)connections;
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET,
		0, NULL, NULL, http_request_handle, loop, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT, (unsigned)connections,
		MHD_OPTION_NOTIFY_CONNECTION, connections_changed, &loop->connections,
		MHD_OPTION_NOTIFY_COMPLETED, http_request_completed, loop,
		MHD_OPTION_URI_LOG_CALLBACK, request_begun, loop, MHD_OPTION_UNESCAPE_CALLBACK,
		leave_escaped, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, strictness, 1,
		MHD_OPTION_END);
}

/* The main thread handles all signals; SIGPIPE is ignored. */
static int start_thread(struct loop *loop)
{
	sigset_t all;
	sigset_t before;
	int problem;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	problem = pthread_create(&loop->thread, NULL, run, loop);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return problem;
}

static void free_loop(struct loop *loop)
{
	if (loop->listen_fd >= 0)
		(void)close(loop->listen_fd);
	if (loop->wake_fd >= 0)
		(void)close(loop->wake_fd);
	(void)pthread_mutex_destroy(&loop->lock);
	free(loop);
}

int loop_start(struct server *server, int listen_fd, struct loop **started, struct error *error)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int problem;

	if (loop == NULL)
		return error_set(error, "no memory to listen");
	loop->server = server;
	loop->connections.server = server;
	loop->connections.now = clock_monotonic();
	atomic_store(&loop->heartbeat, loop->connections.now);
	atomic_store(&loop->stop_at, INT64_MAX);
	(void)pthread_mutex_init(&loop->lock, NULL);
	loop->listen_fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->listen_fd >= 0 && loop->wake_fd >= 0)
		loop->daemon = start_daemon(loop, server->config);
	if (loop->daemon == NULL) {
		(void)error_set(error, "starting the listener failed: %s", strerror(errno));
		free_loop(loop);
		return -1;
	}
	problem = start_thread(loop);
	if (problem != 0) {
		(void)error_set(
			error, "starting a thread of the listener failed: %s", strerror(problem));
		stop_accepting(loop);
		MHD_stop_daemon(loop->daemon);
		free_loop(loop);
		return -1;
	}
	*started = loop;
	return 0;
}

void loop_stop(struct loop *loop, int64_t deadline)
{
	atomic_store(&loop->stop_at, deadline);
	wake(loop);
}

void loop_join(struct loop *loop)
{
	(void)pthread_join(loop->thread, NULL);
	free_loop(loop);
}

int64_t loop_heartbeat(const struct loop *loop)
{
	return atomic_load_explicit(&loop->heartbeat, memory_order_relaxed);
}

struct server *loop_server(struct loop *loop)
{
	return loop->server;
}
