/* One thread of the public listener: its libmicrohttpd daemon, the connections, their deadlines. */
#include "receive/loop.h"

#include "base/clock.h"
#include "receive/webhook.h"

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
	CONNECTION_MEMORY = 32 * 1024, /* the head must fit in; bodies pass through */
	SWEEP = 250,                   /* ms between two looks at the deadlines */
	TURN = 1000,                   /* ms that an idle loop sleeps at the most */
	STOPPING_TURN = 20,
};

/* An open connection. */
struct peer {
	struct loop *loop;
	struct peer *previous;
	struct peer *next;
	struct address *address; /* NULL when they are not counted */
	int fd;
	enum phase phase;
	int64_t deadline; /* clock_monotonic; INT64_MAX for none, or when it was cut already */
	bool slow;        /* cut while its request was arriving */
};

struct loop {
	struct reception *reception;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int listen_fd; /* its own, of the shared socket; -1 once closed */
	int wake_fd;
	_Atomic int64_t heartbeat;
	_Atomic int64_t stop_at; /* INT64_MAX while it runs */
	pthread_mutex_t lock;
	struct waiter *resumed; /* under the lock */
	struct peer *peers;
	int64_t now; /* when this turn began */
	int64_t next_sweep;
};

/* ---- connections ---- */

static struct peer *peer_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

/* False when the address has as many connections as it may. */
static bool count_address(
	struct reception *reception, struct MHD_Connection *connection, struct address **address)
{
	const struct refusal refusal = {.verdict = VERDICT_ADDRESS};
	int64_t most = atomic_load_explicit(&reception->max_per_address, memory_order_relaxed);

	if (most == 0)
		return true;
	*address = addresses_enter(reception->addresses,
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
			->client_addr,
		most);
	if (*address == NULL)
		reception_count(reception, &refusal);
	return *address != NULL;
}

static void peer_open(struct loop *loop, struct MHD_Connection *connection, void **context)
{
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct address *address = NULL;
	struct peer *peer = NULL;

	if (count_address(loop->reception, connection, &address))
		peer = malloc(sizeof(*peer));
	if (peer == NULL) {
		addresses_leave(loop->reception->addresses, address);
		(void)shutdown(fd, SHUT_RDWR);
		return;
	}
	*peer = (struct peer){
		.loop = loop,
		.next = loop->peers,
		.address = address,
		.fd = fd,
		.deadline = loop->now + atomic_load_explicit(&loop->reception->request_timeout,
						memory_order_relaxed),
	};
	if (loop->peers != NULL)
		loop->peers->previous = peer;
	loop->peers = peer;
	traffic_add(&loop->reception->traffic.connections, 1);
	*context = peer;
}

static void peer_close(struct peer *peer)
{
	struct loop *loop = peer->loop;

	if (peer->previous != NULL)
		peer->previous->next = peer->next;
	else
		loop->peers = peer->next;
	if (peer->next != NULL)
		peer->next->previous = peer->previous;
	addresses_leave(loop->reception->addresses, peer->address);
	traffic_add(&loop->reception->traffic.connections, -1);
	free(peer);
}

static void connection_changed(void *context, struct MHD_Connection *connection,
	void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		peer_open(context, connection, socket_context);
	else if (*socket_context != NULL)
		peer_close(*socket_context);
}

bool loop_admitted(struct MHD_Connection *connection)
{
	return peer_of(connection) != NULL;
}

void loop_phase(struct MHD_Connection *connection, enum phase phase)
{
	struct peer *peer = peer_of(connection);
	struct reception *reception;
	int64_t request_end;

	if (peer == NULL)
		return;
	reception = peer->loop->reception;
	request_end = peer->loop->now +
		      atomic_load_explicit(&reception->request_timeout, memory_order_relaxed);
	switch (phase) {
	case PHASE_IDLE:
		peer->deadline = peer->loop->now + atomic_load_explicit(&reception->idle_timeout,
							   memory_order_relaxed);
		break;
	case PHASE_RECEIVING: /* bytes of it may have come before its first line was complete */
		if (request_end < peer->deadline)
			peer->deadline = request_end;
		break;
	case PHASE_WAITING:
		peer->deadline = INT64_MAX;
		break;
	case PHASE_ANSWERING:
		peer->deadline = request_end;
		break;
	}
	peer->phase = phase;
}

bool loop_was_cut(struct MHD_Connection *connection)
{
	const struct peer *peer = peer_of(connection);

	return peer != NULL && peer->slow;
}

/* libmicrohttpd's own timeout only counts silence: a byte a second would hold a connection for
 * ever. Shutting the socket down makes libmicrohttpd close it in its own time. */
static void cut(struct peer *peer)
{
	peer->deadline = INT64_MAX;
	(void)shutdown(peer->fd, SHUT_RDWR);
}

