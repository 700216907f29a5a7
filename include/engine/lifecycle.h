/* What the daemon's engine does at its start and its end, and between turns, beside its work. */
#ifndef SEGRELAY_ENGINE_LIFECYCLE_H
#define SEGRELAY_ENGINE_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

struct engine;

/* Starts as {0}. */
struct daemon_state {
	bool marked;        /* the store says that the daemon runs */
	int64_t prepare_at; /* ms of the monotonic clock: not before, after a failure */
	int64_t wall;       /* ms since 1970 when the clocks were last compared, 0 for never */
	int64_t monotonic;  /* ms of the monotonic clock, then */
	int64_t jumps;
};

/* Before the first turn, and the first one after a reload: fixes the namespaces of the configured
 * destinations and notes in the store that the daemon runs. Says so when the last run did not end
 * in order. Does nothing for a verb that looks in. */
void daemon_prepare(struct engine *engine);

/* After the last turn: notes in the store that the daemon ended in order. */
void daemon_finish(struct engine *engine);

/* Says so when the wall clock moved by over a minute more or less than time passed. */
void daemon_watch_clock(struct engine *engine);

#endif
