/* What is durable: deliveries, messages to send, dead letters, what was told, what is remembered.
 *
 * One interface, several engines (SQLite; PostgreSQL to come). A store belongs to one thread. All
 * functions that return int return 0, or -1 with a sentence in `error`, whose kind says whether the
 * store itself failed; after -1 inside a transaction the caller rolls back, to the savepoint at
 * least. No SQL and no engine's names above this header.
 *
 * A turn of the engine is one transaction: store_begin, any of the functions below, store_commit.
 * What was committed survives a crash of the process and of the machine. */
#ifndef SEGRELAY_STORE_STORE_H
#define SEGRELAY_STORE_STORE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* A verified webhook as it came. Strings belong to the caller; those of headers that were absent
 * are NULL. */
struct delivery {
	int64_t id; /* the store's; 0 until it is stored */
	const char *shop;
	const char *topic;
	const char *webhook_id;
	const char *event_id;
	const char *api_version;
	const char *triggered_at;
	bool test;        /* X-Shopify-Test: true */
	int64_t received; /* ms since 1970, by the wall clock */
	int64_t stored;   /* ms since 1970, by the time that does not jump; written only */
	uint64_t near;    /* close to that of deliveries of the same time; 0 for none */
	unsigned char
		fingerprint[SHA256_SIZE]; /* the verified signature: the same for the same body */
	const char *body;
	size_t body_length;
};

/* A Segment call in the outbox. */
struct message {
	int64_t id; /* ascending, never used twice; 0 until it is queued */
	const char *destination;
	const char *shop;
	const char *event; /* "Order Completed", or "identify" */
	struct uuid message_id;
	bool with_next; /* belongs into one batch with the message queued after it */
	int64_t queued; /* ms since 1970 */
	int64_t delivery;
	const char *json; /* the whole call */
	size_t json_length;
};

/* A message that Segment refused, or a delivery that could not be mapped (then `destination`,
 * `event` and `message_id` are empty and `json` is the body). */
struct dead_letter {
	int64_t id;
	const char *destination; /* NULL for a delivery */
	const char *shop;
	const char *topic; /* NULL for a message */
	const char *event;
	char message_id[UUID_TEXT];
	int64_t delivery;
	int64_t queued;
	int64_t died;
	int64_t status; /* HTTP status, 0 for a delivery */
	const char *reason;
	const char *json;
	size_t json_length;
};

/* What became of the deliveries of one topic of one shop: received = repeated + ignored + mapped +
 * dead + dropped, always. */
struct topic_state {
	char *shop;
	char *topic;
	int64_t last; /* ms since 1970 of the last delivery */
	int64_t received, repeated, ignored, mapped, dead, dropped;
};

/* The outbox of one destination: queued = sent + dead + dropped + waiting, always. And its pause,
 * which survives a restart. */
struct destination_state {
	char *name;
	int64_t queued, sent, dead, dropped;
	int64_t last_sent;    /* ms since 1970 of the last accepted batch, 0 for never */
	int64_t paused_until; /* ms since 1970, 0 when not paused */
	int64_t paused_since;
	int64_t failures; /* attempts in a row that failed */
	char reason[256];
	int64_t clock_offset; /* ms that our clock is ahead of its own, 0 within a minute; not kept
			       */
};

/* The sizes that bound a claim. */
struct claim_limits {
	size_t messages;
	size_t bytes; /* of their JSON with a comma each */
};

/* Bounds of the file and of its disk, bytes. */
struct store_limits {
	int64_t max_store;
	int64_t min_free;
};

/* Why a store could not be opened. */
enum store_obstacle {
	STORE_UNUSABLE, /* until somebody mends it: damaged, another program's, newer, no such path
			 */
	STORE_IN_USE,   /* by another process */
	STORE_ABSENT, /* its disk is not mounted, full or failing, no memory, no right: may pass */
};

/* Opens the store of an URL ("sqlite:PATH", "sqlite::memory:"), makes or migrates its tables. -1
 * for an obstacle, which *obstacle names when it is not NULL: the file is left as it was. */
int store_open(
	const char *url, struct store **store, enum store_obstacle *obstacle, struct error *error);

/* Checkpoints and closes. NULL is allowed. */
void store_close(struct store *store);

/* Closes and opens again after an error of the disk or the database, and checks what is there:
 * after a failed fsync nothing that was read before may be trusted. -1 when that does not work yet;
 * then *damaged says whether it never will, as when it has not all that is claimed. */
int store_reopen(struct store *store, bool *damaged, struct error *error);

int store_begin(struct store *store, struct error *error);
int store_commit(struct store *store, struct error *error);
void store_rollback(struct store *store);

/* A part of a transaction that can be undone by itself: store_savepoint, any of the functions
 * below, then store_release, or store_rollback_to, after which all is as it was at the savepoint.
 * One at a time, and nothing is claimed in it. When store_rollback_to fails, the whole transaction
 * is void.
 */
