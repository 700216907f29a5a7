/* The counters, kept in memory and saved with the turn that changed them. */
#ifndef SEGRELAY_ENGINE_COUNTERS_H
#define SEGRELAY_ENGINE_COUNTERS_H

#include "store/store.h"

/* Topics that are counted apart; beyond it those that no rule speaks of are counted as "other". The
 * topic of a webhook is not signed, so whoever holds one signed body could name any number. */
enum { TOPICS_MAX = 2000 };

struct destination_mark {
	bool changed;
	int64_t fresh; /* messages that this turn put into the outbox */
	bool removed;  /* this turn took some out of it unsent */
};

struct counters {
	struct topic_state *topics; /* sorted by shop and topic */
	bool *topic_changed;
	size_t topic_count;
	struct destination_state *destinations;
	struct destination_mark *destination_marks;
	size_t destination_count;
};

/* Reads all from the store, in place of what is there. */
int counters_load(struct counters *counters, struct store *store, struct error *error);

/* Begins a turn: nothing is fresh. */
void counters_begin(struct counters *counters);

/* Counts messages that were put into a destination's outbox, for whoever sends them. -1 when memory
 * runs out. */
int counters_fresh(struct counters *counters, const char *name, int64_t messages);

/* Notes that a message was taken out of a destination's outbox unsent, and counts it. -1 when
 * memory runs out. */
int counters_removed(struct counters *counters, const char *name);

/* Has whoever sends a destination's messages let go of them. -1 when memory runs out. */
int counters_let_go(struct counters *counters, const char *name);

/* Saves what changed. */
int counters_save(struct counters *counters, struct store *store, struct error *error);

void counters_free(struct counters *counters);

/* The state of a topic or a destination, made when new, and marked as changed. It may move when
 * another one is made. NULL when memory runs out. */
struct topic_state *counters_topic(struct counters *counters, const char *shop, const char *topic);
struct destination_state *counters_destination(struct counters *counters, const char *name);

#endif
