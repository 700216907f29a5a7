/* The counters of topics and destinations, in memory, and saved with the turn that changes them. */
#ifndef SEGRELAY_ENGINE_COUNTERS_H
#define SEGRELAY_ENGINE_COUNTERS_H

#include "store/store.h"

/* Maximum of topics with their own counters. Further topics without a rule are counted as "other".
 * The topic is not signed, so anyone with a signed body could invent topics. */
enum { TOPICS_MAX = 2000 };

struct destination_mark {
	bool changed;
	int64_t queued; /* messages queued in this turn */
	bool removed;   /* unsent messages were removed in this turn */
};

/* A copy of a state before a change after the savepoint. */
struct counters_before {
	bool is_topic; /* otherwise a destination */
	struct topic_state topic;
	size_t destination; /* its index */
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
	bool in_savepoint;
	struct counters_before *before;
	size_t before_count;
	size_t before_room;
};

/* Replaces all counters by those of the store. 0, or -1 with the error. */
int counters_load(struct counters *counters, struct store *store, struct error *error);

/* Begins a turn: resets the marks of the last one. */
void counters_begin(struct counters *counters);

/* Records that messages of a destination were queued, for on_queued. -1 without memory. */
int counters_queued(struct counters *counters, const char *name, int64_t messages);

/* Counts an unsent message that was removed from the outbox. -1 without memory. */
int counters_removed(struct counters *counters, const char *name);

/* Requests that the sender releases its claims of a destination. -1 without memory. */
int counters_request_release(struct counters *counters, const char *name);

/* Begins a savepoint. The second function ends it, the third one undoes the changes since. There is
 * one savepoint at a time. */
void counters_savepoint(struct counters *counters);
void counters_release(struct counters *counters);
void counters_rollback_to(struct counters *counters);

/* Writes the changed counters to the store. */
int counters_save(struct counters *counters, struct store *store, struct error *error);

void counters_free(struct counters *counters);

/* The state of a topic or a destination, created when new, and marked as changed. It may move when
 * another one is created. NULL without memory. */
struct topic_state *counters_topic(struct counters *counters, const char *shop, const char *topic);
struct destination_state *counters_destination(struct counters *counters, const char *name);

#endif
