/* The start and the stop of the daemon's engine, and its watch of the clock. */
#ifndef SEGRELAY_ENGINE_LIFECYCLE_H
#define SEGRELAY_ENGINE_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

struct engine;

/* Starts as {0}. */
struct daemon_state {
	bool marked;        /* the store has the mark of a running daemon */
	int64_t prepare_at; /* ms of the monotonic clock: not before, after a failure */
	int64_t wall;       /* ms since 1970 when the clocks were last compared, 0 for never */
	int64_t monotonic;  /* ms of the monotonic clock, then */
	int64_t jumps;
};

/* Before the first turn and after a reload: fixes the namespaces of the configured destinations,
 * and marks the store as used by a running daemon. Logs an unclean stop of the last run. Does
 * nothing for a command that opens the store. */
void daemon_prepare(struct engine *engine);

/* After the last turn: removes the mark from the store. */
void daemon_finish(struct engine *engine);

/* Logs a jump of the wall clock by more than a minute. */
void daemon_watch_clock(struct engine *engine);

#endif
