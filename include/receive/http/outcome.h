/* What can become of a request: its answer, its counter's label and its log line, in one table. */
#ifndef SEGRELAY_RECEIVE_HTTP_OUTCOME_H
#define SEGRELAY_RECEIVE_HTTP_OUTCOME_H

#include <stdbool.h>

enum verdict {
	VERDICT_STORED,
	VERDICT_MALFORMED,
	VERDICT_HEADERS,
	VERDICT_NEXT_GENERATION,
	VERDICT_EMPTY,
	VERDICT_UNSIGNED,
	VERDICT_SIGNATURE,
	VERDICT_UNKNOWN_SHOP,
	VERDICT_RECHARGE_TOPIC,
	VERDICT_RECHARGE_UNSIGNED,
	VERDICT_RECHARGE_SIGNATURE,
	VERDICT_RECHARGE_STALE,
	VERDICT_RECHARGE_LEGACY,
	VERDICT_RECHARGE_FOLLOWED,
	VERDICT_RECHARGE_SHOP,
	VERDICT_PATH,
	VERDICT_METHOD,
	VERDICT_TOO_LARGE,
	VERDICT_XML,
	VERDICT_MEMORY,
	VERDICT_STORE,
	VERDICT_SLOW,
	VERDICT_ABORTED,
	VERDICT_COLLECTED,
	VERDICT_PREFLIGHT,
	VERDICT_HINT,
	VERDICT_ORIGIN,
	VERDICT_RATE,
	VERDICT_ROOM,
	VERDICT_SERVED,
	VERDICT_UNCHANGED,
	VERDICT_NO_STOREFRONT,
	VERDICT_COUNT,
	VERDICT_NONE = VERDICT_COUNT, /* not decided yet */
};

struct verdict_facts {
	const char *reason; /* the label of its counter */
	unsigned status;    /* 0: no answer, the connection is cut or gone */
	bool close;         /* the connection is closed after the answer */
	const char *answer; /* the body of the answer */
	const char *log;    /* what the log says, NULL for nothing */
	const char *advice; /* what the operator can do about it, NULL for nothing */
};

/* By enum verdict. */
extern const struct verdict_facts verdicts[VERDICT_COUNT];

#endif
