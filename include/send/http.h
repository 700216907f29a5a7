/* HTTP by libcurl: what every request has in common, and a small client for the verbs. */
#ifndef SEGRELAY_SEND_HTTP_H
#define SEGRELAY_SEND_HTTP_H

#include "base/error.h"
#include "base/text.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	HTTP_ANSWER_MAX = 64 << 10,    /* bytes of an answer that are kept */
	HTTP_ANSWER_LIMIT = 1 << 20,   /* bytes at which an attempt is ended */
	HTTP_CONNECTION_AGE = 50 * 60, /* s after which a connection is not used again */
};

/* A new handle with what all requests have in common: TLS 1.2 at least and verified, no redirects,
 * 5 s to connect, 15 s in all, HTTP/1.1, dead flows noticed within 15 s. NULL when there is no
 * memory. The caller cleans it up. */
CURL *http_handle(void);

/* Milliseconds that a request with a body of so many bytes may take: 15 s, and as long as a slow
 * line needs for the body. */
long http_time_limit(size_t bytes);

/* Sets where a request goes: to another machine by the environment's proxy, if there is one; to
 * this one by none, as http would carry keys to the proxy in clear. */
CURLcode http_aim(CURL *handle, const char *url);

/* A write callback that keeps an answer's first HTTP_ANSWER_MAX bytes in a struct text. */
size_t http_keep(char *bytes, size_t size, size_t count, void *text);

/* Milliseconds that an answer asks to wait before the next request, at most an hour; -1 when it
 * does not. */
int64_t http_asked_to_wait(CURL *handle);

/* Copies the beginning of what a peer wrote, fit for a line of a log: no control characters, and
 * `secret` masked where it is repeated. */
void http_words(const char *from, const char *secret, char *words, size_t size);

struct http_call {
	const char *method;
	const char *url;
	const char *unix_socket;    /* the path of one to connect to, NULL for the URL's host */
	const char *const *headers; /* "Name: value", ends with NULL; NULL for none */
	const void *body;           /* NULL for none */
	size_t body_length;
	bool is_outside; /* false: by no proxy, wherever it goes */
	/* For an answer that may take its time: there is no limit, and this is called about once a
	 * second with the seconds so far. NULL: 15 s in all. */
	void (*on_wait)(int64_t seconds);
};

/* Starts as {0}; the caller frees the body. */
struct http_answer {
	long status;
	bool is_unreachable; /* no connection: nothing was asked */
	int64_t wait;        /* see http_asked_to_wait */
	struct text body;    /* the whole, as a verb needs it */
};

/* Makes a request and waits for its answer: 0, or -1 with the reason when there was none. */
int http_request(const struct http_call *call, struct http_answer *answer, struct error *error);

#endif
