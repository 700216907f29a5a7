/* What the parts of the mapping share while one delivery is mapped. */
#ifndef SEGRELAY_MAPPING_WORK_H
#define SEGRELAY_MAPPING_WORK_H

#include "base/string_map.h"
#include "mapping/mapping.h"
#include "mapping/topics.h"

enum {
	/* Bytes of a message: under the 32 KB that Segment takes, as its libraries keep it. */
	MESSAGE_MAX = 32000,
	/* More than any message. */
	UNBOUNDED = INT32_MAX,
};

struct refund_sums;
struct applications;
struct cart_list;
struct trims;

/* Who a delivery is about. Everything is NULL when not known. */
struct person {
	const char *customer_id;
	const char *email;
	const char *user_id;      /* by the shop's user_id */
	const char *anonymous_id; /* the browser's, or one made up */
	bool is_derived;          /* the anonymous_id */
	const char *google_client_id;
	const char *google_session_id;
};

/* Something remembered, as it was read: both NULL for nothing. */
struct recalled {
	const cJSON *value;
	const char *json;
};

/* A text that is made once, however often it is asked for. */
struct made_once {
	const void *from; /* what it was made from */
	const char *text;
};

/* What came in. Constant. */
struct input {
	const struct delivery *delivery;
	const struct topic *topic;
	const struct shop *shop;
	const cJSON *payload;
	const char *awaited_customer_id; /* Shopify's, from a delivery that came later */
	bool was_deferred;               /* it waited for that one, or long enough (deferred.c) */
};

/* What the records said before this delivery. Constant once records_recall has returned. */
struct stored {
	struct recalled order;
	struct recalled link; /* by the account, by the cart's token, or by the checkout's */
	struct recalled checkout_link; /* by the checkout's, where there is a cart's */
	struct recalled checkout;      /* the steps that were emitted, and what was seen of it */
	struct recalled subscription;  /* its newest state */
	struct recalled customer;
	struct recalled merged; /* the customer who was merged into this one */
};

/* Whom and what the delivery is about, by the payload and the records. Constant once
 * records_recall has returned. */
struct identity {
	const char *order_id;    /* of the order that the delivery is about, NULL for none */
	const char *checkout_id; /* the token of its checkout */
	const char *cart_id;     /* the token of its cart */
	const char *account_id;  /* the customer's at ReCharge */
	const cJSON *customer;   /* record and payload together; NULL without a customer */
	bool is_of_merged;       /* the payload is of one who was merged into the customer */
	struct person person;
};

/* What was emitted while the delivery is mapped. Only calls.c and mapping.c write it. */
struct emitted {
	bool follows_rules;     /* it is not skipped as a test */
	bool under_derived_id;  /* a call had a derived id and no userId */
	bool joined;            /* a derived id with the userId */
	bool aliased;           /* the browser's id and the userId */
	bool is_identified;     /* the traits, at every destination */
	const char *identified; /* the digest of the traits */
};

/* What is computed once, however often it is asked for. A lost value is computed again. */
struct scratch {
	struct string_map products; /* the catalogue's, as far as they were looked up */
	struct made_once coupon;    /* of the order */
	struct made_once affiliation;
	struct made_once browser;          /* of ReCharge's attributes */
	struct applications *applications; /* of discounts (coupons.c) */
	struct cart_list *cart_list;       /* the cart's lines, as a message has them */
	struct refund_sums *refund;        /* of the refund that is the payload */
	struct trims *trims;               /* of the message that is written */
	const char *traits_digest;
	const char *visit;       /* the part of the context that is the same for all calls */
	const char *short_visit; /* its texts cut */
	bool visit_is_long;      /* for any message, unless its texts are cut */
	int cart_shrink;         /* that the last message of a cart needed */
};

/* One delivery being mapped. Strings and JSON live in the arena. */
struct work {
	const struct input *in;
	const struct stored *stored;
	const struct identity *identity;
	const struct emitted *emitted;
	struct scratch scratch;
	const struct record_store *records;
	struct arena *arena;
	uint64_t steps_end; /* of the budget */
	bool is_kept;       /* all is emitted: what is remembered of it is not bounded again */
	bool is_spent;      /* the budget; then the work has failed, too */
	bool failed;        /* the result is void; the error's kind says of what */
	struct error *error;
	struct text invalid_fields; /* fields left out */
};

/* Notes a field that could not be read and is left out. */
void work_invalid_field(struct work *work, const char *property);

/* Whether the work has neither failed nor used up its budget. */
bool work_goes_on(struct work *work);

/* Remembers that the store or the memory failed: the result is void. */
void work_fail(struct work *work, const char *what);

/* The browser's anonymousId; NULL when it is derived or not known. */
const char *work_browser_id(const struct work *work);

/* The customer's id at ReCharge; NULL when none was seen. */
const char *work_account(const struct work *work);

/* Whether the customer has once refused to be analysed. That takes back the browser's id for good,
 * but ReCharge repeats it with each body. */
bool work_has_refused(const struct work *work);

/* What is remembered by kind and key; what cannot be read is taken for nothing, and noted. */
struct recalled work_recall(struct work *work, const char *kind, const char *key);

/* Remembers, unless it is the same as `before` (NULL for nothing), or there is no key. */
void work_remember(struct work *work, const char *kind, const char *key, const struct text *json,
	const char *before);

/* The object that a record has under a key, for going through its members, which have names; NULL
 * when there is none. */
const cJSON *work_named(const cJSON *record, const char *key);

/* A time of our own that a record has under a key, in ms since 1970; 0 for none. */
int64_t work_milliseconds(const cJSON *record, const char *key);

/* Forgets. */
void work_forget(struct work *work, const char *kind, const char *key);

/* Sets the timer of a record, or ends it with TIME_UNKNOWN; nothing without a key. */
void work_set_timer(struct work *work, const char *kind, const char *key, int64_t due);

/* A copy in the arena; the work fails when there is no memory. */
const char *work_copy(struct work *work, const char *string);

/* The beginning of a text that is longer than any message, for what is kept of it: whatever is made
 * of it, no more is sent. */
const char *work_cut(struct work *work, const char *string);

/* What was added to a text, in the arena; NULL for nothing. The text is freed. */
const char *work_keep(struct work *work, struct text *text);

/* A new object in the arena. Never NULL but when the work failed. */
cJSON *work_object(struct work *work);

/* An object with the members of another one, to which some can be added; nothing is copied. */
cJSON *work_view(struct work *work, const cJSON *object);

/* The same, to be looked into only (json_overlay); and hides a member of the object below. */
cJSON *work_overlay(struct work *work, const cJSON *object);
void work_hide(struct work *work, cJSON *overlay, const char *key);

/* Sets a member: a text (nothing for NULL), or a value that is not copied (nothing for NULL). */
void work_set(struct work *work, cJSON *object, const char *key, const char *value);
void work_refer(struct work *work, cJSON *object, const char *key, const cJSON *value);

/* Sets a member to true. */
void work_flag(struct work *work, cJSON *object, const char *key);

/* Appends a value to a list without copying it. */
void work_append(struct work *work, cJSON *list, const cJSON *value);

/* An empty list in the arena. */
cJSON *work_list(struct work *work);

/* Notes a string with a value that is not NULL; false when it has one already. The work fails when
 * there is no memory. */
bool work_note(struct work *work, struct string_map *map, const char *string, const void *value);

/* A text that may be a time: NULL for one that is longer than any. */
const char *time_like(const char *text);

/* The time at a path of an object, in ms since 1970, TIME_UNKNOWN for none. */
int64_t time_at(const cJSON *object, const char *path);

#endif
