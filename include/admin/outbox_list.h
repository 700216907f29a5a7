/* Reads the outbox for the admin API, shared by api_outbox.c and api_outbox_drop.c. */
#ifndef SEGRELAY_ADMIN_OUTBOX_LIST_H
#define SEGRELAY_ADMIN_OUTBOX_LIST_H

#include "engine/engine.h"
#include "store/store.h"

/* Selects messages; NULL for any. */
struct outbox_filter {
	const char *destination;
	const char *shop;
};

struct outbox_list {
	struct task task;
	struct engine *engine;
	struct outbox_filter filter;
	struct text *answer; /* NULL: `ids` is filled instead */
	int64_t *ids;
	size_t count;
	size_t most;
	int64_t after;
	size_t seen;      /* rows of this turn */
	size_t deletions; /* requests to delete users, which `ids` leaves out */
};

/* Reads the outbox in several turns. *more is true when the end was not reached. 0, or -1 with the
 * error. */
int outbox_read(struct engine *engine, struct outbox_list *list, bool *more, struct error *error);

#endif
