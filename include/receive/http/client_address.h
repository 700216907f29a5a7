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

/* The client of a connection with `peer`. Where that is one of the trusted proxies, it is who the
 * last of them names in X-Forwarded-For: the last address there that is not one of them, too. What
 * stands before it anyone may have written. */
struct client client_find(const struct sockaddr *peer, const struct span *forwarded_for,
	const struct strings *trusted_proxies);

/* The address as a text. */
void client_format(const struct client *client, char text[CLIENT_TEXT]);

/* The same number for all that one host has: an IPv4 address, or an IPv6 network of 56 bits. */
uint64_t client_key(const struct client *client);

#endif
