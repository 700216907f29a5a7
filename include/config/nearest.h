/* The known name that is most similar to an unknown one. */
#ifndef SEGRELAY_CONFIG_NEAREST_H
#define SEGRELAY_CONFIG_NEAREST_H

#include <stddef.h>

/* Initialised as {.name = …}; the name need not be terminated when `length` is set. */
struct nearest {
	const char *name;
	size_t length;     /* 0 for the whole name */
	const char *known; /* the most similar so far; NULL for none */
	size_t distance;
};

/* Compares with one known name, ignoring case. */
void nearest_try(struct nearest *nearest, const char *known);

#endif
