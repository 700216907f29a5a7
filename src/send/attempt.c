/* One request to Segment, from its body to its answer. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/gzip.h"
#include "send/suspects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A handle that was used before keeps its connection. */
static struct attempt *take_spare(struct sender *sender)
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

/* Retries say which they are; the first attempt does not (as Segment's libraries do). */
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

	batch_write(attempt->batch, attempt->options, clock_now(), &attempt->body);
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

/* Keeps an answer's beginning. libcurl ends the transfer when less than all is taken; it bounds the
 * head itself (300 KB). */
static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct attempt *attempt = context;

	attempt->answered += size * count;
	return attempt->answered <= HTTP_ANSWER_LIMIT
		       ? http_keep(bytes, size, count, &attempt->answer)
		       : 0;
}

/* The Tracking API takes the write key as a user's name, the Public API its token as a bearer's. A
 * handle may have served the other before. */
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
	code = url.failed ? CURLE_OUT_OF_MEMORY : http_aim(handle, text_string(&url));
	text_free(&url);
	if (code == CURLE_OK)
		code = authorize(handle, options);
	if (code != CURLE_OK)
		return false;
	(void)curl_easy_setopt(handle, CURLOPT_POSTFIELDS, attempt->body.data);
	(void)curl_easy_setopt(
		handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)attempt->body.length);
	(void)curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
		time_limit_of(attempt->target, attempt->batch, attempt->body.length));
	(void)curl_easy_setopt(handle, CURLOPT_HTTPHEADER, attempt->headers);
	attempt->answered = 0;
	(void)curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(handle, CURLOPT_WRITEDATA, attempt);
	(void)curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, attempt->reason);
	(void)curl_easy_setopt(handle, CURLOPT_PRIVATE, attempt);
	connections_choose(attempt);
	return true;
}

CURLcode attempt_go_on(struct attempt *attempt)
{
	CURLcode code = aim_look_up(attempt);

	if (code != CURLE_OK)
		return code;
	(void)curl_easy_setopt(attempt->handle, CURLOPT_RESOLVE, attempt->resolved);
	if (curl_multi_add_handle(attempt->target->sender->multi, attempt->handle) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	attempt->is_posted = true;
	return CURLE_OK;
}

bool attempt_start(struct target *target, struct batch *batch)
{
	struct sender *sender = target->sender;
	struct attempt *attempt = take_spare(sender);
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (attempt == NULL)
		return false;
	attempt->target = target;
	attempt->batch = batch;
	attempt->config = config_share(target->config);
	attempt->options = target->options;
	attempt->started = clock_monotonic();
	attempt->failures = target->failures;
	attempt->is_posted = false;
	if (prepare(attempt)) {
		aim_find(attempt);
		code = attempt_go_on(attempt);
	}
	if (code != CURLE_OK && attempt->host == NULL) {
		attempt_free(sender, attempt);
		return false;
	}
	if (code != CURLE_OK && code != CURLE_AGAIN) /* it ends in the loop */
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

/* All but the handle, which keeps its settings for another attempt. */
static void clear(struct attempt *attempt)
{
	curl_slist_free_all(attempt->headers);
	attempt->headers = NULL;
	curl_slist_free_all(attempt->resolved);
	attempt->resolved = NULL;
	curl_free(attempt->host);
	attempt->host = NULL;
	text_free(&attempt->body); /* up to 475 KB: not kept for what may come */
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

		tally_in_flight(attempt->target, -1);
		batch_free(attempt->batch);
		destroy(attempt);
	}
	while (sender->spare != NULL) {
		struct attempt *attempt = sender->spare;

		sender->spare = attempt->next;
		destroy(attempt);
	}
}

void attempt_words(const struct attempt *attempt, CURLcode code, char words[ANSWER_WORDS + 1])
{
	const char *whole = text_string(&attempt->answer);

	if (attempt->answered > HTTP_ANSWER_LIMIT)
		whole = "the answer is longer than 1 MiB";
	else if (code != CURLE_OK)
		whole = attempt->reason[0] != '\0' ? attempt->reason : curl_easy_strerror(code);
	http_words(whole, attempt->options->write_key, words, ANSWER_WORDS + 1);
}
