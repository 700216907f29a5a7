/* Values as the operator writes them: durations, sizes, numbers, flags, addresses. */
#ifndef SEGRELAY_CONFIG_VALUES_H
#define SEGRELAY_CONFIG_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each reads a whole value; false when it is something else. */

/* "500ms", "10s", "5m", "2h", "7d": milliseconds. */
bool value_duration(const char *value, int64_t *milliseconds);

/* "512KiB", "16MiB", "10GiB", or plain bytes. */
bool value_size(const char *value, int64_t *bytes);

/* A whole number, not negative. */
bool value_number(const char *value, int64_t *number);

/* yes, no, true, false, on, off. */
bool value_flag(const char *value, bool *flag);

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; port 0 lets the system choose. */
bool value_address(const char *value);

/* An absolute http or https URL with a host. http only to this machine. */
bool value_url(const char *value);

/* The scheme, host and port of a page's URL, as browsers send it; http only to this machine. */
bool value_origin(const char *value);

/* A range of IP addresses; an IPv4 one as ::ffff:a.b.c.d. */
struct network {
	unsigned char address[16];
	unsigned bits; /* of its beginning that all have in common */
};

/* "10.0.0.0/8", "fd00::/8", or one address. */
bool value_network(const char *value, struct network *network);

/* "sqlite:" and a file. */
bool value_store(const char *value);

/* What a secret can be: not empty, and ASCII without spaces. */
bool value_secret(const char *value);

/* Whether a URL's host is this machine (127.0.0.0/8, ::1, localhost). */
bool value_is_loopback(const char *url);

/* Whether "host:port" is an address that machines outside of private networks may reach: a public
 * one, or all addresses of this machine. A name is not looked up: false. */
bool value_is_public_address(const char *address);

/* Copies the host of "host…" or "[host]…" without brackets; what follows it, or NULL when it is no
 * host. */
const char *value_split_host(const char *value, char *host, size_t size);

/* A host name of letters, digits, dots and hyphens. */
bool value_host(const char *value);

#endif
