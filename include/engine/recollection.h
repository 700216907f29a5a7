/* What the mapping sees of the store while it maps one delivery or timer: the records of its shop,
 * with what it has put itself. Nothing is written before the mapping has come to its end, so that
 * there is nothing to undo when it fails. */
#ifndef SEGRELAY_ENGINE_RECOLLECTION_H
#define SEGRELAY_ENGINE_RECOLLECTION_H

#include "engine/engine.h"

struct recollection {
	struct engine *engine;
	const struct shop *shop;
	struct arena *arena;
	struct error *error;
	struct change *first; /* what is to be written, in the arena */
	struct change **last;
};

/* The memory for map_delivery and map_timer. It must not outlive what it is given. */
struct record_store recollection_begin(struct recollection *recollection, struct engine *engine,
	const struct shop *shop, struct arena *arena, struct error *error);

/* Writes all that was put, and sets the timers. Inside a turn. 0, or -1 with the error. */
int recollection_write(struct recollection *recollection, struct error *error);

/* Gives back what hints have paid for links that a webhook has named now: once nothing of the work
 * is undone any more. */
void recollection_done(const struct recollection *recollection);

#endif
