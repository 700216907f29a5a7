/* Counts crashes of the process by the work in progress.
 *
 * A small file beside the store names the work in progress. It is written without a sync: the data
 * outlives a crash of the process, and crashes of the machine are not counted. Work that was in
 * progress at three crashes of one version of segrelay is set aside by this version. Without the
 * file, as with a store in memory, crashes are not counted. */
#ifndef SEGRELAY_ENGINE_PROGRESS_H
#define SEGRELAY_ENGINE_PROGRESS_H

#include "store/store.h"

enum { PROGRESS_MOST = 64, PROGRESS_CRASHES = 3 };

/* Identifies work: a delivery by shop, topic and fingerprint; a timer by shop, kind and key. */
struct work_id {
	uint64_t name;
	unsigned char print[SHA256_SIZE];
};

struct progress_entry {
	uint64_t check; /* checksum of the rest, against data that a crash of the machine left */
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

/* Reads the file. A file that cannot be read is ignored. */
void progress_open(struct in_progress *progress, struct store *store);
void progress_close(struct in_progress *progress);

/* Whether work was in progress at PROGRESS_CRASHES crashes. */
bool progress_is_set_aside(const struct in_progress *progress, const struct work_id *id);

/* The begin and the end of work. A crash between the two is counted. The second function removes
 * the counted crashes of the work. */
void progress_begin(struct in_progress *progress, const struct work_id *id);
void progress_end(struct in_progress *progress, const struct work_id *id);

/* The end of a turn: no work is in progress. */
void progress_clear(struct in_progress *progress);

#endif
