/* The functions of a store, one a row.
 *
 * store.h makes of each a `store_NAME`, which calls the engine that was chosen, and a place in the
 * engine's table; an engine's header makes a declaration, and its table a value. So a new function
 * is declared here, and written in each engine.
 *
 * STORE_FUNCTION(NAME, PARAMETERS, ARGUMENTS) returns 0, or -1 with the error; STORE_PROCEDURE
 * returns nothing. */
/* clang-format off */

/* ---- the file ---- */

/* Closes and opens again after an error of the disk or the database, and checks what is there:
 * after a failed fsync nothing that was read before may be trusted. -1 when that does not work yet;
 * then *damaged says whether it never will, as when it has not all that is claimed. */
STORE_FUNCTION(reopen, (struct store *store, bool *damaged, struct error *error),
	(store, damaged, error))

/* Opens a small file beside the store, for what a crash of the process shall leave; its `size` bytes
 * have room on the disk. The caller closes *fd, which is -1 when there is none: of a store in memory,
 * on a full disk. */
STORE_PROCEDURE(open_marker, (struct store *store, size_t size, int *fd),
	(store, size, fd))

/* Whether there is room for more webhooks within the limits, or early expiry can make it. -1 with
 * the reason when not. Cheap enough for every turn. */
STORE_FUNCTION(room, (struct store *store, const struct store_limits *limits, struct error *error),
	(store, limits, error))

/* Bytes that the store takes, and that are free on its disk. */
STORE_FUNCTION(size, (struct store *store, int64_t *bytes, int64_t *free_bytes,
	struct error *error),
	(store, bytes, free_bytes, error))

/* Housekeeping outside a transaction, for quiet moments (SQLite: checkpoint). `idle` is false when
 * there was no quiet moment for long: then only what must be is done. */
STORE_FUNCTION(tidy, (struct store *store, bool idle, struct error *error),
	(store, idle, error))

/* Leaves nothing behind of what was removed, in no file of the store. Outside a transaction. */
STORE_FUNCTION(scrub, (struct store *store, struct error *error),
	(store, error))

/* ---- transactions ---- */

/* A transaction. What store_commit has committed is durable. */
STORE_FUNCTION(begin, (struct store *store, struct error *error),
	(store, error))
STORE_FUNCTION(commit, (struct store *store, struct error *error),
	(store, error))
STORE_PROCEDURE(rollback, (struct store *store),
	(store))

/* A part of a transaction that can be undone by itself: store_savepoint, any of the functions
 * below, then store_release, or store_rollback_to, after which all is as it was at the savepoint.
 * One at a time, and nothing is claimed in it. When store_rollback_to fails, the whole transaction
 * is void.
 */
STORE_FUNCTION(savepoint, (struct store *store, struct error *error),
	(store, error))
STORE_FUNCTION(release, (struct store *store, struct error *error),
	(store, error))
STORE_FUNCTION(rollback_to, (struct store *store, struct error *error),
	(store, error))

/* ---- deliveries ---- */

/* Stores a delivery and sets its id, unless one with the same shop, topic, fingerprint and mark of
 * a test is kept: then *repeated is true and nothing is stored. */
STORE_FUNCTION(add_delivery, (struct store *store, struct delivery *delivery, bool *repeated,
	struct error *error),
	(store, delivery, repeated, error))

/* Calls `visit` for up to 100 kept deliveries with the same body as this one (by `near` and
 * `fingerprint`) and another id, of any shop and topic, unless they are dead letters. Only id,
 * shop, topic and test are set, and live during the call, which must not write. A visit that
 * returns non-zero ends it. */
STORE_FUNCTION(each_twin, (struct store *store, const struct delivery *delivery,
	int (*visit)(void *context, const struct delivery *twin), void *context,
	struct error *error),
	(store, delivery, visit, context, error))

/* Reads a stored delivery; its strings live in the arena. *found is false when there is none. */
STORE_FUNCTION(get_delivery, (struct store *store, int64_t id, struct arena *arena,
	struct delivery *delivery, bool *found, struct error *error),
	(store, id, arena, delivery, found, error))

/* ---- messages: the deduplication set and the outbox ---- */

/* Whether store_tell was called with this id. */
STORE_FUNCTION(is_emitted, (struct store *store, const struct uuid *message_id, bool *emitted,
	struct error *error),
	(store, message_id, emitted, error))

/* Remembers for good that a message was told. *fresh is false when it was known already. */
STORE_FUNCTION(tell, (struct store *store, const struct uuid *message_id, int64_t now, bool *fresh,
	struct error *error),
	(store, message_id, now, fresh, error))

/* Puts a message into the outbox and sets its id. */
STORE_FUNCTION(queue, (struct store *store, struct message *message, struct error *error),
	(store, message, error))

