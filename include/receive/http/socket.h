/* Listening sockets. */
#ifndef SEGRELAY_RECEIVE_HTTP_SOCKET_H
#define SEGRELAY_RECEIVE_HTTP_SOCKET_H

#include "base/error.h"

/* A bound TCP socket, listening and not blocking, for "127.0.0.1:8080", "[::1]:8080", "localhost:0"
 * or ":8080" (all addresses). *port is the port in use (for ":0"). The caller closes it. -1 with a
 * sentence that names the option when its address is wrong, taken, or not ours. */
int socket_listen(const char *option, const char *address, int *port, struct error *error);

#endif
