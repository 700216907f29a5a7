/* The outbox beyond claiming in order: messages that are set aside, and what the operator sees. As
 * store.h, whose rules hold here, too. */
#ifndef SEGRELAY_STORE_STORE_OUTBOX_H
#define SEGRELAY_STORE_STORE_OUTBOX_H

#include "store/store.h"

/* A message that a destination does not accept although it accepts others. It stays in the outbox,
 * and is claimed alone at a time of its own. Times are in ms since 1970; `first_failed` and
 * `not_before` by the retention clock. */
struct set_aside {
	int64_t message;
	int64_t first_failed; /* alone, while others were accepted */
	int64_t last_failed;  /* by the wall clock, as destination_state.last_sent */
	int64_t not_before;
	int64_t attempts; /* that failed since it was set aside, and the one before */
	int64_t status;   /* of the last one: HTTP's, 0 without an answer */
	const char *reason;
};

/* A message of the outbox, as the operator sees it. */
struct outbox_entry {
	struct message message;     /* its JSON only from store_get_message */
	bool claimed;               /* the sender may be sending it */
	struct set_aside set_aside; /* attempts = 0 when it is not set aside */
};

/* Sets a message aside, or replaces what is kept of one that is. Nothing when there is no such
 * message. It ends with the message. */
int store_set_aside(struct store *store, const struct set_aside *set_aside, struct error *error);

/* What is kept of a message that is set aside, in the arena; *found is false when it is not. */
int store_get_set_aside(struct store *store, int64_t message, struct arena *arena,
	struct set_aside *set_aside, bool *found, struct error *error);

/* Claims the message of a destination that is set aside and whose time has come at `now`. *found is
 * false when there is none; then *next is when the next one is due (INT64_MAX for never). */
int store_claim_set_aside(struct store *store, const char *destination, int64_t now,
	struct arena *arena, struct message *message, bool *found, int64_t *next,
	struct error *error);

/* How many messages of a destination are set aside. */
int store_count_set_aside(
	struct store *store, const char *destination, int64_t *count, struct error *error);

/* Calls `visit` for up to `most` messages of a destination (NULL: of all) that wait, with an id
 * over `after`, ascending; without their JSON, but with its length. Strings live during the call. A
 * visit that returns non-zero ends it. */
int store_each_message(struct store *store, const char *destination, int64_t after, size_t most,
	int (*visit)(void *context, const struct outbox_entry *entry), void *context,
	struct error *error);

/* One message of the outbox with its JSON, in the arena. */
int store_get_message(struct store *store, int64_t id, struct arena *arena,
	struct outbox_entry *entry, bool *found, struct error *error);

#endif
