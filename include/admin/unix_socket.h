/* A listening unix socket that only its owner can reach. */
#ifndef SEGRELAY_ADMIN_UNIX_SOCKET_H
#define SEGRELAY_ADMIN_UNIX_SOCKET_H

#include "base/error.h"

#include <sys/types.h>

/* Which file a listening socket has. */
struct unix_socket {
	const char *path; /* the caller's; NULL for none */
	dev_t device;
	ino_t inode;
};

/* A bound unix socket, listening and not blocking, whose file has mode 0600 from its first moment.
 * The file of a process that no longer listens is replaced; one that another process listens at,
 * and a file that is not a socket, are not. The caller closes it, before or after it calls
 * unix_socket_remove. -1 with a sentence that names the option. */
int unix_socket_listen(
	const char *option, const char *path, struct unix_socket *made, struct error *error);

/* Removes the file, unless another process has replaced it. */
void unix_socket_remove(const struct unix_socket *made);

#endif
