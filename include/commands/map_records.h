/* The records, timers and emitted ids of a dry run. */
#ifndef SEGRELAY_COMMANDS_MAP_RECORDS_H
#define SEGRELAY_COMMANDS_MAP_RECORDS_H

#include "mapping/mapping.h"

/* Zero-initialised. */
struct map_records {
	struct map_record *records; /* with their timers */
	struct uuid *emitted;
	size_t emitted_count;
};

/* The interface that the mapping uses. */
struct record_store map_records_store(struct map_records *records);

/* Removes and returns the timer that is due first, if it is due at `until` or before. Its strings
 * are in the arena. False when there is none. */
bool map_records_take_timer(
	struct map_records *records, int64_t until, struct arena *arena, struct timer *timer);

/* Marks an id as emitted: 0, 1 when it was marked before, -1 without memory. */
int map_records_mark_emitted(struct map_records *records, const struct uuid *id);

void map_records_free(struct map_records *records);

#endif