/* Takes the next unclaimed messages of a destination, oldest first, within the limits (but at least
 * one). A message and the one it is `with_next` are not parted unless they are too large together.
 * The messages stay stored; the claim keeps them from being taken again until they are settled, or
 * unclaimed, or the process ends. *messages is an array of *count in the arena. */
STORE_FUNCTION(claim, (struct store *store, const char *destination,
	const struct claim_limits *limits, struct arena *arena, struct message **messages,
	size_t *count, struct error *error),
	(store, destination, limits, arena, messages, count, error))

/* Lets go of every claim of a destination. Only when none of them is in flight. */
STORE_PROCEDURE(unclaim, (struct store *store, const char *destination),
	(store, destination))

/* Removes sent messages from the outbox; *removed is how many of them were there. */
STORE_FUNCTION(sent, (struct store *store, const int64_t *ids, size_t count, size_t *removed,
	struct error *error),
	(store, ids, count, removed, error))

/* When the oldest message of a destination was queued; 0 when none waits. */
STORE_FUNCTION(oldest, (struct store *store, const char *destination, int64_t *queued,
	struct error *error),
	(store, destination, queued, error))

/* Calls `visit` for up to `most` messages of a destination (NULL: of all) that wait, with an id
 * over `after`, ascending; without their JSON, but with its length. Strings live during the call. A
 * visit that returns non-zero ends it. */
STORE_FUNCTION(each_message, (struct store *store, const char *destination, int64_t after,
	size_t most, int (*visit)(void *context, const struct outbox_entry *entry), void *context,
	struct error *error),
	(store, destination, after, most, visit, context, error))

/* One message of the outbox with its JSON, in the arena. */
STORE_FUNCTION(get_message, (struct store *store, int64_t id, struct arena *arena,
	struct outbox_entry *entry, bool *found, struct error *error),
	(store, id, arena, entry, found, error))

/* Sets a message aside, or replaces what is kept of one that is. Nothing when there is no such
 * message. It ends with the message. */
STORE_FUNCTION(set_aside, (struct store *store, const struct set_aside *set_aside,
	struct error *error),
	(store, set_aside, error))

/* What is kept of a message that is set aside, in the arena; *found is false when it is not. */
STORE_FUNCTION(get_set_aside, (struct store *store, int64_t message, struct arena *arena,
	struct set_aside *set_aside, bool *found, struct error *error),
	(store, message, arena, set_aside, found, error))

/* Claims the message of a destination that is set aside and whose time has come at `now`. *found is
 * false when there is none; then *next is when the next one is due (INT64_MAX for never). */
STORE_FUNCTION(claim_set_aside, (struct store *store, const char *destination, int64_t now,
	struct arena *arena, struct message *message, bool *found, int64_t *next,
	struct error *error),
	(store, destination, now, arena, message, found, next, error))

/* How many messages of a destination are set aside. */
STORE_FUNCTION(count_set_aside, (struct store *store, const char *destination, int64_t *count,
	struct error *error),
	(store, destination, count, error))

/* ---- dead letters ---- */

/* Moves a message from the outbox to the dead letters; *dead is the letter's id, 0 when there is no
 * such message. */
STORE_FUNCTION(bury, (struct store *store, int64_t message, int64_t now, int64_t status,
	const char *reason, int64_t *dead, struct error *error),
	(store, message, now, status, reason, dead, error))

/* Makes a dead letter of a delivery that could not be mapped. */
STORE_FUNCTION(bury_delivery, (struct store *store, int64_t delivery, int64_t now,
	const char *reason, int64_t *dead, struct error *error),
	(store, delivery, now, reason, dead, error))

/* Calls `visit` for up to `most` dead letters with an id over `after`, ascending; without their
 * JSON. Strings live during the call. A visit that returns non-zero ends it. */
STORE_FUNCTION(each_dead, (struct store *store, int64_t after, size_t most,
	int (*visit)(void *context, const struct dead_letter *letter), void *context,
	struct error *error),
	(store, after, most, visit, context, error))

/* One dead letter with its JSON, in the arena. */
STORE_FUNCTION(get_dead, (struct store *store, int64_t id, struct arena *arena,
	struct dead_letter *letter, bool *found, struct error *error),
	(store, id, arena, letter, found, error))

/* Puts a dead message back into the outbox as the newest, unchanged. Not for a dead delivery, which
 * the engine maps again and then drops from the dead letters. */
STORE_FUNCTION(revive, (struct store *store, int64_t dead, int64_t now, struct error *error),
	(store, dead, now, error))

/* Removes a dead letter. */
STORE_FUNCTION(drop_dead, (struct store *store, int64_t dead, struct error *error),
	(store, dead, error))

/* ---- records ---- */

/* What is remembered of something: JSON by (shop, kind, key), at least until it expires. Copied
 * into the arena; *json is NULL when nothing is. */
