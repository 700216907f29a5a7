/* The known name that is nearest to one that is not known. */
#ifndef SEGRELAY_CONFIG_NEAREST_H
#define SEGRELAY_CONFIG_NEAREST_H

#include <stddef.h>

/* Starts as {.name = …}; the name need not be terminated when `length` is set. */
struct nearest {
	const char *name;
	size_t length;     /* 0 for the whole name */
	const char *known; /* the nearest so far; NULL while none is near */
	size_t distance;
};

/* Compares with one known name, in any case. */
void nearest_try(struct nearest *nearest, const char *known);

#endif
