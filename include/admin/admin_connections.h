/* The connections of the admin listener and their deadlines.
 *
 * libmicrohttpd's timeout covers idle time only: a client that sends or reads one byte a second
 * would hold its connection for ever. Here the request must arrive within ADMIN_DEADLINE, and the
 * client must read the answer within ADMIN_DEADLINE. While the request is processed there is no
 * deadline. Each connection has its own thread, so every function may be called from any thread. */
#ifndef SEGRELAY_ADMIN_ADMIN_CONNECTIONS_H
#define SEGRELAY_ADMIN_ADMIN_CONNECTIONS_H

#include "base/clock.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

enum { ADMIN_DEADLINE = 10 * SECOND };

struct admin_connections;

/* Starts the thread that closes late connections. NULL when it cannot start. */
struct admin_connections *admin_connections_create(void);

/* Stops the thread. To be called after the daemon has stopped. NULL is allowed. */
void admin_connections_destroy(struct admin_connections *connections);

/* libmicrohttpd's callback when a connection opens or closes. `clients` is a struct admin_clients.
 */
void admin_connections_notify(void *connections, struct MHD_Connection *connection,
	void **socket_context, enum MHD_ConnectionNotificationCode code);

/* Sets the connection's deadline to ADMIN_DEADLINE from now, or removes it. */
void admin_connection_start_deadline(struct MHD_Connection *connection);
void admin_connection_stop_deadline(struct MHD_Connection *connection);

/* False when too many connections wait for the engine. After true, call the second function when
 * the engine has answered. */
bool admin_connections_enter_engine(struct admin_connections *connections);
void admin_connections_leave_engine(struct admin_connections *connections);

#endif
