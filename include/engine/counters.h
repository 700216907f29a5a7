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

/* A state as it was when it was handed out after a savepoint. */
struct counters_before {
	bool is_topic; /* else of a destination */
	struct topic_state topic;
	size_t destination; /* its place */
	struct destination_state state;
	struct destination_mark mark;
};

struct counters {
	struct topic_state *topics; /* sorted by shop and topic */
	bool *topic_changed;
	size_t topic_count;
	struct destination_state *destinations;
	struct destination_mark *destination_marks;
	size_t destination_count;
	bool saves; /* between a savepoint and its end */
	struct counters_before *before;
	size_t before_count;
	size_t before_room;
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

/* From now on what changes can be undone; until one of the other two is called, of which the second
 * undoes it. One at a time. */
void counters_savepoint(struct counters *counters);
void counters_release(struct counters *counters);
void counters_rollback_to(struct counters *counters);

/* Saves what changed. */
int counters_save(struct counters *counters, struct store *store, struct error *error);

void counters_free(struct counters *counters);

/* The state of a topic or a destination, made when new, and marked as changed. It may move when
 * another one is made. NULL when memory runs out. */
struct topic_state *counters_topic(struct counters *counters, const char *shop, const char *topic);
struct destination_state *counters_destination(struct counters *counters, const char *name);

#endif
