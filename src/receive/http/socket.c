/* Listening sockets. */
#include "receive/http/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_MAX = 256, BACKLOG = 1024 };

/* Splits "host:port" at its last colon, and removes the brackets of an IPv6 address. */
static bool split_address(const char *address, char host[HOST_MAX], const char **port)
{
	const char *colon = strrchr(address, ':');
	const char *start = address;
	size_t length;

	if (colon == NULL || colon[1] == '\0')
		return false;
	length = (size_t)(colon - address);
	if (length >= 2 && start[0] == '[' && start[length - 1] == ']') {
		start++;
		length -= 2;
	} else if (memchr(start, ':', length) != NULL) {
		return false;
	}
	if (length >= HOST_MAX)
		return false;
	memcpy(host, start, length);
	host[length] = '\0';
	*port = colon + 1;
	return true;
}

static int bind_one(const struct addrinfo *candidate)
{
	int on = 1;
	int fd = socket(candidate->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		bind(fd, candidate->ai_addr, candidate->ai_addrlen) != 0 ||
		listen(fd, BACKLOG) != 0) {
		int reason = errno;

		(void)close(fd);
		errno = reason;
		return -1;
	}
	return fd;
}

static int port_of(int fd)
{
	struct sockaddr_storage bound = {0};
	socklen_t length = sizeof(bound);
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	(void)getsockname(fd, (struct sockaddr *)&bound, &length);
	memcpy(&ipv4, &bound, sizeof(ipv4));
	memcpy(&ipv6, &bound, sizeof(ipv6));
	return ntohs(bound.ss_family == AF_INET6 ? ipv6.sin6_port : ipv4.sin_port);
}

static const char *advice(int code)
{
	switch (code) {
	case EADDRINUSE:
		return ": the port is in use: stop the program that uses it, or choose another "
		       "port";
	case EADDRNOTAVAIL:
		return ": this machine does not have this address";
	case EACCES:
		return ": ports below 1024 need a privilege: choose a higher one";
	default:
		return "";
	}
}

int socket_listen(const char *option, const char *address, int *port, struct error *error)
{
	struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	char host[HOST_MAX];
	const char *service;
	int problem;
	int fd;

	if (!split_address(address, host, &service))
		return error_set(
			error, "%s = \"%s\": write HOST:PORT or [IPv6]:PORT", option, address);
	problem = getaddrinfo(host[0] != '\0' ? host : NULL, service, &hints, &found);
	if (problem != 0)
		return error_set(error, "%s = \"%s\": %s", option, address, gai_strerror(problem));
	fd = bind_one(found);
	problem = errno;
	if (fd < 0)
		(void)error_set(error, "%s = \"%s\": %s%s", option, address, strerror(problem),
			advice(problem));
	else
		*port = port_of(fd);
	freeaddrinfo(found);
	return fd;
}
