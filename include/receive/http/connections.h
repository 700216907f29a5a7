/* The open connections of a loop, and their deadlines.
 *
 * libmicrohttpd's own timeout measures only silence: a client that sends one byte a second would
 * keep a connection forever. Here each phase of a request has an absolute deadline. All functions
 * run in the loop's thread. */
#ifndef SEGRELAY_RECEIVE_HTTP_CONNECTIONS_H
#define SEGRELAY_RECEIVE_HTTP_CONNECTIONS_H

#include "receive/http/server.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

struct connection;

/* Zero-initialised except for `server`. */
struct connections {
	struct server *server;
	struct connection *first; /* NULL when none is open */
	int64_t now;              /* clock_monotonic; the loop sets it in each turn */
	int64_t next_check;
};

/* The phase of a connection; each has its deadline. */
enum phase {
	PHASE_IDLE,      /* between requests: idle_timeout */
	PHASE_RECEIVING, /* request_timeout after the first line, or after its late beginning */
	PHASE_WAITING,   /* for the engine: no deadline, the engine always answers */
	PHASE_ANSWERING, /* request_timeout */
};

/* libmicrohttpd's callback when a connection opens or closes. The first parameter is a struct
 * connections. */
void connections_changed(void *connections, struct MHD_Connection *connection,
	void **socket_context, enum MHD_ConnectionNotificationCode code);

/* Shuts down the connections whose deadline has passed. Does nothing between two check times,
 * unless a stop was requested. Then it shuts down idle ones at once, and all from `stop_at` on
 * (INT64_MAX for no stop). */
void connections_check_deadlines(struct connections *connections, int64_t stop_at);

/* False for a connection that was rejected when it opened; its requests are not counted. */
bool connection_admitted(struct MHD_Connection *connection);

/* Sets the phase of a connection. */
void connection_phase(struct MHD_Connection *connection, enum phase phase);

/* Whether the connection was shut down because its request took too long to arrive. */
bool connection_was_cut(struct MHD_Connection *connection);

#endif
