/* Logs why a request was rejected, and the remedy. */
#ifndef SEGRELAY_RECEIVE_HTTP_REJECTION_LOG_H
#define SEGRELAY_RECEIVE_HTTP_REJECTION_LOG_H

#include "base/log.h"
#include "receive/http/head_check.h"

#include <stddef.h>

struct rejection {
	enum http_outcome outcome;
	const struct request_head *head; /* NULL when it did not arrive completely */
	size_t bytes;                    /* of the body that were received */
	size_t secrets;                  /* that were compared with the signature */
	const char *detail;              /* more about the reason, or NULL */
};

/* Writes a line, at most one for each outcome in ten seconds; the next one counts those left out as
 * `suppressed`. Contains nothing of the body, the query or the signature. */
void rejection_log(const struct rejection *rejection, struct log_limit *limit);

#endif
