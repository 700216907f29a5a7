/* HTTP requests by libcurl: common settings, and a small client for the commands. */
#include "send/http.h"

#include "base/clock.h"
#include "config/values.h"
#include "send/retry.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	CONNECT_SECONDS = 5,
	WHOLE_SECONDS = 15,
	LINE_RATE = 8 << 10, /* bytes per second of the slowest line that is supported */
	FLOW_MS = 15000,     /* maximum time that sent bytes may stay unacknowledged */
	KEEPALIVE_AFTER = 30,
	KEEPALIVE_EVERY = 10,
	WHOLE_ANSWER_MAX = 1 << 30, /* a dead letter with a body of max_body, escaped */
};

static void setup(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* The kernel closes a connection whose peer acknowledges nothing. */
static int limit_silence(void *context, curl_socket_t socket, curlsocktype purpose)
{
	const unsigned int limit = FLOW_MS;

	(void)context, (void)purpose;
	(void)setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof(limit));
	return CURL_SOCKOPT_OK;
}

/* Keep-alive probes keep idle flows in the tables of firewalls, and detect dropped flows. */
static void keep_alive(CURL *handle)
{
	(void)curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_AFTER);
	(void)curl_easy_setopt(handle, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_EVERY);
	(void)curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, limit_silence);
}

CURL *http_handle(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	CURL *handle;

	(void)pthread_once(&once, setup);
	handle = curl_easy_init();
	if (handle == NULL)
		return NULL;
	(void)curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	/* A name server that hangs must not delay other destinations or the stop. */
	(void)curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
	(void)curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	(void)curl_easy_setopt(handle, CURLOPT_TIMEOUT, (long)WHOLE_SECONDS);
	(void)curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* Segment's addresses change; its documentation asks clients to look them up again. */
	(void)curl_easy_setopt(handle, CURLOPT_MAXLIFETIME_CONN, (long)HTTP_CONNECTION_AGE);
	keep_alive(handle);
	(void)curl_easy_setopt(handle, CURLOPT_USERAGENT, "segrelay/" SEGRELAY_VERSION);
	(void)curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, http_keep);
	return handle;
}

long http_time_limit(size_t bytes)
{
	return (long)(WHOLE_SECONDS * SECOND + bytes * (size_t)SECOND / LINE_RATE);
}

CURLcode http_set_url(CURL *handle, const char *url)
{
	const char *proxy = value_is_loopback(url) ? "" : NULL; /* NULL: the environment's proxy */
	CURLcode code = curl_easy_setopt(handle, CURLOPT_URL, url);

	return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_PROXY, proxy) : code;
}

/* Stores the first `most` bytes of an answer; the rest is read and discarded. Without memory the
 * transfer fails. */
static size_t keep(struct text *answer, const char *bytes, size_t length, size_t most)
{
	size_t room = most - answer->length;

	text_add(answer, bytes, length < room ? length : room);
	return answer->failed ? 0 : length;
}

size_t http_keep(char *bytes, size_t size, size_t count, void *text)
{
	return keep(text, bytes, size * count, HTTP_ANSWER_MAX);
}

static size_t keep_whole(char *bytes, size_t size, size_t count, void *text)
{
	return keep(text, bytes, size * count, WHOLE_ANSWER_MAX);
}

int64_t http_retry_wait(CURL *handle)
{
	static const char *const names[] = {"Retry-After", "X-RateLimit-Reset"};
	struct curl_header *header;
	int64_t wait = -1;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && wait < 0; i++)
		if (curl_easy_header(handle, names[i], 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
			wait = retry_after(header->value, clock_now());
	return wait;
}

/* Overwrites each occurrence of a secret. */
static void mask(char *text, const char *secret)
{
	size_t length = strlen(secret);
	char *at = text;

	while (length > 0 && (at = strstr(at, secret)) != NULL) {
		memset(at, '*', length);
		at += length;
	}
}

void http_excerpt(const char *from, const char *secret, char *excerpt, size_t size)
{
	char whole[1024];

	(void)snprintf(whole, sizeof(whole), "%s", from);
	mask(whole, secret);
	for (char *at = whole; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || (unsigned char)*at >= 0x7f)
			*at = ' ';
	(void)snprintf(excerpt, size, "%.*s", (int)size - 1, whole);
}

static struct curl_slist *make_headers(const char *const *headers)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (; headers != NULL && *headers != NULL && list != NULL; headers++) {
		struct curl_slist *more = curl_slist_append(list, *headers);

		if (more == NULL) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = more;
	}
	return list;
}

struct wait_report {
	void (*on_wait)(int64_t seconds);
	int64_t since; /* ms of the monotonic clock */
};

static int count_seconds(
	void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	const struct wait_report *report = context;

	(void)down_total, (void)down, (void)up_total, (void)up;
	report->on_wait((clock_monotonic() - report->since) / SECOND);
	return 0;
}

static void report_waiting(CURL *handle, const struct wait_report *report)
{
	(void)curl_easy_setopt(handle, CURLOPT_TIMEOUT, 0L);
	(void)curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, count_seconds);
	(void)curl_easy_setopt(handle, CURLOPT_XFERINFODATA, report);
}

static void prepare(CURL *handle, const struct http_call *call, const struct curl_slist *headers,
	struct http_answer *answer)
{
	(void)http_set_url(handle, call->url);
	(void)curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call->method);
	(void)curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, keep_whole);
	(void)curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer->body);
	if (call->unix_socket != NULL)
		(void)curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, call->unix_socket);
	if (!call->is_outside)
		(void)curl_easy_setopt(handle, CURLOPT_PROXY, "");
	if (call->body == NULL)
		return;
	(void)curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call->body);
	(void)curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_length);
}

int http_request(const struct http_call *call, struct http_answer *answer, struct error *error)
{
	char reason[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = make_headers(call->headers);
	CURL *handle = http_handle();
	const struct wait_report report = {call->on_wait, clock_monotonic()};
	CURLcode code = CURLE_OUT_OF_MEMORY;

	answer->status = 0;
	answer->wait = -1;
	if (handle != NULL && headers != NULL) {
		prepare(handle, call, headers, answer);
		if (report.on_wait != NULL)
			report_waiting(handle, &report);
		(void)curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason);
		code = curl_easy_perform(handle);
		(void)curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer->status);
		answer->wait = http_retry_wait(handle);
	}
	answer->is_unreachable = code == CURLE_COULDNT_CONNECT;
	curl_easy_cleanup(handle);
	curl_slist_free_all(headers);
	if (code == CURLE_OK && !answer->body.failed)
		return 0;
	return error_set(
		error, "%s: %s", call->url, reason[0] != '\0' ? reason : curl_easy_strerror(code));
}
