/* What becomes of a batch by its answer, and how long to wait. Pure functions. */
#ifndef SEGRELAY_SEND_RETRY_H
#define SEGRELAY_SEND_RETRY_H

#include <curl/curl.h>
#include <stdint.h>

enum outcome {
	OUTCOME_SENT,  /* accepted */
	OUTCOME_RETRY, /* later, as it is: a fault of the network or of Segment */
	OUTCOME_SPLIT, /* something in it is refused: in halves, until it stands alone */
	OUTCOME_HOLD,  /* refused whatever is in it: a fault of the configuration */
};

/* The outcome of an attempt: curl's result, and with an answer its status and body.
 *
 * 2xx counts only with an answer as Segment gives it, "OK", or none: an object that says no
 * ("success" or "ok" is false, "errors" or "error" holds something, "status" is an error) is not
 * acceptance, nor is a proxy's page with status 200. What Segment documents as to be retried is;
 * 400, 413 and 422 speak of the batch's content. Everything else (a refused key, a wrong address)
 * would be answered to any batch. */
enum outcome retry_classify(CURLcode code, long status, const char *answer);

/* Milliseconds to wait after `failures` (1 and up) attempts in a row failed: full jitter between 0
 * and 0.5 s doubled each time, at most 60 s. */
int64_t retry_backoff(int64_t failures);

/* Milliseconds that a Retry-After header asks to wait, as seconds or as an HTTP date in any of the
 * three forms (RFC 9110, 10.2.3 and 5.6.7), at most an hour; -1 when it is neither, or NULL. */
int64_t retry_after(const char *header, int64_t now);

#endif
