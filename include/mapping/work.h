/* What the parts of the mapping share while one delivery is mapped. */
#ifndef SEGRELAY_MAPPING_WORK_H
#define SEGRELAY_MAPPING_WORK_H

#include "mapping/mapping.h"

struct refund_sums;

/* Who a delivery is about. Everything is NULL when not known. */
struct person {
	const char *customer_id;
	const char *email;
	const char *user_id;      /* by the shop's user_id */
	const char *anonymous_id; /* the browser's, or one made up */
	const char *google_client_id;
	const char *google_session_id;
};

/* One delivery being mapped. Strings and JSON live in the arena. */
struct work {
	const struct delivery *delivery;
	const struct shop *shop;
	const struct memory *memory;
	struct arena *arena;
	const cJSON *payload;
	const cJSON *order;     /* what is remembered of the order, NULL for nothing */
	const char *order_json; /* the same as it was read */
	const cJSON *known;     /* what is remembered of the customer, NULL for nothing */
	const char *known_json; /* the same as it was read */
	cJSON *customer;        /* known and payload together; NULL without a customer */
	struct person person;
	const struct refund_sums *refund; /* of a refund */
	const char *refund_total; /* money returned by this refund, in the shop's currency */
	bool enabled_told;        /* Customer Enabled is told now */
	const char *identified;   /* digest of the traits told now */
	const char *visit;        /* the part of the context that is the same for all calls */
	struct text unreadable;   /* fields left out */
	struct error *error;
	bool failed; /* the memory failed, or there is no more memory */
};

/* Notes a field that could not be read and is left out. */
void work_unreadable(struct work *work, const char *property);

/* Remembers that the store or the memory failed: the result is void. */
void work_fail(struct work *work, const char *what);

/* What is remembered by kind and key: parsed, and as it was read. NULL for nothing. */
const cJSON *work_recall(struct work *work, const char *kind, const char *key, const char **json);

/* Remembers, unless it is the same as `before` (NULL for nothing). */
void work_remember(struct work *work, const char *kind, const char *key, const struct text *json,
	const char *before);

/* A copy in the arena; the work fails when there is no memory. */
const char *work_copy(struct work *work, const char *string);

#endif
