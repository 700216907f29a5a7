/* The functions of a store, one a row.
 *
 * store.h generates from each row a `store_NAME`, which calls the chosen engine, and a member of
 * the engine's table; an engine's header generates a declaration, and its table a value. A new
 * function is declared here, and defined in each engine.
 *
 * STORE_FUNCTION(NAME, PARAMETERS, ARGUMENTS) returns 0, or -1 with the error; STORE_PROCEDURE
 * returns nothing. */
/* clang-format off */

/* ---- the file ---- */

/* Closes the store, opens it again after an error of the disk or the database, and checks its
 * content: after a failed fsync nothing that was read before can be trusted. -1 when that fails;
 * *damaged is true when it will never succeed, for example when claimed messages are missing. */
STORE_FUNCTION(reopen, (struct store *store, bool *damaged, struct error *error),
	(store, damaged, error))

/* Opens a small file beside the store, whose content survives a crash of the process; `size` bytes
 * are allocated on the disk. The caller closes *fd. *fd is -1 for a store in memory and on a full
 * disk. */
STORE_PROCEDURE(open_marker, (struct store *store, size_t size, int *fd),
	(store, size, fd))

/* Whether more deliveries fit within the limits, or early expiry can make room. -1 with the reason
 * when not. Cheap enough to call in every turn. */
STORE_FUNCTION(room, (struct store *store, const struct store_limits *limits, struct error *error),
	(store, limits, error))

/* Bytes that the store uses, and bytes free on its disk. */
STORE_FUNCTION(size, (struct store *store, int64_t *bytes, int64_t *free_bytes,
	struct error *error),
	(store, bytes, free_bytes, error))

/* The engine's own maintenance, outside a transaction: call it once a turn, with what the turn was
 * like. After STORE_WIPE no file of the store contains deleted data. */
STORE_FUNCTION(housekeeping, (struct store *store, enum store_housekeeping kind,
	struct error *error),
	(store, kind, error))

/* ---- transactions ---- */

/* A transaction. After store_commit its changes are durable. */
STORE_FUNCTION(begin, (struct store *store, struct error *error),
	(store, error))
STORE_FUNCTION(commit, (struct store *store, struct error *error),
	(store, error))
STORE_PROCEDURE(rollback, (struct store *store),
	(store))

/* A part of a transaction that can be undone alone: store_savepoint, any of the functions below,
 * then store_release to keep the changes, or store_rollback_to to undo them. One savepoint at a
 * time, and no claims within it. When store_rollback_to fails, the whole transaction is void. */
STORE_FUNCTION(savepoint, (struct store *store, struct error *error),
	(store, error))
STORE_FUNCTION(release, (struct store *store, struct error *error),
	(store, error))
STORE_FUNCTION(rollback_to, (struct store *store, struct error *error),
	(store, error))

/* ---- deliveries ---- */

/* Stores a delivery and sets its id. When one with the same shop, topic, fingerprint and test mark
 * is stored already, *repeated is true and nothing is stored. */
STORE_FUNCTION(add_delivery, (struct store *store, struct delivery *delivery, bool *repeated,
	struct error *error),
	(store, delivery, repeated, error))

/* Calls `visit` for up to 100 stored deliveries with the same body as this one (by `locality_key`
 * and `fingerprint`) and another id, of any shop and topic, unless they are dead letters. Only id,
 * shop, topic and test are set, and are valid during the call. `visit` must not write; a non-zero
 * return value ends the iteration. */
STORE_FUNCTION(each_twin, (struct store *store, const struct delivery *delivery,
	int (*visit)(void *context, const struct delivery *twin), void *context,
	struct error *error),
	(store, delivery, visit, context, error))

/* Reads a delivery; its strings are in the arena. *found is false when it does not exist. */
STORE_FUNCTION(get_delivery, (struct store *store, int64_t id, struct arena *arena,
	struct delivery *delivery, bool *found, struct error *error),
	(store, id, arena, delivery, found, error))

/* ---- messages: the deduplication set and the outbox ---- */

/* Whether store_mark_emitted was called with this id. */
STORE_FUNCTION(is_emitted, (struct store *store, const struct uuid *message_id, bool *emitted,
	struct error *error),
	(store, message_id, emitted, error))

/* Adds a message id to the deduplication set. *fresh is false when it was there already. */
STORE_FUNCTION(mark_emitted, (struct store *store, const struct uuid *message_id, int64_t now,
	bool *fresh, struct error *error),
	(store, message_id, now, fresh, error))

/* Adds a message to the outbox and sets its id. */
STORE_FUNCTION(queue, (struct store *store, struct message *message, struct error *error),
	(store, message, error))

