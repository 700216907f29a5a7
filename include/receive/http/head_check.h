/* The checks of a request's head: method, path and headers, before the body is read.
 *
 * libmicrohttpd 0.9.75 accepts heads that do not define where a request ends (two lengths, a length
 * and a transfer encoding, names with spaces). Behind a proxy that reads such a head differently, a
 * second request could be smuggled in. So every header is checked, and an ambiguous one is
 * rejected. */
#ifndef SEGRELAY_RECEIVE_HTTP_HEAD_CHECK_H
#define SEGRELAY_RECEIVE_HTTP_HEAD_CHECK_H

#include "base/arena.h"
#include "base/digest.h"
#include "receive/http/outcome.h"
#include "receive/sources/recharge_signature.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	REQUEST_TOPIC_MAX = 128,
	REQUEST_SHOP_MAX = 255,
	REQUEST_ID_MAX = 128,
};

struct route;

/* A part of a head, without surrounding white space; `start` is NULL when it is absent. */
struct span {
	const char *start;
	size_t length;
};

/* A request's head. The spans point into the lines given to request_header. */
struct request_head {
	const char *method;
	const char *path; /* without the query */
	const char *version;
	const struct route *route; /* set by request_check_head; NULL for an unknown path */
	struct span host;
	struct span length;
	struct span encoding;
	struct span content_type;
	struct span topic;
	struct span shop;
	struct span signature;
	struct span webhook_id;
	struct span event_id;
	struct span api_version;
	struct span triggered_at;
	struct span test;
	struct span origin;
	struct span user_agent;
	struct span forwarded_for;
	struct span accept_encoding;
	struct span if_none_match;
	struct span recharge_topic;
	struct span recharge_signature;
	struct span recharge_timestamp;
	struct span recharge_hmac;
	unsigned char claimed[SHA256_SIZE]; /* Shopify's signature, set by the route's check_head */
	struct recharge_claims recharge;    /* ReCharge's */
	bool next_generation;               /* has a header of Shopify's next-generation events */
	const char *problem;                /* the fault found, for the log; NULL for none */
	bool malformed;                     /* the problem is a violation of HTTP */
};

/* Reads one header line: its name, and its value. */
void request_header(struct request_head *head, const struct span *name, const struct span *value);

/* Marks the head as a violation of HTTP. The first problem is kept. */
void request_malformed(struct request_head *head, const char *problem);

/* Checks a head whose lines were all read, by the rules of HTTP and of its route: HTTP_UNDECIDED
 * when the body is to be read. Otherwise sets head->problem. */
enum http_outcome request_check_head(struct request_head *head, int64_t max_body);

/* The maximum size of the body of a checked head. */
int64_t request_most(const struct request_head *head, int64_t max_body);

/* The Content-Length of a head that is not malformed; -1 for a chunked body. */
int64_t request_length(const struct request_head *head);

/* A copy in the arena; NULL when the span is absent or memory is exhausted. */
const char *request_copy(struct arena *arena, const struct span *span);

/* The same for an optional id; also NULL when it is too long or not printable. */
const char *request_copy_id(struct arena *arena, const struct span *span);

/* Whether the span equals this word, ignoring case. */
bool request_says(const struct span *span, const char *word);

/* Whether it has 1 to `most` characters, all letters, digits or one of `others`. */
bool request_consists_of(const struct span *span, const char *others, size_t most);

/* The span without surrounding white space. */
struct span request_trim(const struct span *span);

#endif
