/* The context of mapping one delivery. */
#ifndef SEGRELAY_MAPPING_WORK_H
#define SEGRELAY_MAPPING_WORK_H

#include "base/string_map.h"
#include "mapping/mapping.h"
#include "mapping/topics.h"

enum {
	/* Bytes of a message: less than Segment's limit of 32 KB, as in Segment's libraries. */
	MESSAGE_MAX = 32000,
	/* No limit. */
	UNBOUNDED = INT32_MAX,
};

struct refund_sums;
struct applications;
struct cart_list;
struct trims;

/* The person of a delivery. NULL members are not known. */
struct person {
	const char *customer_id;
	const char *email;
	const char *user_id;      /* by the shop's option user_id */
	const char *anonymous_id; /* the browser's, or a derived id */
	bool is_derived;          /* anonymous_id is a derived id */
	const char *google_client_id;
	const char *google_session_id;
};

/* A record as it was read; both NULL when there is none. */
struct recalled {
	const cJSON *value;
	const char *json;
};

/* A text that is computed once. */
struct made_once {
	const void *from; /* the value that it was computed from */
	const char *text;
};

/* The delivery and its shop. Constant. */
struct input {
	const struct delivery *delivery;
	const struct topic *topic;
	const struct shop *shop;
	const cJSON *payload;
	const char *awaited_customer_id; /* brought by a later delivery */
	bool was_deferred;               /* do not defer it again */
};

/* The records before this delivery. Constant once records_recall has returned. */
struct stored {
	struct recalled order;
	struct recalled link; /* by the account, the cart's token or the checkout's token */
	struct recalled checkout_link; /* by the checkout's token, when there is a cart */
	struct recalled checkout;      /* its last step, and the payload that was seen */
	struct recalled subscription;  /* the newest state */
	struct recalled customer;
	struct recalled merged; /* the customer who was merged into this one */
};

/* The person and the objects that the delivery is about, from the payload and the records. Constant
 * once records_recall has returned. */
struct identity {
	const char *order_id;    /* NULL when there is no order */
	const char *checkout_id; /* the token of the checkout */
	const char *cart_id;     /* the token of the cart */
	const char *account_id;  /* ReCharge's customer id */
	const cJSON *customer;   /* record and payload merged; NULL when there is no customer */
	bool is_of_merged;       /* the payload is about a customer who was merged into this one */
	struct person person;
};

/* What was emitted for the delivery. Only calls.c and apply_rules.c write it. */
struct emitted {
	bool follows_rules;     /* the rules were applied: it is not skipped as a test */
	bool under_derived_id;  /* a call with a derived id and no userId */
	bool joined;            /* an identify that joins a derived id with the userId */
	bool aliased;           /* an alias of the browser's id and the userId */
	bool is_identified;     /* an identify, at every destination */
	const char *identified; /* the digest of its ids and traits */
};

/* Values that are computed once, and again when they are missing. */
struct scratch {
	struct string_map products; /* looked up in the catalogue */
	struct made_once coupon;    /* of the order's payload */
	struct made_once affiliation;
	struct made_once browser;          /* the browser's id in ReCharge's attributes */
	struct applications *applications; /* of discounts (coupons.c) */
	struct cart_list *cart_list;       /* the lines of the cart as JSON (cart_list.c) */
	struct refund_sums *refund;        /* of the refund (refund_sums.c) */
	struct trims *trims;               /* of the message that is being written */
	const char *traits_digest;
	const char *visit;       /* the part of the context that all calls share */
	const char *short_visit; /* with its texts cut */
	bool visit_is_long;      /* too long for any message, unless its texts are cut */
	int cart_shrink;         /* the level of shrinking of the last message */
};

/* One delivery that is being mapped. Strings and JSON live in the arena. */
struct work {
	const struct input *in;
	const struct stored *stored;
	const struct identity *identity;
	const struct emitted *emitted;
	struct scratch scratch;
	const struct record_store *records;
	struct arena *arena;
	uint64_t steps_end; /* the end of the budget */
	bool is_kept;       /* the records are updated, without the limit of the budget */
	bool is_spent;      /* the budget is exceeded; `failed` is set, too */
	bool failed;        /* the result is void; the kind of `error` says why */
	struct error *error;
	struct text invalid_fields; /* fields that were left out, joined by "," */
};

/* Notes a field that is left out because its value is invalid. */
void work_invalid_field(struct work *work, const char *property);

/* Whether the work has not failed, and is within its budget. */
bool work_goes_on(struct work *work);

/* Marks the work as failed, because the store or an allocation failed: the result is void. */
void work_fail(struct work *work, const char *what);

/* The browser's anonymousId; NULL when it is a derived id, or not known. */
const char *work_browser_id(const struct work *work);

/* ReCharge's customer id; NULL when none was seen. */
const char *work_account(const struct work *work);

/* Whether the customer has refused analytics. That removes the browser's id for good, but ReCharge
 * repeats it in each body. */
bool work_has_refused(const struct work *work);

/* Reads a record. An unreadable record is noted, and treated as missing. */
struct recalled work_recall(struct work *work, const char *kind, const char *key);

/* Writes a record, unless it is equal to `before` (NULL for none), or the key is NULL. */
void work_remember(struct work *work, const char *kind, const char *key, const struct text *json,
	const char *before);

/* The object at a key of a record, to iterate over its members by name; NULL when there is none. */
const cJSON *work_named(const cJSON *record, const char *key);

/* A time that the relay wrote at a key of a record, in ms since 1970; 0 for none. */
int64_t work_milliseconds(const cJSON *record, const char *key);

/* Removes a record. */
void work_forget(struct work *work, const char *kind, const char *key);

/* Sets the timer of a record, or removes it with TIME_UNKNOWN. Does nothing without a key. */
void work_set_timer(struct work *work, const char *kind, const char *key, int64_t due);

/* A copy in the arena; the work fails when memory runs out. */
const char *work_copy(struct work *work, const char *string);

/* The beginning of a text that is longer than any message, for a record: no message holds more of
 * it. */
const char *work_cut(struct work *work, const char *string);

/* The text in the arena; NULL for an empty one. `text` is freed. */
const char *work_keep(struct work *work, struct text *text);

/* A new object in the arena. NULL only when the work has failed. */
cJSON *work_object(struct work *work);

/* An object with the members of another one, to which members can be added. Nothing is copied. */
cJSON *work_view(struct work *work, const cJSON *object);

/* The same for reading by name only (json_overlay); and hides a member of the object below. */
cJSON *work_overlay(struct work *work, const cJSON *object);
void work_hide(struct work *work, cJSON *overlay, const char *key);

/* Sets a member to a text, or to a value that is not copied. Does nothing for NULL. */
void work_set(struct work *work, cJSON *object, const char *key, const char *value);
void work_refer(struct work *work, cJSON *object, const char *key, const cJSON *value);

/* Sets a member to true. */
void work_flag(struct work *work, cJSON *object, const char *key);

/* Appends a value to a list without copying it. */
void work_append(struct work *work, cJSON *list, const cJSON *value);

/* An empty list in the arena. */
cJSON *work_list(struct work *work);

/* Adds a string with a value that is not NULL to a map; returns false when the map has it. The work
 * fails when memory runs out. */
bool work_note(struct work *work, struct string_map *map, const char *string, const void *value);

/* The text, or NULL for one that is longer than any time. */
const char *time_like(const char *text);

/* The time at a path of an object, in ms since 1970; TIME_UNKNOWN for none. */
int64_t time_at(const cJSON *object, const char *path);

#endif
