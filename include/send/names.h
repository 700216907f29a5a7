/* A resolver of host names, with a few threads that the whole process shares.
 *
 * libcurl starts a thread for each transfer that needs a lookup. The thread outlives a transfer
 * that times out, so threads pile up when a name server hangs. This resolver looks a name up once
 * for all callers, with at most NAMES_THREADS_MAX threads. */
#ifndef SEGRELAY_SEND_NAMES_H
#define SEGRELAY_SEND_NAMES_H

#include "base/text.h"

enum { NAMES_THREADS_MAX = 16 };

struct names;

/* A lookup thread calls `wake` after each lookup. NULL without memory. */
struct names *names_create(void (*wake)(void *context), void *context);

enum name_state {
	NAME_RESOLVED, /* `addresses` is set, in the form of CURLOPT_RESOLVE */
	NAME_PENDING,  /* the lookup lasts: call again after `wake` */
	NAME_FAILED,   /* `reason` is set; the next call looks it up again */
};

/* Adds the addresses of a host to `addresses`. They are looked up again after a minute. Until that
 * lookup succeeds, the previous addresses stay valid, for at most an hour. From any thread. */
enum name_state names_find(
	struct names *names, const char *host, struct text *addresses, const char **reason);

/* Stops the resolver and frees it. `wake` is not called any more. Does not wait for lookups that
 * hang: the last thread frees the memory. NULL is allowed. */
void names_stop(struct names *names);

#endif
