/* Which connections an attempt may use.
 *
 * A flow that a firewall or a NAT forgot is dead without a sign: neither FIN nor RST comes. An
 * attempt on it times out, and so would the next one on each other connection that is as old. So
 * after a failure no connection from before it is used again. HTTP/1.1 makes that certain: libcurl
 * closes a connection whose transfer timed out, while it keeps an HTTP/2 connection whose stream
 * did (curl's KNOWN_BUGS; measured: every batch failed until the kernel gave the flow up). */
#include "send/sender_private.h"

#include "base/clock.h"

#include <string.h>

/* libcurl counts the age of connections in whole seconds. */
enum { COARSE = 2 * SECOND };

void connections_choose(struct attempt *attempt)
{
	const struct target *target = attempt->target;
	int64_t since = attempt->started - target->distrust_at;
	bool is_fresh = target->distrust_at != 0 && since < COARSE;
	int64_t age = HTTP_CONNECTION_AGE;

	if (target->distrust_at != 0 && !is_fresh && since / SECOND - 1 < age)
		age = since / SECOND - 1;
	(void)curl_easy_setopt(attempt->handle, CURLOPT_FRESH_CONNECT, is_fresh ? 1L : 0L);
	(void)curl_easy_setopt(attempt->handle, CURLOPT_MAXLIFETIME_CONN, (long)age);
}

/* Where a used connection failed, all who send to the same place have some that are as old. A
 * destination that fails on new ones says nothing of theirs. */
void connections_distrust(const struct attempt *attempt)
{
	struct target *target = attempt->target;
	int64_t now = clock_monotonic();
	long made = 1;

	(void)curl_easy_getinfo(attempt->handle, CURLINFO_NUM_CONNECTS, &made);
	target->distrust_at = now;
	if (made > 0)
		return;
	for (target = target->sender->targets; target != NULL; target = target->next)
		if (target->options != NULL &&
			strcmp(target->options->url, attempt->options->url) == 0)
			target->distrust_at = now;
}
