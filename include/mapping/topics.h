/* Topics: where each payload has its ids. */
#ifndef SEGRELAY_MAPPING_TOPICS_H
#define SEGRELAY_MAPPING_TOPICS_H

#include "mapping/mapping.h"

/* The topics that show a whole subscription: ReCharge's, and Shopify's own. */
#define RECHARGE_SUBSCRIPTIONS                                             \
	"recharge:subscription/created|recharge:subscription/updated|"     \
	"recharge:subscription/activated|recharge:subscription/cancelled|" \
	"recharge:subscription/paused|recharge:subscription/skipped|"      \
	"recharge:subscription/unskipped|recharge:subscription/swapped"
#define SHOPIFY_CONTRACTS                                               \
	"subscription_contracts/create|subscription_contracts/update|"  \
	"subscription_contracts/activate|subscription_contracts/pause|" \
	"subscription_contracts/cancel|subscription_contracts/expire|"  \
	"subscription_contracts/fail"

/* The topics of a charge whose try has failed. */
#define CHARGE_FAILURES "recharge:charge/failed|recharge:charge/max_retries_reached"

/* What an id looks like: digits, or `gid://shopify/Customer/` and digits; a token is any text. */
enum id_form { ID_NONE, ID_DIGITS, ID_TOKEN };

/* Paths into a payload; NULL when the payload has no such value. */
struct topic {
	const char *names; /* one, or several with "|" between */
	const char *id;    /* required: without it an event could not be emitted once */
	const char *order;
	const char *customer;     /* the customer as an object, "." for the payload */
	const char *customer_id;  /* a number or a gid */
	const char *checkout;     /* the checkout's token */
	const char *cart;         /* the cart's token */
	const char *resource;     /* ReCharge's: the member that holds the resource */
	const char *account;      /* the customer's id at ReCharge */
	const char *email;        /* NULL for Shopify's usual paths */
	const char *subscription; /* the id of a subscription or contract */
	const char *set_by;       /* not a webhook, but a timer: the topics that set it */
	enum id_form form;        /* of `id` */
	enum privacy privacy;
	bool is_order; /* the payload is a whole order */
	bool is_hint;  /* posted by the browser, not by Shopify */
};

/* The row of a webhook's topic; NULL when the topic is not known. */
const struct topic *topic_find(const char *name);

/* The row of a timer's kind; NULL when there is none. */
const struct topic *topic_of_timer(const char *kind);

/* The id at a path of a payload: the digits of a gid, else the text itself. */
const char *topic_id(const cJSON *payload, const char *path);

/* Why the ids of a payload are not valid, so that its events could not be emitted once; NULL when
 * they are. */
const char *topic_why_unusable(
	const struct topic *topic, const cJSON *payload, struct arena *arena);

/* Whether one of "a|b|c" is the topic. */
bool topic_is_among(const char *names, const char *topic);

#endif
