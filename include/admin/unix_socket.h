/* A listening unix socket that only its owner can reach. */
#ifndef SEGRELAY_ADMIN_UNIX_SOCKET_H
#define SEGRELAY_ADMIN_UNIX_SOCKET_H

#include "base/error.h"

#include <sys/types.h>

/* The file of a listening socket. */
struct unix_socket {
	const char *path; /* the caller's; NULL for none */
	dev_t device;
	ino_t inode;
};

/* Creates a non-blocking listening socket, whose file has mode 0600 from the start. Replaces the
 * file of a process that does not listen any more, but not a file that is not a socket. Returns the
 * descriptor, which the caller closes, or -1 with an error that names the option. */
int unix_socket_listen(
	const char *option, const char *path, struct unix_socket *made, struct error *error);

/* Removes the file, unless another process replaced it. */
void unix_socket_remove(const struct unix_socket *made);

#endif
