/* The outcomes of a request: its answer, its counter's label and its log line, in one table. */
#ifndef SEGRELAY_RECEIVE_HTTP_OUTCOME_H
#define SEGRELAY_RECEIVE_HTTP_OUTCOME_H

#include <stdbool.h>

enum http_outcome {
	HTTP_STORED,
	HTTP_MALFORMED,
	HTTP_HEADERS,
	HTTP_NEXT_GENERATION,
	HTTP_EMPTY,
	HTTP_UNSIGNED,
	HTTP_SIGNATURE,
	HTTP_UNKNOWN_SHOP,
	HTTP_RECHARGE_TOPIC,
	HTTP_RECHARGE_UNSIGNED,
	HTTP_RECHARGE_SIGNATURE,
	HTTP_RECHARGE_STALE,
	HTTP_RECHARGE_LEGACY,
	HTTP_RECHARGE_FOLLOWED,
	HTTP_RECHARGE_SHOP,
	HTTP_PATH,
	HTTP_METHOD,
	HTTP_TOO_LARGE,
	HTTP_XML,
	HTTP_MEMORY,
	HTTP_STORE_FAILED,
	HTTP_SLOW,
	HTTP_ABORTED,
	HTTP_COLLECTED,
	HTTP_PREFLIGHT,
	HTTP_HINT,
	HTTP_ORIGIN,
	HTTP_RATE,
	HTTP_ROOM,
	HTTP_SERVED,
	HTTP_UNCHANGED,
	HTTP_NO_STOREFRONT,
	HTTP_OUTCOMES,
	HTTP_UNDECIDED = HTTP_OUTCOMES, /* not decided yet */
};

struct http_outcome_facts {
	const char *label;   /* of its counter, and `outcome` in the log */
	unsigned status;     /* 0: no answer, the connection is closed */
	bool close;          /* the connection is closed after the answer */
	const char *answer;  /* the body of the answer */
	const char *message; /* of the log line, NULL for no line */
	const char *reason;  /* the rule that was broken */
	const char *action;  /* see `action` in the log */
};

/* Indexed by enum http_outcome. */
extern const struct http_outcome_facts http_outcomes[HTTP_OUTCOMES];

#endif
