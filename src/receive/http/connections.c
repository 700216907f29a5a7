/* The open connections of a loop, and their deadlines. */
#include "receive/http/connections.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { CHECK_INTERVAL = 250 }; /* ms between two checks of the deadlines */

/* An open mhd. */
struct connection {
	struct connections *all;
	struct connection *previous;
	struct connection *next;
	int fd;
	enum phase phase;
	int64_t deadline; /* clock_monotonic; INT64_MAX for none, or when it was cut already */
	int64_t idle_since;
	bool has_begun; /* the beginning of the next request was received */
	bool slow;      /* closed while its request was arriving */
};

static struct connection *connection_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void open_connection(
	struct connections *connections, struct MHD_Connection *mhd, void **context)
{
	int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct connection *connection = malloc(sizeof(*connection));

	if (connection == NULL) {
		(void)shutdown(fd, SHUT_RDWR);
		return;
	}
	*connection = (struct connection){
		.all = connections,
		.next = connections->first,
		.fd = fd,
		.idle_since = connections->now,
		.deadline = connections->now +
			    atomic_load_explicit(
				    &connections->server->request_timeout, memory_order_relaxed),
	};
	if (connections->first != NULL)
		connections->first->previous = connection;
	connections->first = connection;
	http_metrics_add(&connections->server->metrics.connections, 1);
	*context = connection;
}

static void close_connection(struct connection *connection)
{
	struct connections *connections = connection->all;

	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		connections->first = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	http_metrics_add(&connections->server->metrics.connections, -1);
	free(connection);
}

void connections_changed(void *context, struct MHD_Connection *mhd, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		open_connection(context, mhd, socket_context);
	else if (*socket_context != NULL)
		close_connection(*socket_context);
}

bool connection_admitted(struct MHD_Connection *mhd)
{
	return connection_of(mhd) != NULL;
}

void connection_phase(struct MHD_Connection *mhd, enum phase phase)
{
	struct connection *connection = connection_of(mhd);
	struct server *server;
	int64_t request_end;

	if (connection == NULL)
		return;
	server = connection->all->server;
	request_end = connection->all->now +
		      atomic_load_explicit(&server->request_timeout, memory_order_relaxed);
	switch (phase) {
	case PHASE_IDLE:
		connection->idle_since = connection->all->now;
		connection->has_begun = false;
		connection->deadline =
			connection->all->now +
			atomic_load_explicit(&server->idle_timeout, memory_order_relaxed);
		break;
	case PHASE_RECEIVING: /* however little of the idle time was left */
		connection->deadline = connection->has_begun ? connection->deadline : request_end;
		break;
	case PHASE_WAITING:
		connection->deadline = INT64_MAX;
		break;
	case PHASE_ANSWERING:
		connection->deadline = request_end;
		break;
	}
	connection->phase = phase;
}

bool connection_was_cut(struct MHD_Connection *mhd)
{
	const struct connection *connection = connection_of(mhd);

	return connection != NULL && connection->slow;
}

/* libmicrohttpd reports a request when its first line is complete. A connection whose first bytes
 * arrived while it was idle gets the time of a request, once. The kernel counts in ticks. */
static bool begins_late(struct connection *connection)
{
	enum { TICKS = 20 }; /* ms */
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);

	if (connection->phase != PHASE_IDLE || connection->has_begun ||
		getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
		connection->all->now - info.tcpi_last_data_recv <= connection->idle_since + TICKS)
		return false;
	connection->has_begun = true;
	connection->deadline = connection->all->now +
			       atomic_load_explicit(&connection->all->server->request_timeout,
				       memory_order_relaxed);
	return true;
}

/* libmicrohttpd closes the connection after the socket is shut down. */
static void cut(struct connection *connection)
{
	connection->deadline = INT64_MAX;
	(void)shutdown(connection->fd, SHUT_RDWR);
}

void connections_check_deadlines(struct connections *connections, int64_t stop_at)
{
	bool stopping = stop_at != INT64_MAX;

	if (connections->now < connections->next_check && !stopping)
		return;
	connections->next_check = connections->now + CHECK_INTERVAL;
	for (struct connection *connection = connections->first; connection != NULL;
		connection = connection->next) {
		if (connections->now >= connection->deadline && !begins_late(connection)) {
			connection->slow = connection->phase == PHASE_RECEIVING;
			cut(connection);
		} else if (connections->now >= stop_at ||
			   (stopping && connection->phase == PHASE_IDLE)) {
			cut(connection);
		}
	}
}
