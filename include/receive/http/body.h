/* The body of a request as it arrives, bounded alone and together with all others. */
#ifndef SEGRELAY_RECEIVE_HTTP_BODY_H
#define SEGRELAY_RECEIVE_HTTP_BODY_H

#include "receive/http/outcome.h"

#include <stddef.h>
#include <stdint.h>

/* Starts as {0} but for the bounds. */
struct body {
	char *bytes;
	size_t length;
	size_t capacity;
	size_t expected; /* its Content-Length; 0 when not known */
	size_t most;     /* max_body */
	size_t most_of_all;
	size_t most_of_large;      /* a part of it: the rest is for small bodies */
	_Atomic int64_t *of_all;   /* the capacities of all bodies together */
	_Atomic int64_t *of_large; /* and those of the large ones */
	size_t large;              /* bytes that it has taken of these */
};

/* How much of max_in_memory large bodies may take together: seven eighths, so that those that never
 * end leave room for the many small ones; but a body of max_body must fit. */
size_t body_most_of_large(int64_t max_in_memory, int64_t max_body);

/* Adds bytes. VERDICT_NONE, or why it cannot be: then the body is empty and its memory given back.
 */
enum verdict body_add(struct body *body, const void *bytes, size_t length);

/* Gives the memory back. */
void body_free(struct body *body);

#endif
