/* The durable state: deliveries, the outbox, dead letters, emitted message ids, records, timers.
 *
 * One interface, several engines (SQLite; PostgreSQL to come). A store belongs to one thread.
 * Functions that return int return 0, or -1 with a sentence in `error`, whose kind says whether the
 * store itself failed; after -1 inside a transaction the caller rolls back, at least to the
 * savepoint. No SQL and no name of an engine above this header.
 *
 * A turn of the relay is one transaction: store_begin, any of the functions below, store_commit.
 * Committed changes survive a crash of the process and of the machine. */
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

/* A verified webhook request, unchanged. Strings belong to the caller; those of absent headers are
 * NULL. */
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
	int64_t stored;   /* ms since 1970, by the retention clock; written, never read back */
	/* Close numbers for deliveries that arrive together (0 for unknown), so that their index
	 * entries share pages. `make bench`: with ids at random places in the index, the cost of a
	 * webhook grew with the store's age, from 198 to 251 µs. */
	uint64_t locality_key;
	/* The verified signature: equal for equal bodies. */
	unsigned char fingerprint[SHA256_SIZE];
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
	bool with_next; /* must be in one batch with the message queued after it */
	int64_t queued; /* ms since 1970 */
	int64_t delivery;
	const char *json; /* the whole call */
	size_t json_length;
};

/* A message that the destination refused, or a delivery that cannot be mapped (then `destination`,
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

/* The counters of the deliveries of one topic of one shop: received = repeated + ignored + mapped +
 * dead + dropped, always. */
struct topic_state {
	char *shop;
	char *topic;
	int64_t last; /* ms since 1970 of the last delivery */
	int64_t received, repeated, ignored, mapped, dead, dropped;
};

/* The counters of one destination: queued = sent + dead + dropped + waiting, always. And its pause,
 * which survives a restart. */
struct destination_state {
	char *name;
	int64_t queued, sent, dead, dropped;
	int64_t last_sent;    /* ms since 1970 of the last accepted batch, 0 for never */
	int64_t paused_until; /* ms since 1970, 0 when not paused */
	int64_t paused_since;
	int64_t failures; /* consecutive failed attempts */
	char reason[256];
	int64_t clock_offset; /* ms by which our clock is ahead of the destination's, 0 within a
			       * minute; not stored */
};

/* The bounds of a claim. */
struct claim_limits {
	size_t messages;
	size_t bytes; /* of their JSON with a comma each */
};

/* Why store_housekeeping is called. */
enum store_housekeeping {
	STORE_BUSY, /* requests wait: only what cannot be postponed */
	STORE_IDLE, /* nothing else is to be done */
	STORE_WIPE, /* personal data was erased: leave no copy of deleted data in any file */
};

/* Bounds of the store and of its disk, bytes. */
struct store_limits {
	int64_t max_store;
	int64_t min_free;
};

/* Why a store could not be opened. */
enum store_obstacle {
	STORE_UNUSABLE, /* until an operator acts: damaged, of another program, newer, no such path
			 */
	STORE_IN_USE,   /* by another process */
	STORE_ABSENT,   /* disk not mounted, full or failing, no memory, no permission: may pass */
};

/* A record as store_each_record visits it. */
struct record {
	const char *kind;
	const char *key;
	const char *json;
};

/* The tables whose rows have ids, to read all rows of a shop. */
enum store_table { STORE_DELIVERIES, STORE_MESSAGES, STORE_DEAD, STORE_TABLES };

/* A row as store_each_row visits it. */
struct stored_row {
	int64_t id;
	const char *destination; /* NULL of a delivery */
	const char *topic;       /* NULL of a message */
	const char *json;        /* the body, for a delivery and its dead letter */
	size_t length;
};

/* A timer: one for each (shop, kind, key). */
struct timer {
	int64_t due;
	const char *shop;
	const char *kind;
	const char *key;
};

/* No timer is set further ahead than this. */
#define STORE_TIMER_MOST (2 * HOUR)

/* The limits of store_expire: times in ms since 1970. */
struct retention {
	int64_t now;
	int64_t deliveries_before;
	int64_t emitted_before;
	const char *brief_topic; /* its deliveries expire earlier; NULL for none */
	int64_t brief_before;
};

/* The result of store_expire_early. */
struct early_expiry {
	size_t count;     /* deliveries that were deleted */
	int64_t bytes;    /* of their bodies */
	int64_t received; /* of the last of them: ms since 1970 */
	int64_t shortage; /* bytes that are still to be deleted, and can be */
	bool of_disk;     /* the disk is short of room, not max_store */
};

/* A message that a destination does not accept although it accepts others. It stays in the outbox
 * and is claimed alone, not before `not_before`. Times are in ms since 1970; `first_failed` and
 * `not_before` by the retention clock. */
struct set_aside {
	int64_t message;
	int64_t first_failed; /* alone, while others were accepted */
	int64_t last_failed;  /* by the wall clock, as destination_state.last_sent */
	int64_t not_before;
	int64_t attempts; /* failed ones since it was set aside, and the one before */
	int64_t status;   /* HTTP status of the last one, 0 without a response */
	const char *reason;
};

/* A message of the outbox, as the operator sees it. */
struct outbox_entry {
	struct message message;     /* its JSON only from store_get_message */
	bool claimed;               /* the sender may be sending it now */
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

/* The first member of each engine's own struct. */
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

/* Opens the store of a URL ("sqlite:PATH", "sqlite::memory:"), and creates or migrates its tables.
 * On -1 the file is left unchanged; *obstacle is the reason, when not NULL. */
int store_open(
	const char *url, struct store **store, enum store_obstacle *obstacle, struct error *error);

/* Checkpoints and closes. NULL is allowed. */
void store_close(struct store *store);

/* Whether a timer is due at `now`. One that is further ahead than STORE_TIMER_MOST is due, too: the
 * clock was set back. INT64_MAX is never due. */
bool store_is_due(int64_t due, int64_t now);

/* Free the results of store_topics and store_destinations. */
void store_free_topics(struct topic_state *topics, size_t count);
void store_free_destinations(struct destination_state *states, size_t count);

#endif
