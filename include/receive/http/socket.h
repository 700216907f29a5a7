/* Listening sockets. */
#ifndef SEGRELAY_RECEIVE_HTTP_SOCKET_H
#define SEGRELAY_RECEIVE_HTTP_SOCKET_H

#include "base/error.h"

/* Returns a bound, listening, non-blocking TCP socket for "127.0.0.1:8080", "[::1]:8080",
 * "localhost:0" or ":8080" (all addresses). *port is the port in use (for ":0"). The caller closes
 * it. -1 with an error that names the option when its address is wrong, in use, or not ours. */
int socket_listen(const char *option, const char *address, int *port, struct error *error);

#endif
