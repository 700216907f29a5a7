/* Whose request it is: the address behind the reverse proxies. */
#ifndef SEGRELAY_RECEIVE_HTTP_CLIENT_ADDRESS_H
#define SEGRELAY_RECEIVE_HTTP_CLIENT_ADDRESS_H

#include "config/config.h"
#include "receive/http/head_check.h"

#include <stdint.h>
#include <sys/socket.h>

enum { CLIENT_TEXT = 46 };

/* An IPv6 address; an IPv4 one as ::ffff:a.b.c.d. */
struct client {
	unsigned char address[16];
};

/* The client of a connection with `peer`. When that is a trusted proxy, it is the last address in
 * X-Forwarded-For that is not a trusted proxy, too. Anyone can write the entries before it. */
struct client client_find(const struct sockaddr *peer, const struct span *forwarded_for,
	const struct strings *trusted_proxies);

/* Writes the address as text. */
void client_format(const struct client *client, char text[CLIENT_TEXT]);

/* Equal for all addresses of one host: an IPv4 address, or an IPv6 network of 56 bits. */
uint64_t client_key(const struct client *client);

#endif
