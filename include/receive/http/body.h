/* The body of a request while it arrives, with bounds for it and for all bodies together. */
#ifndef SEGRELAY_RECEIVE_HTTP_BODY_H
#define SEGRELAY_RECEIVE_HTTP_BODY_H

#include "receive/http/outcome.h"

#include <stddef.h>
#include <stdint.h>

/* Zero-initialised except for the bounds. */
struct body {
	char *bytes;
	size_t length;
	size_t capacity;
	size_t expected; /* its Content-Length; 0 when unknown */
	size_t most;     /* max_body */
	size_t most_of_all;
	size_t most_of_large;      /* a part of it: the rest is reserved for small bodies */
	_Atomic int64_t *of_all;   /* the capacities of all bodies together */
	_Atomic int64_t *of_large; /* and those of the large ones */
	size_t large;              /* bytes that it has reserved of these */
};

/* The part of max_in_memory that large bodies may use together: seven eighths, so that large bodies
 * that never end leave room for many small ones; but at least max_body. */
size_t body_most_of_large(int64_t max_in_memory, int64_t max_body);

/* Adds bytes. HTTP_UNDECIDED on success; otherwise the outcome, and the body is freed. */
enum http_outcome body_add(struct body *body, const void *bytes, size_t length);

/* Frees the body. */
void body_free(struct body *body);

#endif
