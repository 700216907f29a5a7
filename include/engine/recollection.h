/* The record store of the mapping for one delivery or timer: the records of its shop, with the
 * changes that the mapping makes. Nothing is written before the mapping has ended, so a failure
 * needs no undoing. */
#ifndef SEGRELAY_ENGINE_RECOLLECTION_H
#define SEGRELAY_ENGINE_RECOLLECTION_H

#include "engine/engine.h"

struct recollection {
	struct engine *engine;
	const struct shop *shop;
	struct arena *arena;
	struct error *error;
	struct change *first; /* the changes, in the arena */
	struct change **last;
};

/* The record store for map_delivery and map_timer. It must not outlive its arguments. */
struct record_store recollection_begin(struct recollection *recollection, struct engine *engine,
	const struct shop *shop, struct arena *arena, struct error *error);

/* Writes the records, and sets the timers. Inside a turn. Returns 0, or -1 with the error. */
int recollection_write(struct recollection *recollection, struct error *error);

/* Returns to the hints the bytes of links that a webhook has named now. To be called when nothing
 * can be rolled back any more. */
void recollection_done(const struct recollection *recollection);

#endif
