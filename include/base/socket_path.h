/* Paths of unix sockets, of any length. */
#ifndef SEGRELAY_BASE_SOCKET_PATH_H
#define SEGRELAY_BASE_SOCKET_PATH_H

#include "base/error.h"

enum { SOCKET_PATH_SIZE = 108 }; /* of sockaddr_un's sun_path */

/* A path that fits into the address of a unix socket. */
struct socket_path {
	char text[SOCKET_PATH_SIZE];
	int directory; /* is open as long as the text is in use; -1 for none */
};

/* Makes such a path: the same one, or for a longer one a path through /proc/self/fd. The caller
 * closes it. -1 with the reason. */
int socket_path_open(const char *path, struct socket_path *made, struct error *error);

/* Opens the directory of a path; -1 with errno. The caller closes it. */
int socket_path_directory(const char *path, int flags);

void socket_path_close(struct socket_path *made);

#endif
