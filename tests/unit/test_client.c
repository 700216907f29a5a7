/* Whose request it is, and how often they may. */
#include "unit.h"

#include "base/clock.h"
#include "config/values.h"
#include "receive/http/client_address.h"
#include "receive/sources/rate_limiter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static struct sockaddr_storage peer_of(const char *text)
{
	struct sockaddr_storage peer = {0};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1) {
		memcpy(&peer, &ipv4, sizeof(ipv4));
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &ipv6.sin6_addr), 1);
		memcpy(&peer, &ipv6, sizeof(ipv6));
	}
	return peer;
}

static struct client find(const char *peer, const char *forwarded_for, char **proxies, size_t count)
{
	struct sockaddr_storage address = peer_of(peer);
	const struct span header = {
		forwarded_for, forwarded_for != NULL ? strlen(forwarded_for) : 0};
	const struct strings trusted = {proxies, count};

	return client_find((const struct sockaddr *)&address, &header, &trusted);
}

static void is_who_the_last_trusted_proxy_names(void **state)
{
	static const struct {
		const char *peer;
		const char *forwarded_for;
		const char *client;
	} cases[] = {
		{"127.0.0.1", NULL, "127.0.0.1"},
		{"127.0.0.1", "203.0.113.9", "203.0.113.9"},
		{"127.0.0.1", " 203.0.113.9 ", "203.0.113.9"},
		{"127.0.0.1", "203.0.113.9:4711", "203.0.113.9"},
		{"127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"},
		{"::1", "2001:db8::7", "2001:db8::7"},
		/* as a proxy writes it that listens to both families at once */
		{"::1", "::ffff:203.0.113.9", "203.0.113.9"},
		{"::1", "[::ffff:203.0.113.9]:4711", "203.0.113.9"},
		/* what stands before it the client has written */
		{"127.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"},
		{"127.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"},
		{"127.0.0.1", "1.1.1.1, 203.0.113.9, 10.1.2.3, 127.0.0.1", "203.0.113.9"},
		/* who is no proxy is not believed */
		{"198.51.100.4", "203.0.113.9", "198.51.100.4"},
		{"2001:db8::1", "203.0.113.9", "2001:db8::1"},
		{"::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"},
		/* what is no address ends the search */
		{"127.0.0.1", "unknown", "127.0.0.1"},
		{"127.0.0.1", "203.0.113.9, unknown", "127.0.0.1"},
		{"127.0.0.1", "203.0.113.9, , 10.1.2.3", "10.1.2.3"},
		{"127.0.0.1", "", "127.0.0.1"},
		{"127.0.0.1", ",,,", "127.0.0.1"},
		{"127.0.0.1", "[::1", "127.0.0.1"},
		{"127.0.0.1", "10.1.2.3", "10.1.2.3"},
	};
	char *proxies[] = {"127.0.0.0/8", "::1", "10.0.0.0/8"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct client client = find(cases[i].peer, cases[i].forwarded_for, proxies, 3);
		char text[CLIENT_TEXT];

		client_format(&client, text);
		if (strcmp(text, cases[i].client) != 0)
			fail_msg("case %zu: %s instead of %s", i, text, cases[i].client);
	}
}

