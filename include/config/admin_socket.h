/* The path of the admin API's unix socket. */
#ifndef SEGRELAY_CONFIG_ADMIN_SOCKET_H
#define SEGRELAY_CONFIG_ADMIN_SOCKET_H

#include "config/config.h"

/* Sets config->admin_socket when the option is not set; it stays NULL for a store in memory. The
 * daemon and the verbs must derive the same path from the configuration alone. For a store in
 * /var/lib/NAME it is in the service's runtime directory /run/NAME (systemd.exec(5),
 * RuntimeDirectory=), if that exists; otherwise beside the store. -1 without memory. */
int admin_socket_choose(struct config *config);

#endif
