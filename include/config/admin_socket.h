/* Where the unix socket of the admin API stands. */
#ifndef SEGRELAY_CONFIG_ADMIN_SOCKET_H
#define SEGRELAY_CONFIG_ADMIN_SOCKET_H

#include "config/config.h"

/* Sets config->admin_socket when the operator has chosen none; it stays NULL for a store in memory.
 *
 * The daemon and the verbs must find the same one by the configuration alone: for a store in
 * /var/lib/NAME it stands in the service's runtime directory, /run/NAME (systemd.exec(5),
 * RuntimeDirectory=), if there is one; otherwise beside the store. -1 when memory runs out. */
int admin_socket_choose(struct config *config);

#endif