/* Claims the next unclaimed messages of a destination, oldest first, within the limits (but at least
 * one). A message marked `with_next` is claimed together with the next one, unless the two exceed
 * the limits. The messages stay in the outbox; a claimed message is not claimed again until it is
 * unclaimed or the process ends. *messages is an array of *count in the arena. */
STORE_FUNCTION(claim, (struct store *store, const char *destination,
	const struct claim_limits *limits, struct arena *arena, struct message **messages,
	size_t *count, struct error *error),
	(store, destination, limits, arena, messages, count, error))

/* Releases every claim of a destination. Only when none of its messages is being sent. */
STORE_PROCEDURE(unclaim, (struct store *store, const char *destination),
	(store, destination))

/* Removes sent messages from the outbox; *removed is the number of those that existed. */
STORE_FUNCTION(sent, (struct store *store, const int64_t *ids, size_t count, size_t *removed,
	struct error *error),
	(store, ids, count, removed, error))

/* When the oldest message of a destination was queued; 0 when its outbox is empty. */
STORE_FUNCTION(oldest, (struct store *store, const char *destination, int64_t *queued,
	struct error *error),
	(store, destination, queued, error))

/* Calls `visit` for up to `most` messages of a destination (NULL: of all) with an id greater than
 * `after`, ascending; without their JSON, but with its length. Strings are valid during the call. A
 * non-zero return value of `visit` ends the iteration. */
STORE_FUNCTION(each_message, (struct store *store, const char *destination, int64_t after,
	size_t most, int (*visit)(void *context, const struct outbox_entry *entry), void *context,
	struct error *error),
	(store, destination, after, most, visit, context, error))

/* One message of the outbox with its JSON, in the arena. */
STORE_FUNCTION(get_message, (struct store *store, int64_t id, struct arena *arena,
	struct outbox_entry *entry, bool *found, struct error *error),
	(store, id, arena, entry, found, error))

/* Sets a message aside, or replaces the state of one that is. Does nothing when the message does not
 * exist. The state is deleted together with the message. */
STORE_FUNCTION(set_aside, (struct store *store, const struct set_aside *set_aside,
	struct error *error),
	(store, set_aside, error))

/* The state of a message that is set aside, in the arena; *found is false when it is not. */
STORE_FUNCTION(get_set_aside, (struct store *store, int64_t message, struct arena *arena,
	struct set_aside *set_aside, bool *found, struct error *error),
	(store, message, arena, set_aside, found, error))

/* Claims a message of a destination that is set aside and due at `now`. *found is false when there
 * is none; then *next is when the next one is due (INT64_MAX for never). */
STORE_FUNCTION(claim_set_aside, (struct store *store, const char *destination, int64_t now,
	struct arena *arena, struct message *message, bool *found, int64_t *next,
	struct error *error),
	(store, destination, now, arena, message, found, next, error))

/* How many messages of a destination are set aside. */
STORE_FUNCTION(count_set_aside, (struct store *store, const char *destination, int64_t *count,
	struct error *error),
	(store, destination, count, error))

/* ---- dead letters ---- */

/* Moves a message from the outbox to the dead letters; *dead is the letter's id, 0 when the message
 * does not exist. */
STORE_FUNCTION(dead_letter_add, (struct store *store, int64_t message, int64_t now, int64_t status,
	const char *reason, int64_t *dead, struct error *error),
	(store, message, now, status, reason, dead, error))

/* Adds a dead letter for a delivery that cannot be mapped. */
STORE_FUNCTION(dead_letter_add_delivery, (struct store *store, int64_t delivery, int64_t now,
	const char *reason, int64_t *dead, struct error *error),
	(store, delivery, now, reason, dead, error))

/* Calls `visit` for up to `most` dead letters with an id greater than `after`, ascending; without
 * their JSON. Strings are valid during the call. A non-zero return value of `visit` ends the
 * iteration. */
STORE_FUNCTION(dead_letter_each, (struct store *store, int64_t after, size_t most,
	int (*visit)(void *context, const struct dead_letter *letter), void *context,
	struct error *error),
	(store, after, most, visit, context, error))

/* One dead letter with its JSON, in the arena. */
STORE_FUNCTION(dead_letter_get, (struct store *store, int64_t id, struct arena *arena,
	struct dead_letter *letter, bool *found, struct error *error),
	(store, id, arena, letter, found, error))

/* Moves a dead message back to the end of the outbox, unchanged. Not for a delivery: the relay maps
 * it again and then drops its dead letter. */