int store_savepoint(struct store *store, struct error *error);
int store_release(struct store *store, struct error *error);
int store_rollback_to(struct store *store, struct error *error);

/* A descriptor of a small file beside the store, for what a crash of the process shall leave; its
 * `size` bytes have room on the disk. The caller closes it. -1 when there is none: of a store in
 * memory, on a full disk. */
int store_open_marker(struct store *store, size_t size);

/* Whether there is room for more webhooks within the limits, or early expiry can make it. -1 with
 * the reason when not. Cheap enough for every turn. */
int store_room(struct store *store, const struct store_limits *limits, struct error *error);

/* Stores a delivery and sets its id, unless one with the same shop, topic, fingerprint and mark of
 * a test is kept: then *repeated is true and nothing is stored. */
int store_add_delivery(
	struct store *store, struct delivery *delivery, bool *repeated, struct error *error);

/* Calls `visit` for up to 100 kept deliveries with the same body as this one (by `near` and
 * `fingerprint`) and another id, of any shop and topic, unless they are dead letters. Only id,
 * shop, topic and test are set, and live during the call, which must not write. A visit that
 * returns non-zero ends it. */
int store_each_twin(struct store *store, const struct delivery *delivery,
	int (*visit)(void *context, const struct delivery *twin), void *context,
	struct error *error);

/* Reads a stored delivery; its strings live in the arena. *found is false when there is none. */
int store_get_delivery(struct store *store, int64_t id, struct arena *arena,
	struct delivery *delivery, bool *found, struct error *error);

/* Whether store_tell was called with this id. */
int store_is_emitted(
	struct store *store, const struct uuid *message_id, bool *emitted, struct error *error);

/* Remembers for good that a message was told. *fresh is false when it was known already. */
int store_tell(struct store *store, const struct uuid *message_id, int64_t now, bool *fresh,
	struct error *error);

/* Puts a message into the outbox and sets its id. */
int store_queue(struct store *store, struct message *message, struct error *error);

/* Takes the next unclaimed messages of a destination, oldest first, within the limits (but at least
 * one). A message and the one it is `with_next` are not parted unless they are too large together.
 * The messages stay stored; the claim keeps them from being taken again until they are settled, or
 * unclaimed, or the process ends. *messages is an array of *count in the arena. */
int store_claim(struct store *store, const char *destination, const struct claim_limits *limits,
	struct arena *arena, struct message **messages, size_t *count, struct error *error);

/* Lets go of every claim of a destination. Only when none of them is in flight. */
void store_unclaim(struct store *store, const char *destination);

/* Removes sent messages from the outbox; *removed is how many of them were there. */
int store_sent(struct store *store, const int64_t *ids, size_t count, size_t *removed,
	struct error *error);

/* Moves a message from the outbox to the dead letters; *dead is the letter's id, 0 when there is no
 * such message. */
int store_bury(struct store *store, int64_t message, int64_t now, int64_t status,
	const char *reason, int64_t *dead, struct error *error);

/* Makes a dead letter of a delivery that could not be mapped. */
int store_bury_delivery(struct store *store, int64_t delivery, int64_t now, const char *reason,
	int64_t *dead, struct error *error);

/* Calls `visit` for up to `most` dead letters with an id over `after`, ascending; without their
 * JSON. Strings live during the call. A visit that returns non-zero ends it. */
int store_each_dead(struct store *store, int64_t after, size_t most,
	int (*visit)(void *context, const struct dead_letter *letter), void *context,
	struct error *error);

/* One dead letter with its JSON, in the arena. */
int store_get_dead(struct store *store, int64_t id, struct arena *arena, struct dead_letter *letter,
	bool *found, struct error *error);

/* Puts a dead message back into the outbox as the newest, unchanged. Not for a dead delivery, which
 * the engine maps again and then drops from the dead letters. */
int store_revive(struct store *store, int64_t dead, int64_t now, struct error *error);

/* Removes a dead letter. */
int store_drop_dead(struct store *store, int64_t dead, struct error *error);

/* What is remembered of something: JSON by (shop, kind, key), at least until it expires. Copied
 * into the arena; *json is NULL when nothing is. */
int store_get_record(struct store *store, const char *shop, const char *kind, const char *key,
	struct arena *arena, const char **json, struct error *error);
int store_put_record(struct store *store, const char *shop, const char *kind, const char *key,
	const char *json, int64_t expires, struct error *error);
int store_drop_record(struct store *store, const char *shop, const char *kind, const char *key,
	struct error *error);

/* Calls `visit` for up to `most` records of a shop behind (kind, key), ascending; "" is before all.
 * Strings live during the call, which must not write. A visit that returns non-zero ends it. */
struct record {
	const char *kind;
	const char *key;
	const char *json;
};
int store_each_record(struct store *store, const char *shop, const char *kind, const char *key,
	size_t most, int (*visit)(void *context, const struct record *record), void *context,
	struct error *error);