static void sweep(struct loop *loop, int64_t stop_at)
{
	bool stopping = stop_at != INT64_MAX;

	if (loop->now < loop->next_sweep && !stopping)
		return;
	loop->next_sweep = loop->now + SWEEP;
	for (struct peer *peer = loop->peers; peer != NULL; peer = peer->next) {
		if (loop->now >= peer->deadline) {
			peer->slow = peer->phase == PHASE_RECEIVING;
			cut(peer);
		} else if (loop->now >= stop_at || (stopping && peer->phase == PHASE_IDLE)) {
			cut(peer);
		}
	}
}

/* ---- suspending and resuming ---- */

static void wake(struct loop *loop)
{
	uint64_t one = 1;

	(void)!write(loop->wake_fd, &one, sizeof(one));
}

void loop_suspend(struct waiter *waiter, struct MHD_Connection *connection)
{
	waiter->connection = connection;
	loop_phase(connection, PHASE_WAITING);
	MHD_suspend_connection(connection);
}

/* The first of a group wakes the loop. Under the lock, since the loop may be gone as soon as it
 * has seen the last one. */
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

/* ---- the thread ---- */

static int milliseconds_to_wait(struct loop *loop, int64_t stop_at)
{
	MHD_UNSIGNED_LONG_LONG wanted;
	int64_t wait = TURN;

	if (loop->peers != NULL && loop->next_sweep - loop->now < wait)
		wait = loop->next_sweep - loop->now;
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
	};
	uint64_t count;

	(void)poll(polled, 2, milliseconds_to_wait(loop, stop_at));
	if (polled[1].revents != 0)
		(void)!read(loop->wake_fd, &count, sizeof(count));
}

static void stop_accepting(struct loop *loop)
{
	if (loop->listen_fd < 0)
		return;
	(void)MHD_quiesce_daemon(loop->daemon);
	(void)close(loop->listen_fd);
	loop->listen_fd = -1;
}

static void *run(void *context)
{
	struct loop *loop = context;
	int64_t stop_at;

	for (;;) {
		loop->now = clock_monotonic();
		atomic_store_explicit(&loop->heartbeat, loop->now, memory_order_relaxed);
		stop_at = atomic_load(&loop->stop_at);
		if (stop_at != INT64_MAX)
			stop_accepting(loop);
		resume_all(loop);
		(void)MHD_run(loop->daemon);
		if (stop_at != INT64_MAX && loop->peers == NULL)
			break;
		sweep(loop, stop_at);
		wait_for_events(loop, stop_at);
	}
	MHD_stop_daemon(loop->daemon);
	return NULL;
}

/* A request's line has arrived: libmicrohttpd tells nobody earlier. */
static void *request_begun(void *context, const char *uri, struct MHD_Connection *connection)
{
	(void)context;
	(void)uri;
	loop_phase(connection, PHASE_RECEIVING);
	return NULL;
}

/* Paths are compared as they came. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *string)
{
	(void)context;
	(void)connection;
	return strlen(string);
}

static struct MHD_Daemon *start_daemon(struct loop *loop, const struct config *config)
{
	int64_t connections =
		(config->max_connections + config->http_threads - 1) / config->http_threads;

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		webhook_handle, loop, MHD_OPTION_LISTEN_SOCKET, loop->listen_fd,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)connections, MHD_OPTION_NOTIFY_CONNECTION,
		connection_changed, loop, MHD_OPTION_NOTIFY_COMPLETED, webhook_completed, loop,
		MHD_OPTION_URI_LOG_CALLBACK, request_begun, loop, MHD_OPTION_UNESCAPE_CALLBACK,
		leave_escaped, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

/* All signals are for the main thread; SIGPIPE for none. */
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

int loop_start(
	struct reception *reception, int listen_fd, struct loop **started, struct error *error)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int problem;

	if (loop == NULL)
		return error_set(error, "no memory to listen");
	loop->reception = reception;
	loop->now = clock_monotonic();
	atomic_store(&loop->heartbeat, loop->now);
	atomic_store(&loop->stop_at, INT64_MAX);
	(void)pthread_mutex_init(&loop->lock, NULL);
	loop->listen_fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->listen_fd >= 0 && loop->wake_fd >= 0)
		loop->daemon = start_daemon(loop, reception->config);
	if (loop->daemon == NULL) {
		(void)error_set(error, "cannot start to listen: %s", strerror(errno));
		free_loop(loop);
		return -1;
	}
	problem = start_thread(loop);
	if (problem != 0) {
		(void)error_set(error, "cannot start a thread to listen: %s", strerror(problem));
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

struct reception *loop_reception(struct loop *loop)
{
	return loop->reception;
}
