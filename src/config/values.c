/* Parses values: durations, sizes, numbers, flags, addresses. */
#include "config/values.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

enum { DIGITS_MAX = 18 }; /* of a number that always fits in an int64_t */

struct unit {
	const char *name;
	int64_t factor;
};

bool value_number(const char *value, int64_t *number)
{
	*number = 0;
	if (*value == '\0' || strlen(value) > DIGITS_MAX)
		return false;
	for (; *value != '\0'; value++) {
		if (*value < '0' || *value > '9')
			return false;
		*number = *number * 10 + (*value - '0');
	}
	return true;
}

/* Parses a number with one of the units; "" in the list allows no unit. */
static bool with_unit(const char *value, const struct unit *units, int64_t *result)
{
	size_t digits = strspn(value, "0123456789");
	char number[DIGITS_MAX + 1];

	if (digits == 0 || digits >= sizeof(number))
		return false;
	memcpy(number, value, digits);
	number[digits] = '\0';
	if (!value_number(number, result))
		return false;
	for (; units->name != NULL; units++) {
		if (strcmp(units->name, value + digits) != 0)
			continue;
		if (*result > INT64_MAX / 4 / units->factor)
			return false;
		*result *= units->factor;
		return true;
	}
	return false;
}

bool value_duration(const char *value, int64_t *milliseconds)
{
	static const struct unit units[] = {
		{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};

	*milliseconds = 0;
	return strcmp(value, "0") == 0 || with_unit(value, units, milliseconds);
}

bool value_size(const char *value, int64_t *bytes)
{
	static const struct unit units[] = {{"", 1}, {"B", 1}, {"KiB", (int64_t)1 << 10},
		{"MiB", (int64_t)1 << 20}, {"GiB", (int64_t)1 << 30}, {"TiB", (int64_t)1 << 40},
		{NULL, 0}};

	return with_unit(value, units, bytes);
}

bool value_flag(const char *value, bool *flag)
{
	static const char *const yes[] = {"yes", "true", "on"};
	static const char *const no[] = {"no", "false", "off"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		*flag = strcmp(value, yes[i]) == 0;
		if (*flag || strcmp(value, no[i]) == 0)
			return true;
	}
	return false;
}

bool value_store(const char *value)
{
	static const char sqlite[] = "sqlite:";

	return strncmp(value, sqlite, sizeof(sqlite) - 1) == 0 && value[sizeof(sqlite) - 1] != '\0';
}

bool value_secret(const char *value)
{
	size_t length = strlen(value);

	for (size_t i = 0; i < length; i++)
		if (value[i] <= ' ' || value[i] > '~')
			return false;
	return length > 0;
}

bool value_host(const char *value)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	size_t length = strlen(value);

	return length > 0 && length <= 253 && strspn(value, allowed) == length && value[0] != '.' &&
	       value[0] != '-' && strstr(value, "..") == NULL;
}

const char *value_split_host(const char *value, char *host, size_t size)
{
	bool bracketed = *value == '[';
	size_t length = strcspn(value + bracketed, bracketed ? "]" : ":/?#");

	if (length == 0 || length >= size)
		return NULL;
	memcpy(host, value + bracketed, length);
	host[length] = '\0';
	value += bracketed + length;
	if (bracketed && *value++ != ']')
		return NULL;
	if (bracketed ? strspn(host, "0123456789abcdefABCDEF:.") != length : !value_host(host))
		return NULL;
	return value;
}

static bool is_port(const char *value, size_t length)
{
	char digits[6];
	int64_t port;

	if (length == 0 || length >= sizeof(digits))
		return false;
	memcpy(digits, value, length);
	digits[length] = '\0';
	return value_number(digits, &port) && port <= 65535;
}

bool value_address(const char *value)
{
	char host[256];
	const char *port = value_split_host(value, host, sizeof(host));

	return port != NULL && *port == ':' && is_port(port + 1, strlen(port + 1));
}

/* The host of a URL; false when it is not a URL. */
static bool url_host(const char *url, char *host, size_t size)
{
	const char *at = NULL;

	if (strncmp(url, "https://", 8) == 0)
		at = value_split_host(url + 8, host, size);
	else if (strncmp(url, "http://", 7) == 0)
		at = value_split_host(url + 7, host, size);
	if (at == NULL || strpbrk(at, "?#@ ") != NULL)
		return false;
	return *at != ':' || is_port(at + 1, strcspn(at + 1, "/"));
}

bool value_is_loopback(const char *url)
{
	char host[256];

	if (!url_host(url, host, sizeof(host)))
		return false;
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	       (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

bool value_url(const char *value)
{
	char host[256];

	return url_host(value, host, sizeof(host)) &&
	       (strncmp(value, "https://", 8) == 0 || value_is_loopback(value));
}

bool value_origin(const char *value)
{
	const char *host = strstr(value, "//");

	return value_url(value) && strchr(host + 2, '/') == NULL &&
	       strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.-:/[]") == strlen(value);
}

bool value_network(const char *value, struct network *network)
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	size_t length = strcspn(value, "/");
	char address[INET6_ADDRSTRLEN];
	bool is_ipv4 = strchr(value, ':') == NULL;
	int64_t most = is_ipv4 ? 32 : 128;
	int64_t bits = most;

	if (length >= sizeof(address))
		return false;
	memcpy(address, value, length);
	address[length] = '\0';
	memcpy(network->address, mapped, sizeof(mapped));
	if (inet_pton(is_ipv4 ? AF_INET : AF_INET6, address,
		    network->address + (is_ipv4 ? sizeof(mapped) : 0)) != 1)
		return false;
	if (value[length] == '/' && (!value_number(value + length + 1, &bits) || bits > most))
		return false;
	network->bits = (unsigned)(bits + (is_ipv4 ? 96 : 0));
	return true;
}

static bool is_in(const struct network *network, const unsigned char address[16])
{
	size_t bytes = network->bits / 8;
	unsigned rest = network->bits % 8;

	return memcmp(network->address, address, bytes) == 0 &&
	       (rest == 0 || (network->address[bytes] ^ address[bytes]) >> (8 - rest) == 0);
}

/* Loopback, private (RFC 1918, RFC 6598, RFC 4193) and link-local. */
static bool is_private(const unsigned char address[16])
{
	static const char *const networks[] = {"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12",
		"192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "::1", "fc00::/7",
		"fe80::/10"};
	struct network network;

	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		if (value_network(networks[i], &network) && is_in(&network, address))
			return true;
	return false;
}

bool value_is_public_address(const char *address)
{
	char host[256];
	struct network network;
	struct in_addr ipv4;

	if (value_split_host(address, host, sizeof(host)) == NULL)
		return false;
	if (strchr(host, '/') != NULL || !value_network(host, &network)) {
		/* "0" and "127.1" are addresses, too (inet(3)) */
		if (host[0] < '0' || host[0] > '9' || inet_aton(host, &ipv4) == 0)
			return false;
		(void)inet_ntop(AF_INET, &ipv4, host, sizeof(host));
		if (!value_network(host, &network))
			return false;
	}
	return !is_private(network.address);
}
