/* HTTP by libcurl: what every request has in common, and a small client for the verbs. */
#ifndef SEGRELAY_SEND_HTTP_H
#define SEGRELAY_SEND_HTTP_H

#include "base/error.h"
#include "base/text.h"

#include <curl/curl.h>

enum { HTTP_ANSWER_MAX = 64 << 10 };

/* A new handle with what all requests have in common: TLS 1.2 at least and verified, no redirects,
 * 5 s to connect, 15 s in all, HTTP/2 where offered. NULL when there is no memory. The caller
 * cleans it up. */
CURL *http_handle(void);

/* A write callback that keeps an answer's first HTTP_ANSWER_MAX bytes in a struct text. */
size_t http_keep(char *bytes, size_t size, size_t count, void *text);

struct http_call {
	const char *method;
	const char *url;
	const char *const *headers; /* "Name: value", ends with NULL; NULL for none */
	const void *body;           /* NULL for none */
	size_t body_length;
};

/* Makes a request and waits for its answer: 0 with status and (beginning of the) body, which the
 * caller frees; -1 with the reason when there was no answer. */
int http_request(
	const struct http_call *call, long *status, struct text *answer, struct error *error);

#endif
