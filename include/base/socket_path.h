/* Paths of unix sockets, of any length. */
#ifndef SEGRELAY_BASE_SOCKET_PATH_H
#define SEGRELAY_BASE_SOCKET_PATH_H

#include "base/error.h"

enum { SOCKET_PATH_SIZE = 108 }; /* of sockaddr_un's sun_path */

/* A path that fits into sockaddr_un. */
struct socket_path {
	char text[SOCKET_PATH_SIZE];
	int directory; /* open while the text is in use; -1 for none */
};

/* Makes such a path: the same one, or a path through /proc/self/fd for a longer one. The caller
 * closes it. -1 with the error. */
int socket_path_open(const char *path, struct socket_path *made, struct error *error);

/* Opens the directory of a path; -1 with errno. The caller closes it. */
int socket_path_directory(const char *path, int flags);

void socket_path_close(struct socket_path *made);

#endif
