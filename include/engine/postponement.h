/* Timers that could not be carried out, and are tried again with growing pauses. */
#ifndef SEGRELAY_ENGINE_POSTPONEMENT_H
#define SEGRELAY_ENGINE_POSTPONEMENT_H

#include "engine/engine.h"

/* How far a timer is postponed: a record beside it, which names it by a digest. */
struct postponement {
	char key[SHA256_HEX];
	int64_t rounds; /* 0 for one that is not postponed */
	int64_t due;    /* when this one ends: a timer that is due at another time was set anew */
};

/* Reads that of a timer. Inside a turn, as all of these: 0, or -1 when the store failed. */
int postponement_read(struct engine *engine, const struct timer *timer, struct arena *arena,
	struct postponement *postponement, struct error *error);

/* Whether the timer, which is due, is to be tried now. */
bool postponement_is_over(const struct postponement *postponement, const struct timer *timer);

/* Postpones it by another round, without a word. */
int postponement_go_on(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error);

/* The same after it failed (`error` says of what, and is written anew), or because the process died
 * at it three times. */
int postponement_of_failure(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error);
int postponement_of_crash(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error);

/* It was carried out. */
int postponement_end(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error);

#endif
