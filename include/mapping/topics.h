/* Topics: where each topic's payload names what it is about. */
#ifndef SEGRELAY_MAPPING_TOPICS_H
#define SEGRELAY_MAPPING_TOPICS_H

#include "mapping/mapping.h"

/* What an id looks like: digits, or `gid://shopify/Customer/` and digits; a token is any text. */
enum id_form { ID_NONE, ID_DIGITS, ID_TOKEN };

/* Paths into a payload; NULL where it has no such thing. */
struct topic {
	const char *names; /* one, or several with "|" between */
	const char *id;    /* without it nothing could be told once: such a payload is unusable */
	const char *order;
	const char *customer;    /* the customer as an object, "." for the payload */
	const char *customer_id; /* a number or a gid */
	const char *checkout;    /* the checkout's token */
	const char *cart;        /* the cart's token */
	const char *set_by;      /* no webhook, but a timer of ours: the topics that set it */
	enum id_form form;       /* of `id` */
	enum privacy privacy;
	bool is_order; /* the payload is a whole order */
	bool is_hint;  /* the browser's words, not Shopify's */
};

/* The row of a webhook's topic, NULL when nothing is known of it. */
const struct topic *topic_find(const char *name);

/* The row of a timer's kind; NULL when there is none. */
const struct topic *topic_of_timer(const char *kind);

/* The id at a path of a payload: the digits of a gid, else the text itself. */
const char *topic_id(const cJSON *payload, const char *path);

/* Whether one of "a|b|c" is the topic. */
bool topic_is_among(const char *names, const char *topic);

#endif