static void knows_networks(void **state)
{
	static const struct {
		const char *network;
		const char *inside;
		const char *outside;
	} cases[] = {
		{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
		{"192.168.4.0/22", "192.168.7.255", "192.168.8.0"},
		{"203.0.113.9", "203.0.113.9", "203.0.113.8"},
		{"fd00::/8", "fdff::1", "fe00::1"},
		{"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
		{"0.0.0.0/0", "255.255.255.255", "2001:db8::1"},
	};
	struct network network;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *proxies[] = {(char *)(uintptr_t)cases[i].network};
		struct client inside = find(cases[i].inside, "198.51.100.4", proxies, 1);
		struct client outside = find(cases[i].outside, "198.51.100.4", proxies, 1);
		char text[CLIENT_TEXT];

		client_format(&inside, text);
		if (strcmp(text, "198.51.100.4") != 0)
			fail_msg("%s is not in %s", cases[i].inside, cases[i].network);
		client_format(&outside, text);
		if (strcmp(text, cases[i].outside) != 0)
			fail_msg("%s is in %s", cases[i].outside, cases[i].network);
	}
	for (const char *const *wrong = (const char *const[]){"", "/8", "10.0.0.0/", "10.0.0.0/33",
		     "fd00::/129", "10.0.0/8", "localhost", "10.0.0.0/-1", "10.0.0.0/8 ", NULL};
		*wrong != NULL; wrong++)
		if (value_network(*wrong, &network))
			fail_msg("\"%s\" is taken for a network", *wrong);
}

static void a_host_has_one_key(void **state)
{
	struct client a = find("2001:db8:1:2::1", NULL, NULL, 0);
	struct client b = find("2001:db8:1:ff:ffff::2", NULL, NULL, 0);
	struct client other = find("2001:db8:1:102::1", NULL, NULL, 0);
	struct client ipv4 = find("203.0.113.9", NULL, NULL, 0);
	struct client next = find("203.0.113.10", NULL, NULL, 0);

	(void)state;
	assert_true(client_key(&a) == client_key(&b));
	assert_true(client_key(&a) != client_key(&other));
	assert_true(client_key(&ipv4) != client_key(&next));
}

static void so_many_a_minute(void **state)
{
	struct rate_limiter *limiter = rate_limiter_create();

	(void)state;
	assert_non_null(limiter);
	for (int i = 0; i < 60; i++)
		assert_true(rate_limiter_take(limiter, 7, 60, 5000));
	assert_false(rate_limiter_take(limiter, 7, 60, 5000));
	assert_true(rate_limiter_take(limiter, 8, 60, 5000)); /* somebody else's are not used up */
	assert_false(rate_limiter_take(limiter, 7, 60, 5999));
	assert_true(rate_limiter_take(limiter, 7, 60, 6000)); /* one a second */
	assert_false(rate_limiter_take(limiter, 7, 60, 6000));
	for (int i = 0; i < 60; i++)
		assert_true(rate_limiter_take(limiter, 7, 60, 6000 + MINUTE));
	assert_false(rate_limiter_take(limiter, 7, 60, 6000 + MINUTE));
	assert_false(
		rate_limiter_take(limiter, 7, 60, 100)); /* a clock that goes back gives nothing */
	rate_limiter_destroy(limiter);
	rate_limiter_destroy(NULL);
}

/* Others at the same time must not give anyone more than their own. */
static void many_keys_at_once(void **state)
{
	struct rate_limiter *limiter = rate_limiter_create();
	int64_t taken = 0;

	(void)state;
	assert_non_null(limiter);
	for (int round = 0; round < 10; round++)
		for (uint64_t key = 1; key <= 2000; key++)
			taken += rate_limiter_take(limiter, key, 5, 1000 + round);
	assert_in_range(taken, 2000 * 5, 2000 * 5 * 11 / 10);
	rate_limiter_destroy(limiter);
}

/* More keys than there are buckets: whoever takes turns with them gets no more than with one that
 * stays, so a flood of addresses does not grow with the addresses' number. */
static void takes_turns_with_keys(void **state)
{
	enum { KEYS = 400000, MOST = 70000 };
	struct rate_limiter *limiter = rate_limiter_create();
	int64_t first = 0;
	int64_t again = 0;

	(void)state;
	assert_non_null(limiter);
	for (uint64_t key = 1; key <= KEYS; key++)
		first += rate_limiter_take(limiter, key, 5, 1000);
	for (uint64_t key = KEYS + 1; key <= 2 * KEYS; key++)
		again += rate_limiter_take(limiter, key, 5, 1001);
	assert_in_range(first, MOST / 2, MOST);
	assert_int_equal(again, 0);
	/* a minute later all buckets would be full: nobody is punished for what others did */
	assert_true(rate_limiter_take(limiter, 3 * KEYS, 5, 1001 + MINUTE));
	rate_limiter_destroy(limiter);
}

/* Which keys share a set differs from process to process, and from table to table. */
static void keys_are_spread_at_random(void **state)
{
	enum { KEYS = 100000 };
	struct rate_limiter *one = rate_limiter_create();
	struct rate_limiter *other = rate_limiter_create();
	int differences = 0;

	(void)state;
	assert_non_null(one);
	assert_non_null(other);
	for (uint64_t key = 1; key <= KEYS; key++)
		differences += rate_limiter_take(one, key, 1, 1000) !=
			       rate_limiter_take(other, key, 1, 1000);
	assert_in_range(differences, KEYS / 50, KEYS);
	rate_limiter_destroy(one);
	rate_limiter_destroy(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_who_the_last_trusted_proxy_names),
		cmocka_unit_test(knows_networks),
		cmocka_unit_test(a_host_has_one_key),
		cmocka_unit_test(so_many_a_minute),
		cmocka_unit_test(many_keys_at_once),
		cmocka_unit_test(takes_turns_with_keys),
		cmocka_unit_test(keys_are_spread_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
