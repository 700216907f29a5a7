/* The open connections of a loop, and their deadlines. */
#include "receive/http/connections.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { SWEEP = 250 }; /* ms between two looks at the deadlines */

/* An open connection. */
struct peer {
	struct peers *peers;
	struct peer *previous;
	struct peer *next;
	int fd;
	enum phase phase;
	int64_t deadline; /* clock_monotonic; INT64_MAX for none, or when it was cut already */
	int64_t idle_since;
	bool has_begun; /* a part of the next request's first line is there */
	bool slow;      /* cut while its request was arriving */
};

static struct peer *peer_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

static void open_peer(struct peers *peers, struct MHD_Connection *connection, void **context)
{
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct peer *peer = malloc(sizeof(*peer));

	if (peer == NULL) {
		(void)shutdown(fd, SHUT_RDWR);
		return;
	}
	*peer = (struct peer){
		.peers = peers,
		.next = peers->first,
		.fd = fd,
		.idle_since = peers->now,
		.deadline = peers->now + atomic_load_explicit(&peers->reception->request_timeout,
						 memory_order_relaxed),
	};
	if (peers->first != NULL)
		peers->first->previous = peer;
	peers->first = peer;
	traffic_add(&peers->reception->traffic.connections, 1);
	*context = peer;
}

static void close_peer(struct peer *peer)
{
	struct peers *peers = peer->peers;

	if (peer->previous != NULL)
		peer->previous->next = peer->next;
	else
		peers->first = peer->next;
	if (peer->next != NULL)
		peer->next->previous = peer->previous;
	traffic_add(&peers->reception->traffic.connections, -1);
	free(peer);
}

void peers_changed(void *context, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		open_peer(context, connection, socket_context);
	else if (*socket_context != NULL)
		close_peer(*socket_context);
}

bool peer_admitted(struct MHD_Connection *connection)
{
	return peer_of(connection) != NULL;
}

void peer_phase(struct MHD_Connection *connection, enum phase phase)
{
	struct peer *peer = peer_of(connection);
	struct reception *reception;
	int64_t request_end;

	if (peer == NULL)
		return;
	reception = peer->peers->reception;
	request_end = peer->peers->now +
		      atomic_load_explicit(&reception->request_timeout, memory_order_relaxed);
	switch (phase) {
	case PHASE_IDLE:
		peer->idle_since = peer->peers->now;
		peer->has_begun = false;
		peer->deadline = peer->peers->now + atomic_load_explicit(&reception->idle_timeout,
							    memory_order_relaxed);
		break;
	case PHASE_RECEIVING: /* however little was left of the time to be idle */
		peer->deadline = peer->has_begun ? peer->deadline : request_end;
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

bool peer_was_cut(struct MHD_Connection *connection)
{
	const struct peer *peer = peer_of(connection);

	return peer != NULL && peer->slow;
}

/* libmicrohttpd tells of a request when its first line is complete. One whose first bytes have come
 * meanwhile gets the time of a request, once. The kernel counts in ticks. */
static bool begins_late(struct peer *peer)
{
	enum { TICKS = 20 }; /* ms */
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);

	if (peer->phase != PHASE_IDLE || peer->has_begun ||
		getsockopt(peer->fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
		peer->peers->now - info.tcpi_last_data_recv <= peer->idle_since + TICKS)
		return false;
	peer->has_begun = true;
	peer->deadline =
		peer->peers->now + atomic_load_explicit(&peer->peers->reception->request_timeout,
					   memory_order_relaxed);
	return true;
}

/* Shutting the socket down makes libmicrohttpd close it in its own time. */
static void cut(struct peer *peer)
{
	peer->deadline = INT64_MAX;
	(void)shutdown(peer->fd, SHUT_RDWR);
}

void peers_sweep(struct peers *peers, int64_t stop_at)
{
	bool stopping = stop_at != INT64_MAX;

	if (peers->now < peers->next_sweep && !stopping)
		return;
	peers->next_sweep = peers->now + SWEEP;
	for (struct peer *peer = peers->first; peer != NULL; peer = peer->next) {
		if (peers->now >= peer->deadline && !begins_late(peer)) {
			peer->slow = peer->phase == PHASE_RECEIVING;
			cut(peer);
		} else if (peers->now >= stop_at || (stopping && peer->phase == PHASE_IDLE)) {
			cut(peer);
		}
	}
}
