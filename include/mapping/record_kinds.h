/* The kinds of records: one row for each kind that the relay stores. The mapping, the retention,
 * the timers and the erasure read the row, so a new kind is described in one place. */
#ifndef SEGRELAY_MAPPING_RECORD_KINDS_H
#define SEGRELAY_MAPPING_RECORD_KINDS_H

#include <stdbool.h>

/* How long a record is kept after it was last written. */
enum record_retention {
	RETAIN_CART_TTL,  /* the shop's cart_ttl */
	RETAIN_LINK,      /* cart_ttl; less while only hints have named the link */
	RETAIN_ORDERS,    /* keep_orders */
	RETAIN_CATALOGUE, /* until the shop deletes the product */
	RETAIN_BY_WRITER, /* the code that writes the record decides */
};

/* What a timer of the kind does when it is due. A timer has the kind and the key of its record. */
enum record_timer {
	RECORD_TIMER_NONE,         /* the kind has no timers */
	RECORD_TIMER_CART,         /* maps the changes of a cart */
	RECORD_TIMER_DEFERRED,     /* maps the deliveries that the record holds */
	RECORD_TIMER_PRIVACY_JOB,  /* continues an erasure or a report */
	RECORD_TIMER_SHOP_ERASURE, /* checks whether a shop's erasure is due */
	RECORD_TIMERS,
};

/* Paths into a record's JSON; a list of paths ends with NULL. */
struct record_kind {
	const char *name;
	enum record_retention retention;
	enum record_timer timer;
	bool is_engines;   /* only the engine and the receiver write it, the mapping may not */
	bool is_personal;  /* an erasure of a person reads the record */
	bool names_user;   /* the key, `email` and `user_ids` give the userIds that were emitted */
	bool holds_bodies; /* whole deliveries, which are read as deliveries are */
	/* Names the customer that the record belongs to; NULL when only the key does. */
	const char *customer;
	/* Lead to the owner when no customer is named; the key always does. */
	const char *others[4];
	/* Lead to the owner when no person is named at all: a browser may be shared. */
	const char *browsers[3];
	/* Ids, tokens and addresses of the owner: texts, or lists of texts. */
	const char *identifiers[8];
};

/* Ends with a row without a name. */
extern const struct record_kind record_kinds[];

/* The row of a kind; NULL when it has none: a record of that kind must not be written. */
const struct record_kind *record_kind_find(const char *name);

/* What a timer of the kind does; RECORD_TIMER_NONE for an unknown kind. */
enum record_timer record_kind_timer(const char *name);

#endif
