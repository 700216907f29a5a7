/* The outcome of an attempt by its answer, and the time to wait. Functions without state. */
#ifndef SEGRELAY_SEND_RETRY_H
#define SEGRELAY_SEND_RETRY_H

#include <curl/curl.h>
#include <stdint.h>

enum outcome {
	OUTCOME_SENT,         /* accepted */
	OUTCOME_RETRY,        /* unchanged, later: the network or Segment failed */
	OUTCOME_BISECT,       /* a message is refused: split until it is alone */
	OUTCOME_CONFIG_ERROR, /* any batch would be refused: the key or URL is wrong */
};

/* The outcome of an attempt: `code` is libcurl's result; `status` and `answer` are those of the
 * answer.
 *
 * A status 2xx is a success only with a body that is empty, "OK", or a JSON object without an
 * error. An error is "success" or "ok" with false, a non-empty "errors" or "error", or an error in
 * "status". A proxy's page with status 200 is not a success. The statuses that Segment documents as
 * temporary are retried. 400, 413 and 422 concern the batch's content. Any other status (a refused
 * key, a wrong address) would answer every batch. */
enum outcome retry_classify(CURLcode code, long status, const char *answer);

/* The ms to wait after `failures` (1 or more) failures in a row: full jitter between 0 and an upper
 * bound, which is 0.5 s doubled with each failure, at most 60 s. */
int64_t retry_backoff(int64_t failures);

/* The ms that a Retry-After header asks to wait, at most an hour. The header is a number of seconds
 * or an HTTP date in one of three forms (RFC 9110, 10.2.3 and 5.6.7). -1 when it is neither, or
 * NULL. `now` is in ms since 1970. */
int64_t retry_after(const char *header, int64_t now);

#endif
