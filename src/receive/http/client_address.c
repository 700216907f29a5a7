/* The client's address behind the reverse proxies. */
#include "receive/http/client_address.h"

#include "config/values.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of an IPv6 address that identify a customer: providers assign up to a /56. */
enum { IPV6_NETWORK = 7 };

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_ipv4(const struct client *client)
{
	return memcmp(client->address, mapped, sizeof(mapped)) == 0;
}

static struct client of_peer(const struct sockaddr *peer)
{
	struct client client = {{0}};
	struct sockaddr_in6 ipv6;
	struct sockaddr_in ipv4;

	if (peer->sa_family == AF_INET) {
		memcpy(&ipv4, peer, sizeof(ipv4));
		memcpy(client.address, mapped, sizeof(mapped));
		memcpy(client.address + sizeof(mapped), &ipv4.sin_addr, 4);
	} else if (peer->sa_family == AF_INET6) {
		memcpy(&ipv6, peer, sizeof(ipv6));
		memcpy(client.address, &ipv6.sin6_addr, 16);
	}
	return client;
}

/* Whether it is an IPv4 address, perhaps with a port: "::ffff:192.0.2.1" is not. */
static bool has_dot_first(const struct span *span)
{
	const char *dot = memchr(span->start, '.', span->length);
	const char *colon = memchr(span->start, ':', span->length);

	return dot != NULL && (colon == NULL || dot < colon);
}

static bool parse_address(const char *text, struct client *client)
{
	if (inet_pton(AF_INET6, text, client->address) == 1)
		return true;
	memcpy(client->address, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, client->address + sizeof(mapped)) == 1;
}

/* "192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]:443", "::ffff:192.0.2.1"; false for
 * anything else. */
static bool read_address(const struct span *item, struct client *client)
{
	struct span span = request_trim(item);
	const char *end;
	char *text;
	bool is_read;

	if (span.length > 0 && *span.start == '[') {
		end = memchr(span.start, ']', span.length);
		span.length = end != NULL ? (size_t)(end - ++span.start) : 0;
	} else if (span.length > 0 && has_dot_first(&span)) {
		end = memchr(span.start, ':', span.length);
		span.length = end != NULL ? (size_t)(end - span.start) : span.length;
	}
	if (span.length == 0 || span.length >= CLIENT_TEXT)
		return false;
	text = strndup(span.start, span.length);
	is_read = text != NULL && parse_address(text, client);
	free(text);
	return is_read;
}

static bool is_within(const struct client *client, const struct network *network)
{
	unsigned whole = network->bits / 8;
	unsigned rest = network->bits % 8;
	unsigned mask = 0xff00u >> rest;

	if (memcmp(client->address, network->address, whole) != 0)
		return false;
	return rest == 0 || ((client->address[whole] ^ network->address[whole]) & mask) == 0;
}

static bool is_trusted(const struct client *client, const struct strings *proxies)
{
	struct network network;

	for (size_t i = 0; i < proxies->count; i++)
		if (value_network(proxies->items[i], &network) && is_within(client, &network))
			return true;
	return false;
}

struct client client_find(const struct sockaddr *peer, const struct span *forwarded_for,
	const struct strings *trusted_proxies)
{
	struct client client = of_peer(peer);
	size_t end = forwarded_for->start != NULL ? forwarded_for->length : 0;

	while (end > 0 && is_trusted(&client, trusted_proxies)) {
		struct client named;
		struct span item;
		size_t start = end;

		while (start > 0 && forwarded_for->start[start - 1] != ',')
			start--;
		item = (struct span){forwarded_for->start + start, end - start};
		if (!read_address(&item, &named))
			break;
		client = named;
		end = start > 0 ? start - 1 : 0;
	}
	return client;
}

void client_format(const struct client *client, char text[CLIENT_TEXT])
{
	const void *address = is_ipv4(client) ? client->address + sizeof(mapped) : client->address;

	if (inet_ntop(is_ipv4(client) ? AF_INET : AF_INET6, address, text, CLIENT_TEXT) == NULL)
		*text = '\0';
}

uint64_t client_key(const struct client *client)
{
	uint64_t key = 0;

	if (is_ipv4(client))
		memcpy(&key, client->address + 8, sizeof(key));
	else
		memcpy(&key, client->address, IPV6_NETWORK);
	return key;
}
