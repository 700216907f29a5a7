/* The checks of a request's head: method, path and headers, before anything of the body is read.
 *
 * libmicrohttpd 0.9.75 lets through what leaves open where a request ends (two lengths, a length
 * beside a transfer encoding, names with spaces): behind a proxy that reads it otherwise, a second
 * request could be smuggled in. So every header is looked at, and what is not plain is refused. */
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

/* A part of a head, without white space around it; `start` is NULL when it is absent. */
struct span {
	const char *start;
	size_t length;
};

/* What a head says. The spans point into the lines that were given to request_header. */
struct request_head {
	const char *method;
	const char *path; /* without the query */
	const char *version;
	const struct route *route; /* once judged; NULL when nothing is at the path */
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
	unsigned char claimed[SHA256_SIZE]; /* Shopify's signature, once judged */
	struct recharge_claims recharge;    /* ReCharge's */
	bool next_generation;               /* has a header of Shopify's next-generation events */
	const char *problem; /* what is wrong with it, for the log; NULL for nothing */
	bool malformed;      /* the problem is one of HTTP */
};

/* Takes one header line: its name, and its value. */
void request_header(struct request_head *head, const struct span *name, const struct span *value);

/* Notes that the head breaks HTTP's rules. The first problem stays. */
void request_malformed(struct request_head *head, const char *problem);

/* Judges a head whose lines have all been taken, by the rules of HTTP and of its route:
 * VERDICT_NONE when the body is to be read. Sets head->problem when something is wrong. */
enum verdict request_judge(struct request_head *head, int64_t max_body);

/* The bytes that the body of a judged head may have. */
int64_t request_most(const struct request_head *head, int64_t max_body);

/* The Content-Length of a head that was not judged malformed; -1 for a chunked body. */
int64_t request_length(const struct request_head *head);

/* A copy in the arena; NULL when the span is absent, or when there is no memory. */
const char *request_copy(struct arena *arena, const struct span *span);

/* The same for what is optional: NULL, too, when it is too long for an id or not printable. */
const char *request_copy_id(struct arena *arena, const struct span *span);

/* Whether the span holds this word, in any case. */
bool request_says(const struct span *span, const char *word);

/* Whether all its characters are letters, digits, or one of `others`, and there are 1 to `most`. */
bool request_consists_of(const struct span *span, const char *others, size_t most);

/* The span without white space around it. */
struct span request_trim(const struct span *span);

#endif
