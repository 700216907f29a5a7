/* Counts the open connections of each address, so that none takes them all. */
#include "receive/addresses.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of an IPv6 address that say whose it is, as those of client.c. */
enum { BUCKETS = 256, IPV6_NETWORK = 7 };

struct address {
	struct address *next;
	uint64_t key;
	int64_t connections;
};

struct addresses {
	pthread_mutex_t lock;
	struct address *buckets[BUCKETS];
};

/* An IPv4 address, or the network part of an IPv6 one; anything else counts as one address. */
static uint64_t key_of(const struct sockaddr *socket_address)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
	uint64_t key = 0;

	if (socket_address->sa_family == AF_INET) {
		memcpy(&ipv4, socket_address, sizeof(ipv4));
		return ipv4.sin_addr.s_addr;
	}
	if (socket_address->sa_family != AF_INET6)
		return key;
	memcpy(&ipv6, socket_address, sizeof(ipv6));
	if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr))
		memcpy(&key, &ipv6.sin6_addr.s6_addr[12], 4);
	else
		memcpy(&key, &ipv6.sin6_addr.s6_addr[0], IPV6_NETWORK);
	return key;
}

static struct address **bucket_of(struct addresses *addresses, uint64_t key)
{
	return &addresses->buckets[(key * UINT64_C(0x9e3779b97f4a7c15)) >> 56];
}

struct addresses *addresses_create(void)
{
	struct addresses *addresses = calloc(1, sizeof(*addresses));

	if (addresses != NULL)
		(void)pthread_mutex_init(&addresses->lock, NULL);
	return addresses;
}

static struct address *find_or_add(struct addresses *addresses, uint64_t key)
{
	struct address **bucket = bucket_of(addresses, key);
	struct address *address = *bucket;

	while (address != NULL && address->key != key)
		address = address->next;
	if (address != NULL)
		return address;
	address = malloc(sizeof(*address));
	if (address == NULL)
		return NULL;
	*address = (struct address){.next = *bucket, .key = key};
	*bucket = address;
	return address;
}

struct address *addresses_enter(
	struct addresses *addresses, const struct sockaddr *socket_address, int64_t most)
{
	struct address *address;

	(void)pthread_mutex_lock(&addresses->lock);
	address = find_or_add(addresses, key_of(socket_address));
	if (address != NULL && address->connections < most)
		address->connections++;
	else
		address = NULL;
	(void)pthread_mutex_unlock(&addresses->lock);
	return address;
}

void addresses_leave(struct addresses *addresses, struct address *address)
{
	struct address **link;

	if (address == NULL)
		return;
	(void)pthread_mutex_lock(&addresses->lock);
	if (--address->connections == 0) {
		link = bucket_of(addresses, address->key);
		while (*link != address)
			link = &(*link)->next;
		*link = address->next;
		free(address);
	}
	(void)pthread_mutex_unlock(&addresses->lock);
}

void addresses_destroy(struct addresses *addresses)
{
	if (addresses == NULL)
		return;
	(void)pthread_mutex_destroy(&addresses->lock);
	free(addresses);
}
