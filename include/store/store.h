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

/* A record as store_each_record visits it. */
struct record {
	const char *kind;
	const char *key;
	const char *json;
};

/* The tables whose rows have ids, for looking through all that is kept of a shop. */
enum store_table { STORE_DELIVERIES, STORE_MESSAGES, STORE_DEAD, STORE_TABLES };

/* A row as store_each_row visits it. */
struct stored_row {
	int64_t id;
	const char *destination; /* NULL of a delivery */
	const char *topic;       /* NULL of a message */
	const char *json;        /* of a dead delivery its body */
	size_t length;
};

/* A timer: one a (shop, kind, key). */
struct timer {
	int64_t due;
	const char *shop;
	const char *kind;
	const char *key;
};

/* Further ahead than any timer is set. */
#define STORE_TIMER_MOST (2 * HOUR)

/* What store_sweep removes: times in ms since 1970. */
struct retention {
	int64_t now;
	int64_t deliveries_before;
	int64_t told_before;
	const char *brief_topic; /* whose deliveries go earlier; NULL for none */
	int64_t brief_before;
};

/* What store_expire_early did. */
struct early_expiry {
	size_t count;     /* deliveries that were deleted */
	int64_t bytes;    /* of their bodies */
	int64_t received; /* of the last of them: ms since 1970 */
	int64_t shortage; /* bytes that should still be deleted, and can be */
	bool of_disk;     /* it is the disk that is short of room, not max_store */
};

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

/* What an engine of the store (SQLite; PostgreSQL to come) provides. */
struct store_engine {
	void (*close)(struct store *store);
	/* NOLINTBEGIN(bugprone-macro-parentheses): they make declarations, not expressions */
#define STORE_FUNCTION(name, parameters, arguments) int(*name) parameters;
#define STORE_PROCEDURE(name, parameters, arguments) void(*name) parameters;
#include "store/store_functions.h"
#undef STORE_FUNCTION
#undef STORE_PROCEDURE
	/* NOLINTEND(bugprone-macro-parentheses) */
};

/* An engine's own struct begins with this. */
struct store {
	const struct store_engine *engine;
};

#define STORE_FUNCTION(name, parameters, arguments)   \
	static inline int store_##name parameters     \
	{                                             \
		return store->engine->name arguments; \
	}
#define STORE_PROCEDURE(name, parameters, arguments) \
	static inline void store_##name parameters   \
	{                                            \
		store->engine->name arguments;       \
	}
#include "store/store_functions.h"
#undef STORE_FUNCTION
#undef STORE_PROCEDURE

/* Opens the store of an URL ("sqlite:PATH", "sqlite::memory:"), makes or migrates its tables. -1
 * for an obstacle, which *obstacle names when it is not NULL: the file is left as it was. */
int store_open(
	const char *url, struct store **store, enum store_obstacle *obstacle, struct error *error);

/* Checkpoints and closes. NULL is allowed. */
void store_close(struct store *store);

/* Whether a timer is due at `now`: also when it stands too far ahead, as the clock was set back.
 * INT64_MAX is never. */
bool store_is_due(int64_t due, int64_t now);

/* Free what store_topics and store_destinations have returned. */
void store_free_topics(struct topic_state *topics, size_t count);
void store_free_destinations(struct destination_state *states, size_t count);

#endif
