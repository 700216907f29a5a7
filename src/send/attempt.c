/* One request to Segment, from the body to the answer. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/gzip.h"
#include "send/send_metrics.h"
#include "send/suspects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A reused handle keeps its connection. */
static struct attempt *reuse_handle(struct sender *sender)
{
	struct attempt *attempt = sender->spare;

	if (attempt != NULL) {
		sender->spare = attempt->next;
		return attempt;
	}
	attempt = calloc(1, sizeof(*attempt));
	if (attempt == NULL)
		return NULL;
	attempt->handle = http_handle();
	if (attempt->handle == NULL) {
		free(attempt);
		return NULL;
	}
	return attempt;
}

static bool add_header(struct attempt *attempt, const char *header)
{
	struct curl_slist *more = curl_slist_append(attempt->headers, header);

	if (more == NULL)
		return false;
	attempt->headers = more;
	return true;
}

/* Retries have an X-Retry-Count, as in Segment's libraries. */
static bool make_headers(struct attempt *attempt)
{
	char count[40];

	(void)snprintf(
		count, sizeof(count), "X-Retry-Count: %lld", (long long)attempt->batch->attempts);
	return add_header(attempt, "Content-Type: application/json") &&
	       add_header(attempt, "Expect:") &&
	       (!attempt->options->gzip || add_header(attempt, "Content-Encoding: gzip")) &&
	       (attempt->batch->attempts == 0 || add_header(attempt, count));
}

static bool make_body(struct attempt *attempt)
{
	struct text compressed = {0};

	batch_write(attempt->batch, attempt->options, clock_offset_sent_at(attempt->lane),
		&attempt->body);
	if (attempt->body.failed)
		return false;
	if (!attempt->options->gzip)
		return true;
	if (gzip_compress(attempt->body.data, attempt->body.length, GZIP_FAST, &compressed) != 0) {
		text_free(&compressed);
		return false;
	}
	text_free(&attempt->body);
	attempt->body = compressed;
	return true;
}

/* Stores the beginning of an answer. libcurl aborts the transfer when the result is not the full
 * size. libcurl itself limits the head to 300 KB. */
static size_t write_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct attempt *attempt = context;

	attempt->answered += size * count;
	return attempt->answered <= HTTP_ANSWER_LIMIT
		       ? http_keep(bytes, size, count, &attempt->answer)
		       : 0;
}

/* The Tracking API expects the write key as a user name, the Public API a bearer token. The handle
 * may have been used for the other API before. */
static CURLcode authorize(CURL *handle, const struct destination *options)
{
	const char *user = options->deletes ? NULL : options->write_key;
	CURLcode code = curl_easy_setopt(handle, CURLOPT_USERNAME, user);

	if (code == CURLE_OK)
		code = curl_easy_setopt(handle, CURLOPT_PASSWORD, options->deletes ? NULL : "");
	if (code == CURLE_OK)
		code = curl_easy_setopt(handle, CURLOPT_XOAUTH2_BEARER,
			options->deletes ? options->write_key : NULL);
	if (code == CURLE_OK)
		code = curl_easy_setopt(handle, CURLOPT_HTTPAUTH,
			(long)(options->deletes ? CURLAUTH_BEARER : CURLAUTH_BASIC));
	return code;
}

static bool prepare(struct attempt *attempt)
{
	const struct destination *options = attempt->options;
	struct text url = {0};
	CURL *handle = attempt->handle;
	CURLcode code;

	if (!make_headers(attempt) || !make_body(attempt))
		return false;
	text_format(&url, options->deletes ? "%s" : "%s/v1/batch", options->url);
	attempt->reason[0] = '\0';
	code = url.failed ? CURLE_OUT_OF_MEMORY : http_set_url(handle, text_string(&url));
	text_free(&url);
	if (code == CURLE_OK)
		code = authorize(handle, options);
	if (code != CURLE_OK)
		return false;
	(void)curl_easy_setopt(handle, CURLOPT_POSTFIELDS, attempt->body.data);
	(void)curl_easy_setopt(
		handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)attempt->body.length);
	(void)curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
		time_limit_of(attempt->lane, attempt->batch, attempt->body.length));
	(void)curl_easy_setopt(handle, CURLOPT_HTTPHEADER, attempt->headers);
	attempt->answered = 0;
	(void)curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, write_answer);
	(void)curl_easy_setopt(handle, CURLOPT_WRITEDATA, attempt);
	(void)curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, attempt->reason);
	(void)curl_easy_setopt(handle, CURLOPT_PRIVATE, attempt);
	connections_choose(attempt);
	return true;
}

