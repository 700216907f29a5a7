/* How much work a thread has done: a count that depends on the input alone, not on the machine.
 *
 * What loops over data that others chose adds what it does. A step is about a nanosecond. */
#ifndef SEGRELAY_BASE_STEPS_H
#define SEGRELAY_BASE_STEPS_H

#include <stddef.h>
#include <stdint.h>

/* So many bytes are copied or compared in a step. */
enum { STEP_BYTES = 16 };

extern _Thread_local uint64_t steps_done;

static inline void steps_add(uint64_t steps)
{
	steps_done += steps;
}

/* Adds the steps that it takes to copy, compare or write bytes. */
static inline void steps_add_bytes(size_t bytes)
{
	steps_done += 1 + bytes / STEP_BYTES;
}

#endif
