/* Says in the log why a request was refused, and what can be done about it. */
#ifndef SEGRELAY_RECEIVE_HTTP_REJECTION_LOG_H
#define SEGRELAY_RECEIVE_HTTP_REJECTION_LOG_H

#include "base/log.h"
#include "receive/http/head_check.h"

#include <stddef.h>

struct refusal {
	enum verdict verdict;
	const struct request_head *head; /* NULL when it did not arrive */
	size_t bytes;                    /* of the body that were read */
	size_t secrets;                  /* that were tried */
	const char *because;             /* the store's reason, or NULL */
};

/* Writes the line unless there was one for the same reason lately; the next tells how many were
 * left out. Nothing of the body, of the query, or of the signature. */
void refusal_log(const struct refusal *refusal, struct log_limit *limit);

#endif