CURLcode attempt_continue(struct attempt *attempt)
{
	CURLcode code = lookup_poll(attempt);

	if (code != CURLE_OK)
		return code;
	(void)curl_easy_setopt(attempt->handle, CURLOPT_RESOLVE, attempt->resolved);
	if (curl_multi_add_handle(attempt->lane->sender->multi, attempt->handle) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	attempt->is_posted = true;
	return CURLE_OK;
}

bool attempt_start(struct lane *lane, struct batch *batch)
{
	struct sender *sender = lane->sender;
	struct attempt *attempt = reuse_handle(sender);
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (attempt == NULL)
		return false;
	attempt->lane = lane;
	attempt->batch = batch;
	attempt->config = config_share(lane->config);
	attempt->options = lane->options;
	attempt->started = clock_monotonic();
	attempt->failures = lane->failures;
	attempt->is_posted = false;
	if (prepare(attempt)) {
		lookup_find_host(attempt);
		code = attempt_continue(attempt);
	}
	if (code != CURLE_OK && attempt->host == NULL) {
		attempt_free(sender, attempt);
		return false;
	}
	if (code != CURLE_OK && code != CURLE_AGAIN) /* transfers_run ends it */
		(void)curl_multi_wakeup(sender->multi);
	batch->attempts++;
	attempt->next = sender->attempts;
	sender->attempts = attempt;
	return true;
}

struct attempt *attempt_end(struct sender *sender, CURL *handle)
{
	struct attempt **at = &sender->attempts;
	struct attempt *attempt;

	while (*at != NULL && (*at)->handle != handle)
		at = &(*at)->next;
	attempt = *at;
	if (attempt == NULL)
		return NULL;
	*at = attempt->next;
	attempt->next = NULL;
	(void)curl_multi_remove_handle(sender->multi, handle);
	return attempt;
}

/* Frees everything but the handle, which keeps its settings. */
static void clear(struct attempt *attempt)
{
	curl_slist_free_all(attempt->headers);
	attempt->headers = NULL;
	curl_slist_free_all(attempt->resolved);
	attempt->resolved = NULL;
	curl_free(attempt->host);
	attempt->host = NULL;
	text_free(&attempt->body); /* up to 475 KB: not kept for the next attempt */
	text_free(&attempt->answer);
	config_release(attempt->config);
	attempt->config = NULL;
	attempt->options = NULL;
	attempt->batch = NULL;
}

void attempt_free(struct sender *sender, struct attempt *attempt)
{
	clear(attempt);
	attempt->next = sender->spare;
	sender->spare = attempt;
}

static void destroy(struct attempt *attempt)
{
	clear(attempt);
	curl_easy_cleanup(attempt->handle);
	free(attempt);
}

void attempt_abort_all(struct sender *sender)
{
	while (sender->attempts != NULL) {
		struct attempt *attempt = attempt_end(sender, sender->attempts->handle);

		send_metrics_in_flight(attempt->lane, -1);
		batch_free(attempt->batch);
		destroy(attempt);
	}
	while (sender->spare != NULL) {
		struct attempt *attempt = sender->spare;

		sender->spare = attempt->next;
		destroy(attempt);
	}
}

void attempt_excerpt(const struct attempt *attempt, CURLcode code, char excerpt[EXCERPT_MAX + 1])
{
	const char *whole = text_string(&attempt->answer);

	if (attempt->answered > HTTP_ANSWER_LIMIT)
		whole = "the answer is longer than 1 MiB";
	else if (code != CURLE_OK)
		whole = attempt->reason[0] != '\0' ? attempt->reason : curl_easy_strerror(code);
	http_excerpt(whole, attempt->options->write_key, excerpt, EXCERPT_MAX + 1);
}