STORE_FUNCTION(get_record, (struct store *store, const char *shop, const char *kind,
	const char *key, struct arena *arena, const char **json, struct error *error),
	(store, shop, kind, key, arena, json, error))
STORE_FUNCTION(put_record, (struct store *store, const char *shop, const char *kind,
	const char *key, const char *json, int64_t expires, struct error *error),
	(store, shop, kind, key, json, expires, error))
STORE_FUNCTION(drop_record, (struct store *store, const char *shop, const char *kind,
	const char *key, struct error *error),
	(store, shop, kind, key, error))

/* Calls `visit` for up to `most` records of a shop behind (kind, key), ascending; "" is before all.
 * Strings live during the call, which must not write. A visit that returns non-zero ends it. */
STORE_FUNCTION(each_record, (struct store *store, const char *shop, const char *kind,
	const char *key, size_t most, int (*visit)(void *context, const struct record *record),
	void *context, struct error *error),
	(store, shop, kind, key, most, visit, context, error))

/* ---- timers ---- */

/* What must happen later, in an hour at the most. One timer a (shop, kind, key); setting it again
 * moves it. */
STORE_FUNCTION(set_timer, (struct store *store, const struct timer *timer, struct error *error),
	(store, timer, error))
STORE_FUNCTION(drop_timer, (struct store *store, const struct timer *timer, struct error *error),
	(store, timer, error))

/* Removes those of a shop that have outlived their record: of (shop, kind, key), as the timer. */
STORE_FUNCTION(drop_lost_timers, (struct store *store, const char *shop, struct error *error),
	(store, shop, error))

/* A timer that is due at `now`, in the arena; *found is
 * false when there is none, and then *next is when the next one will be (INT64_MAX for never). */
STORE_FUNCTION(due_timer, (struct store *store, int64_t now, struct arena *arena,
	struct timer *timer, bool *found, int64_t *next, struct error *error),
	(store, now, arena, timer, found, next, error))

/* How many timers wait. */
STORE_FUNCTION(count_timers, (struct store *store, int64_t *count, struct error *error),
	(store, count, error))

/* ---- counters ---- */

/* The counters. Reading fills an array that the caller frees with store_free_topics or
 * store_free_destinations. Saving inserts or replaces one. */
STORE_FUNCTION(topics, (struct store *store, struct topic_state **topics, size_t *count,
	struct error *error),
	(store, topics, count, error))
STORE_FUNCTION(save_topic, (struct store *store, const struct topic_state *topic,
	struct error *error),
	(store, topic, error))
STORE_FUNCTION(destinations, (struct store *store, struct destination_state **states,
	size_t *count, struct error *error),
	(store, states, count, error))
STORE_FUNCTION(save_destination, (struct store *store, const struct destination_state *state,
	struct error *error),
	(store, state, error))

/* ---- expiry and erasure ---- */

/* Forgets a small step's worth of what is older than the times given; *more is false when a round
 * through everything has ended. For quiet turns, inside a transaction. Deliveries with a dead
 * letter stay. */
STORE_FUNCTION(sweep, (struct store *store, const struct retention *retention, bool *more,
	struct error *error),
	(store, retention, more, error))

/* Deletes the oldest deliveries that are fully acknowledged (none of their messages waits, and
 * there is no dead letter of them) when the store is over 9/10 of max_store, or its disk is near
 * min_free: about twice as much as was added since the last call, or a small step's worth when
 * `idle`. Inside a transaction. As long as there are such deliveries, store_room finds room. */
STORE_FUNCTION(expire_early, (struct store *store, const struct store_limits *limits, bool idle,
	struct early_expiry *done, struct error *error),
	(store, limits, idle, done, error))

/* Whether half of the margin that early expiry keeps is used up: it finds too little to delete. */
STORE_FUNCTION(is_nearly_full, (struct store *store, const struct store_limits *limits, bool *is,
	struct error *error),
	(store, limits, is, error))

/* The ids of the first row with an id over `after`, and of the table's last row; 0 when there is
 * none. */
STORE_FUNCTION(row_range, (struct store *store, enum store_table table, int64_t after,
	int64_t *first, int64_t *last, struct error *error),
	(store, table, after, first, last, error))

/* Calls `visit` for the shop's rows with `first` <= id <= `last`, as store_each_record. */
STORE_FUNCTION(each_row, (struct store *store, enum store_table table, const char *shop,
	int64_t first, int64_t last, int (*visit)(void *context, const struct stored_row *row),
	void *context, struct error *error),
	(store, table, shop, first, last, visit, context, error))

/* Removes a row; of a delivery, its dead letter, too. */
STORE_FUNCTION(drop_row, (struct store *store, enum store_table table, int64_t id,
	struct error *error),
	(store, table, id, error))
/* clang-format on */
