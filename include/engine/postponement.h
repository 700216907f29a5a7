/* Timers that failed, and are retried with growing pauses. */
#ifndef SEGRELAY_ENGINE_POSTPONEMENT_H
#define SEGRELAY_ENGINE_POSTPONEMENT_H

#include "engine/engine.h"

/* The postponement of a timer: a record, whose key is a digest of the timer. */
struct postponement {
	char key[SHA256_HEX];
	int64_t rounds; /* 0 for none */
	int64_t due;    /* end of the present round; a timer with another due time was set again */
};

/* Reads a timer's postponement. All functions: inside a turn; 0, or -1 when the store failed. */
int postponement_read(struct engine *engine, const struct timer *timer, struct arena *arena,
	struct postponement *postponement, struct error *error);

/* Whether to try a due timer now. */
bool postponement_is_over(const struct postponement *postponement, const struct timer *timer);

/* Postpones it by another round, without a log line. */
int postponement_continue(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error);

/* Postpones and logs it: after it failed with `error`, which is overwritten, or because the process
 * crashed three times while it ran. */
int postponement_of_failure(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error);
int postponement_of_crash(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error);

/* Removes the postponement after a success. */
int postponement_end(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error);

#endif
