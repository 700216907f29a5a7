/* HTTP requests by libcurl: common settings, and a small client for the commands. */
#ifndef SEGRELAY_SEND_HTTP_H
#define SEGRELAY_SEND_HTTP_H

#include "base/error.h"
#include "base/text.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	HTTP_ANSWER_MAX = 64 << 10,    /* bytes of an answer that are stored */
	HTTP_ANSWER_LIMIT = 1 << 20,   /* bytes of an answer that end an attempt */
	HTTP_CONNECTION_AGE = 50 * 60, /* s after which a connection is not used again */
};

/* Creates a handle with the common settings: TLS 1.2 or later, verified; no redirects; 5 s to
 * connect, 15 s in all; HTTP/1.1; dead flows are detected within 15 s. NULL without memory. The
 * caller frees it by curl_easy_cleanup. */
CURL *http_handle(void);

/* The time limit of a request with a body of `bytes`, in ms: 15 s, plus the time that a slow line
 * needs for the body. */
long http_time_limit(size_t bytes);

/* Sets the URL of a request. Requests to another machine use the environment's proxy. Requests to
 * this machine use none, because plain http would show the keys to the proxy. */
CURLcode http_set_url(CURL *handle, const char *url);

/* A write callback that stores an answer's first HTTP_ANSWER_MAX bytes in a struct text. */
size_t http_keep(char *bytes, size_t size, size_t count, void *text);

/* The ms that an answer asks to wait (Retry-After, X-RateLimit-Reset), at most an hour; -1 when it
 * does not ask. */
int64_t http_retry_wait(CURL *handle);

/* Copies the beginning of a peer's text, safe to log: control characters are replaced by spaces,
 * and `secret` is masked. */
void http_excerpt(const char *from, const char *secret, char *excerpt, size_t size);

struct http_call {
	const char *method;
	const char *url;
	const char *unix_socket;    /* path of the socket, NULL for the URL's host */
	const char *const *headers; /* "Name: value", ends with NULL; NULL for none */
	const void *body;           /* NULL for none */
	size_t body_length;
	bool is_outside; /* false: never by a proxy */
	/* Called about once a second with the seconds so far; then there is no time limit. NULL for
	 * a limit of 15 s. */
	void (*on_wait)(int64_t seconds);
};

/* Starts as {0}; the caller frees the body. */
struct http_answer {
	long status;
	bool is_unreachable; /* no connection: the request was not sent */
	int64_t wait;        /* see http_retry_wait */
	struct text body;    /* complete */
};

/* Sends a request and waits for its answer. 0, or -1 with the reason when there was no answer. */
int http_request(const struct http_call *call, struct http_answer *answer, struct error *error);

#endif
