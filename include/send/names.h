/* Looking up the names of hosts, on a few threads that the whole process shares.
 *
 * libcurl starts a thread for each transfer that needs a look-up, and leaves it behind when the
 * transfer times out before it: with a name server that hangs, threads pile up. Here a name is
 * looked up once for all who need it, by at most NAMES_THREADS_MAX threads. */
#ifndef SEGRELAY_SEND_NAMES_H
#define SEGRELAY_SEND_NAMES_H

#include "base/text.h"

enum { NAMES_THREADS_MAX = 16 };

struct names;

/* `wake` is called from another thread when a look-up ended. NULL when there is no memory. */
struct names *names_create(void (*wake)(void *context), void *context);

enum name_state {
	NAME_KNOWN,   /* `addresses` has them, as CURLOPT_RESOLVE takes them */
	NAME_PENDING, /* being looked up: ask again after `wake` */
	NAME_FAILED,  /* `reason` says why; the next question looks it up again */
};

/* The addresses of a name. They are looked up again after a minute; until that has succeeded the
 * former ones count, for an hour at most. */
enum name_state names_find(
	struct names *names, const char *host, struct text *addresses, const char **reason);

/* No look-up is begun, and `wake` is not called any more. Does not wait for those that hang: they
 * free what they use. NULL is allowed. */
void names_stop(struct names *names);

#endif
