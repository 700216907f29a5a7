/* What a dry run remembers: records, timers, and what was told. */
#ifndef SEGRELAY_COMMANDS_MAP_MEMORY_H
#define SEGRELAY_COMMANDS_MAP_MEMORY_H

#include "mapping/mapping.h"

/* Starts as {0}. */
struct map_memory {
	struct map_record *records; /* timers among them */
	struct uuid *told;
	size_t told_count;
};

/* The memory as the mapping sees it. */
struct memory map_memory_of(struct map_memory *memory);

/* Takes the timer that is due first, if that is at `until` or before; it is gone then. Its strings
 * live in the arena. False when there is none. */
bool map_memory_next_timer(
	struct map_memory *memory, int64_t until, struct arena *arena, struct timer *timer);

/* Remembers that an id was told: 0, 1 when it was told before, -1 when memory runs out. */
int map_memory_tell(struct map_memory *memory, const struct uuid *id);

void map_memory_free(struct map_memory *memory);

#endif
