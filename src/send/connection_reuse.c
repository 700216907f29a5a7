/* The connections that an attempt may use.
 *
 * When a firewall or a NAT drops a flow, the relay receives neither FIN nor RST. An attempt on this
 * connection times out, and so would attempts on other connections of the same age. So after a
 * failure, older connections are not used again. This requires HTTP/1.1: libcurl closes an HTTP/1.1
 * connection whose transfer timed out, but keeps an HTTP/2 connection whose stream timed out
 * (curl's KNOWN_BUGS; in a test every batch failed until the kernel closed the connection). */
#include "send/sender_private.h"

#include "base/clock.h"

#include <string.h>

/* libcurl counts the age of connections in whole seconds. */
enum { COARSE = 2 * SECOND };

void connections_choose(struct attempt *attempt)
{
	const struct lane *lane = attempt->lane;
	int64_t since = attempt->started - lane->connections_retired_at;
	bool is_fresh = lane->connections_retired_at != 0 && since < COARSE;
	int64_t age = HTTP_CONNECTION_AGE;

	if (lane->connections_retired_at != 0 && !is_fresh && since / SECOND - 1 < age)
		age = since / SECOND - 1;
	(void)curl_easy_setopt(attempt->handle, CURLOPT_FRESH_CONNECT, is_fresh ? 1L : 0L);
	(void)curl_easy_setopt(attempt->handle, CURLOPT_MAXLIFETIME_CONN, (long)age);
}

/* When a reused connection fails, other destinations with the same URL have connections of the same
 * age. A failure of a new connection does not concern them. */
void connections_retire(const struct attempt *attempt)
{
	struct lane *lane = attempt->lane;
	int64_t now = clock_monotonic();
	long made = 1;

	(void)curl_easy_getinfo(attempt->handle, CURLINFO_NUM_CONNECTS, &made);
	lane->connections_retired_at = now;
	if (made > 0)
		return;
	for (lane = lane->sender->lanes; lane != NULL; lane = lane->next)
		if (lane->options != NULL && strcmp(lane->options->url, attempt->options->url) == 0)
			lane->connections_retired_at = now;
}