STORE_FUNCTION(dead_letter_requeue, (struct store *store, int64_t dead, int64_t now,
	struct error *error),
	(store, dead, now, error))

/* Removes a dead letter. */
STORE_FUNCTION(dead_letter_drop, (struct store *store, int64_t dead, struct error *error),
	(store, dead, error))

/* ---- records ---- */

/* A record: JSON by (shop, kind, key), kept at least until it expires. Copied into the arena; *json
 * is NULL when there is none. */
STORE_FUNCTION(get_record, (struct store *store, const char *shop, const char *kind,
	const char *key, struct arena *arena, const char **json, struct error *error),
	(store, shop, kind, key, arena, json, error))
STORE_FUNCTION(put_record, (struct store *store, const char *shop, const char *kind,
	const char *key, const char *json, int64_t expires, struct error *error),
	(store, shop, kind, key, json, expires, error))
STORE_FUNCTION(drop_record, (struct store *store, const char *shop, const char *kind,
	const char *key, struct error *error),
	(store, shop, kind, key, error))

/* Calls `visit` for up to `most` records of a shop after (kind, key), ascending; "" is before all.
 * Strings are valid during the call. `visit` must not write; a non-zero return value ends the
 * iteration. */
STORE_FUNCTION(each_record, (struct store *store, const char *shop, const char *kind,
	const char *key, size_t most, int (*visit)(void *context, const struct record *record),
	void *context, struct error *error),
	(store, shop, kind, key, most, visit, context, error))

/* ---- timers ---- */

/* A timer, at most an hour ahead. One for each (shop, kind, key); setting it again moves it. */
STORE_FUNCTION(set_timer, (struct store *store, const struct timer *timer, struct error *error),
	(store, timer, error))
STORE_FUNCTION(drop_timer, (struct store *store, const struct timer *timer, struct error *error),
	(store, timer, error))

/* Removes the timers of a shop whose record (same shop, kind and key) no longer exists. */
STORE_FUNCTION(drop_lost_timers, (struct store *store, const char *shop, struct error *error),
	(store, shop, error))

/* A timer that is due at `now`, in the arena. *found is false when there is none; then *next is when
 * the next one is due (INT64_MAX for never). */
STORE_FUNCTION(due_timer, (struct store *store, int64_t now, struct arena *arena,
	struct timer *timer, bool *found, int64_t *next, struct error *error),
	(store, now, arena, timer, found, next, error))

/* The number of timers. */
STORE_FUNCTION(count_timers, (struct store *store, int64_t *count, struct error *error),
	(store, count, error))

/* ---- counters ---- */

/* The counters. Reading allocates an array that the caller frees with store_free_topics or
 * store_free_destinations. Saving inserts or replaces one row. */
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

/* Deletes a bounded number of rows that are older than the retention; *more is false when a pass
 * over all tables has ended. Inside a transaction. Deliveries with a dead letter are kept. */
STORE_FUNCTION(expire, (struct store *store, const struct retention *retention, bool *more,
	struct error *error),
	(store, retention, more, error))

/* Deletes the oldest deliveries that are fully acknowledged (no message of theirs is in the outbox
 * and they have no dead letter) when the store exceeds 9/10 of max_store, or its disk is near
 * min_free: about twice as much as was added since the last call, or a bounded number when `idle`.
 * Inside a transaction. While such deliveries exist, store_room finds room. */
STORE_FUNCTION(expire_early, (struct store *store, const struct store_limits *limits, bool idle,
	struct early_expiry *done, struct error *error),
	(store, limits, idle, done, error))

/* Whether half of the margin that early expiry maintains is used up: it finds too little to delete.
 */
STORE_FUNCTION(is_nearly_full, (struct store *store, const struct store_limits *limits, bool *is,
	struct error *error),
	(store, limits, is, error))

/* The ids of the first row with an id greater than `after`, and of the table's last row; 0 when
 * there is none. */
STORE_FUNCTION(row_range, (struct store *store, enum store_table table, int64_t after,
	int64_t *first, int64_t *last, struct error *error),
	(store, table, after, first, last, error))

/* Calls `visit` for the shop's rows with `first` <= id <= `last`, as store_each_record. */
STORE_FUNCTION(each_row, (struct store *store, enum store_table table, const char *shop,
	int64_t first, int64_t last, int (*visit)(void *context, const struct stored_row *row),
	void *context, struct error *error),
	(store, table, shop, first, last, visit, context, error))

/* Deletes a row, and with a delivery its dead letter. */
STORE_FUNCTION(drop_row, (struct store *store, enum store_table table, int64_t id,
	struct error *error),
	(store, table, id, error))
/* clang-format on */
