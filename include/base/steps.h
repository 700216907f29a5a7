/* Counts the work of a thread: the count depends only on the input, not on the machine.
 *
 * Loops over untrusted data add their work here. A step takes about a nanosecond. */
#ifndef SEGRELAY_BASE_STEPS_H
#define SEGRELAY_BASE_STEPS_H

#include <stddef.h>
#include <stdint.h>

/* Bytes copied or compared per step. */
enum { STEP_BYTES = 16 };

extern _Thread_local uint64_t steps_done;

static inline void steps_add(uint64_t steps)
{
	steps_done += steps;
}

/* Adds the steps to copy, compare or write bytes. */
static inline void steps_add_bytes(size_t bytes)
{
	steps_done += 1 + bytes / STEP_BYTES;
}

#endif
