/* The open connections of a loop, and their deadlines.
 *
 * libmicrohttpd's own timeout only counts silence: a byte a second would hold a connection for
 * ever. Here each phase of a request has an absolute deadline. Everything in the loop's thread. */
#ifndef SEGRELAY_RECEIVE_HTTP_CONNECTIONS_H
#define SEGRELAY_RECEIVE_HTTP_CONNECTIONS_H

#include "receive/http/server.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

struct peer;

/* Zero-initialised but for `reception`. */
struct peers {
	struct reception *reception;
	struct peer *first; /* NULL when none is open */
	int64_t now;        /* clock_monotonic; the loop sets it each turn */
	int64_t next_sweep;
};

/* Where a connection's request is; each phase has its deadline. */
enum phase {
	PHASE_IDLE,      /* between requests: idle_timeout */
	PHASE_RECEIVING, /* request_timeout from the first line on, or from when it began late */
	PHASE_WAITING,   /* for the engine: none, it always answers */
	PHASE_ANSWERING, /* request_timeout */
};

/* libmicrohttpd's callback when a connection opens or closes. `peers` is a struct peers. */
void peers_changed(void *peers, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode code);

/* Cuts the connections whose deadline is over: now and then, unless a stop was asked for. Then the
 * idle ones are cut at once, and from `stop_at` on (INT64_MAX for no stop) all. */
void peers_sweep(struct peers *peers, int64_t stop_at);

/* False for a connection that was turned away when it opened; nothing that it sent counts. */
bool peer_admitted(struct MHD_Connection *connection);

/* Says where the connection's request is. */
void peer_phase(struct MHD_Connection *connection, enum phase phase);

/* Whether the connection was cut because its request took too long to arrive. */
bool peer_was_cut(struct MHD_Connection *connection);

#endif