/* The tables whose rows have ids, for looking through all that is kept of a shop. */
enum store_table { STORE_DELIVERIES, STORE_MESSAGES, STORE_DEAD, STORE_TABLES };
struct stored_row {
	int64_t id;
	const char *destination; /* NULL of a delivery */
	const char *topic;       /* NULL of a message */
	const char *json;        /* of a dead delivery its body */
	size_t length;
};

/* The ids of the first row with an id over `after`, and of the table's last row; 0 when there is
 * none. */
int store_row_range(struct store *store, enum store_table table, int64_t after, int64_t *first,
	int64_t *last, struct error *error);

/* Calls `visit` for the shop's rows with `first` <= id <= `last`, as store_each_record. */
int store_each_row(struct store *store, enum store_table table, const char *shop, int64_t first,
	int64_t last, int (*visit)(void *context, const struct stored_row *row), void *context,
	struct error *error);

/* Removes a row; of a delivery, its dead letter, too. */
int store_drop_row(struct store *store, enum store_table table, int64_t id, struct error *error);

/* Leaves nothing behind of what was removed, in no file of the store. Outside a transaction. */
int store_scrub(struct store *store, struct error *error);

/* What must happen later, in an hour at the most. One timer a (shop, kind, key); setting it again
 * moves it. */
struct timer {
	int64_t due;
	const char *shop;
	const char *kind;
	const char *key;
};
int store_set_timer(struct store *store, const struct timer *timer, struct error *error);
int store_drop_timer(struct store *store, const struct timer *timer, struct error *error);
/* Removes those of a shop that have outlived their record: of (shop, kind, key), as the timer. */
int store_drop_lost_timers(struct store *store, const char *shop, struct error *error);
/* Further ahead than any timer is set. */
#define STORE_TIMER_MOST (2 * HOUR)
/* Whether a timer is due at `now`: also when it stands too far ahead, as the clock was set back.
 * INT64_MAX is never. */
bool store_is_due(int64_t due, int64_t now);
/* A timer that is due at `now`, in the arena; *found is
 * false when there is none, and then *next is when the next one will be (INT64_MAX for never). */
int store_due_timer(struct store *store, int64_t now, struct arena *arena, struct timer *timer,
	bool *found, int64_t *next, struct error *error);

/* How many timers wait. */
int store_count_timers(struct store *store, int64_t *count, struct error *error);

/* The counters. Reading fills an array that the caller frees with store_free_topics or
 * store_free_destinations. Saving inserts or replaces one. */
int store_topics(
	struct store *store, struct topic_state **topics, size_t *count, struct error *error);
void store_free_topics(struct topic_state *topics, size_t count);
int store_save_topic(struct store *store, const struct topic_state *topic, struct error *error);
int store_destinations(
	struct store *store, struct destination_state **states, size_t *count, struct error *error);
void store_free_destinations(struct destination_state *states, size_t count);
int store_save_destination(
	struct store *store, const struct destination_state *state, struct error *error);

/* When the oldest message of a destination was queued; 0 when none waits. */
int store_oldest(
	struct store *store, const char *destination, int64_t *queued, struct error *error);

/* Forgets a small step's worth of what is older than the times given; *more is false when a round
 * through everything has ended. For quiet turns, inside a transaction. Deliveries with a dead
 * letter stay. */
struct retention {
	int64_t now;
	int64_t deliveries_before;
	int64_t told_before;
	const char *brief_topic; /* whose deliveries go earlier; NULL for none */
	int64_t brief_before;
};
int store_sweep(
	struct store *store, const struct retention *retention, bool *more, struct error *error);

/* Deletes the oldest deliveries that are fully acknowledged (none of their messages waits, and
 * there is no dead letter of them) when the store is over 9/10 of max_store, or its disk is near
 * min_free: about twice as much as was added since the last call, or a small step's worth when
 * `idle`. Inside a transaction. As long as there are such deliveries, store_room finds room. */
struct early_expiry {
	size_t count;     /* deliveries that were deleted */
	int64_t bytes;    /* of their bodies */
	int64_t received; /* of the last of them: ms since 1970 */
	int64_t shortage; /* bytes that should still be deleted, and can be */
	bool of_disk;     /* it is the disk that is short of room, not max_store */
};
int store_expire_early(struct store *store, const struct store_limits *limits, bool idle,
	struct early_expiry *done, struct error *error);

/* Whether half of the margin that early expiry keeps is used up: it finds too little to delete. */
int store_is_nearly_full(
	struct store *store, const struct store_limits *limits, bool *is, struct error *error);

/* Housekeeping outside a transaction, for quiet moments (SQLite: checkpoint). `idle` is false when
 * there was no quiet moment for long: then only what must be is done. */
int store_tidy(struct store *store, bool idle, struct error *error);

/* Bytes that the store takes, and that are free on its disk. */
int store_size(struct store *store, int64_t *bytes, int64_t *free_bytes, struct error *error);

#endif
