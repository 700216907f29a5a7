/* Counts the open connections of each address, so that none takes them all. */
#ifndef SEGRELAY_RECEIVE_ADDRESSES_H
#define SEGRELAY_RECEIVE_ADDRESSES_H

#include <stdint.h>
#include <sys/socket.h>

struct addresses;
struct address;

/* NULL when there is no memory. */
struct addresses *addresses_create(void);

/* Counts one connection more of an address, for addresses_leave. NULL when it has `most` already,
 * or when there is no memory. An IPv6 network of 64 bits, which one host has, counts as one. From
 * any thread. */
struct address *addresses_enter(
	struct addresses *addresses, const struct sockaddr *socket_address, int64_t most);

/* One less. NULL is allowed. */
void addresses_leave(struct addresses *addresses, struct address *address);

/* When all have left. NULL is allowed. */
void addresses_destroy(struct addresses *addresses);

#endif
