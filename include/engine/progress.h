/* What was in progress when the process died, over restarts.
 *
 * A small file beside the store names the work that is being done. It is written without a sync:
 * what a process wrote is there after its crash, and only that is counted, not a crash of the
 * machine. What was in progress at three crashes of one version of segrelay is not tried again by
 * it. Without the file, as of a store in memory, nothing is counted. */
#ifndef SEGRELAY_ENGINE_PROGRESS_H
#define SEGRELAY_ENGINE_PROGRESS_H

#include "store/store.h"

enum { PROGRESS_MOST = 64, PROGRESS_CRASHES = 3 };

/* What identifies work: a delivery by shop, topic and fingerprint; a timer by shop, kind and key.
 */
struct work_id {
	uint64_t name;
	unsigned char print[SHA256_SIZE];
};

struct progress_entry {
	uint64_t check; /* of the rest: what a crash of the machine left is not believed */
	uint64_t crashes;
	struct work_id id;
};

struct in_progress {
	int file; /* -1 for none */
	bool is_marked;
	size_t count;
	struct progress_entry entries[PROGRESS_MOST]; /* the oldest first */
};

struct work_id progress_of_delivery(const struct delivery *delivery);
struct work_id progress_of_timer(const struct timer *timer);

/* Reads what was in progress. Never fails: a file that cannot be read counts for nothing. */
void progress_open(struct in_progress *progress, struct store *store);
void progress_close(struct in_progress *progress);

/* Whether this was in progress at so many crashes that it is set aside. */
bool progress_is_set_aside(const struct in_progress *progress, const struct work_id *id);

/* Around each piece of work; a crash between the two counts. After the second it has never been in
 * progress at a crash. */
void progress_begin(struct in_progress *progress, const struct work_id *id);
void progress_end(struct in_progress *progress, const struct work_id *id);

/* At the end of a turn: nothing is in progress. */
void progress_rest(struct in_progress *progress);

#endif
