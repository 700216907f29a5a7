/* The connections of the admin listener and their deadlines.
 *
 * libmicrohttpd's own timeout counts silence alone: a client that sends or reads a byte a second
 * would keep its place for ever. Here a request must arrive, and its answer be read, within
 * ADMIN_DEADLINE each; while it is being answered there is none. Each connection has a thread of
 * its own, so all of this is for any thread. */
#ifndef SEGRELAY_ADMIN_ADMIN_CONNECTIONS_H
#define SEGRELAY_ADMIN_ADMIN_CONNECTIONS_H

#include "base/clock.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

enum { ADMIN_DEADLINE = 10 * SECOND };

struct admin_clients;

/* Starts the thread that cuts connections. NULL when that cannot be. */
struct admin_clients *admin_clients_create(void);

/* After the daemon has ended. NULL is allowed. */
void admin_clients_destroy(struct admin_clients *clients);

/* libmicrohttpd's callback when a connection opens or closes. `clients` is a struct admin_clients.
 */
void admin_clients_changed(void *clients, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode code);

/* The connection's deadline is ADMIN_DEADLINE from now on, or none. */
void admin_client_hurry(struct MHD_Connection *connection);
void admin_client_rest(struct MHD_Connection *connection);

/* False when so many clients wait for the engine that it cannot be asked now; after true, leave it
 * when it has answered. */
bool admin_clients_enter_engine(struct admin_clients *clients);
void admin_clients_leave_engine(struct admin_clients *clients);

#endif
