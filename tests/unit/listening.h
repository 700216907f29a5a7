/* For the tests of the public listener: an engine that does what the test says, a listener with a
 * shop, and clients over real sockets. Every wait is bounded: a test fails rather than hangs. */
#ifndef SEGRELAY_TESTS_LISTENING_H
#define SEGRELAY_TESTS_LISTENING_H

#include "unit.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "receive/http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHOP "blue-kettle.myshopify.com"
#define SECRET "hush-of-the-app"
#define OTHER_SECRET "hush-of-the-admin"
#define BODY "{\"id\":820982911946154508,\"note\":\"caf\\u00e9\"}"
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

enum { PATIENCE = 40 * SECOND, ANSWER_MAX = 4096 };

/* ---- an engine for tests ---- */

struct engine {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct task *first; /* oldest */
	struct task **last;
	bool holding; /* keeps what is submitted waiting */
	bool failing;
	bool refusing;
	bool stopping;
	int submitted;
	int applied;
	int voided;       /* turns, as a request failed */
	struct text seen; /* what was applied, a line each */
};

static struct engine engine;

void engine_submit(struct engine *it, struct task *task)
{
	(void)pthread_mutex_lock(&it->lock);
	task->next = NULL;
	*it->last = task;
	it->last = &task->next;
	it->submitted++;
	(void)pthread_cond_broadcast(&it->changed);
	(void)pthread_mutex_unlock(&it->lock);
}

bool engine_refuses(struct engine *it, struct error *reason)
{
	bool refusing;

	(void)pthread_mutex_lock(&it->lock);
	refusing = it->refusing;
	(void)pthread_mutex_unlock(&it->lock);
	if (refusing)
		(void)error_set(reason, "the disk is full");
	return refusing;
}

enum { SEEN = 24 }; /* bytes of a body */

/* Called with the lock held. */
int engine_apply(
	struct engine *it, struct delivery *delivery, const struct shop *shop, struct error *error)
{
	char fingerprint[SHA256_BASE64];

	if (it->failing)
		return error_set(error, "the disk is broken");
	digest_base64(delivery->fingerprint, fingerprint);
	text_format(&it->seen, "%s|%s|%s|%s|%s|%s|%s|%d|%.*s|%zu|%.20s\n", shop->domain,
		delivery->shop, delivery->topic,
		delivery->webhook_id != NULL ? delivery->webhook_id : "-",
		delivery->event_id != NULL ? delivery->event_id : "-",
		delivery->api_version != NULL ? delivery->api_version : "-",
		delivery->triggered_at != NULL ? delivery->triggered_at : "-", delivery->test,
		delivery->body_length < SEEN ? (int)delivery->body_length : SEEN, delivery->body,
		delivery->body_length, fingerprint);
	it->applied++;
	return 0;
}

static inline void carry_out(struct engine *it, struct task *task)
{
	struct error error = {.text = ""};

	while (task != NULL) {
		struct task *next = task->next;
		int result = task->run(it, task, &error);

		it->voided += result != 0;
		task->done(task, result, result == 0 ? NULL : &error);
		task = next;
	}
}

static inline void *run_engine(void *context)
{
	struct engine *it = context;

	(void)pthread_mutex_lock(&it->lock);
	while (!it->stopping || it->first != NULL) {
		struct task *group = it->first;

		if (group == NULL || (it->holding && !it->stopping)) {
			(void)pthread_cond_wait(&it->changed, &it->lock);
			continue;
		}
		it->first = NULL;
		it->last = &it->first;
		carry_out(it, group);
	}
	(void)pthread_mutex_unlock(&it->lock);
	return NULL;
}

static inline void set(bool *flag, bool value)
{
	(void)pthread_mutex_lock(&engine.lock);
	*flag = value;
	(void)pthread_cond_broadcast(&engine.changed);
	(void)pthread_mutex_unlock(&engine.lock);
}

static inline int count_of(const int *counter)
{
	int count;

	(void)pthread_mutex_lock(&engine.lock);
	count = *counter;
	(void)pthread_mutex_unlock(&engine.lock);
	return count;
}

static inline void await(const int *counter, int expected)
{
	int64_t end = clock_monotonic() + PATIENCE;

	while (count_of(counter) < expected) {
		if (clock_monotonic() > end)
			fail_msg("%d instead of %d", count_of(counter), expected);
		(void)usleep(1000);
	}
}

/* ---- a listener with a shop ---- */

static char *secrets[] = {SECRET, OTHER_SECRET};
static struct shop shops[] = {
	{.domain = SHOP, .secrets = {.items = secrets, .count = 2}},
};
static struct config config;
static struct listener *listener;
static int port;

static inline void defaults(void)
{
	static char address[] = "127.0.0.1:0";

	config = (struct config){
		.listen = address,
		.max_body = 1024 * 1024,
		.max_in_memory = 64 * 1024 * 1024,
		.max_connections = 512,
		.http_threads = 1,
		.request_timeout = 10 * SECOND,
		.idle_timeout = 60 * SECOND,
		.shops = shops,
		.shop_count = 1,
		.references = 1,
	};
}

static inline void start(void)
{
	struct error error = {.text = ""};

	if (listener_start(&engine, &config, &listener, &port, &error) != 0)
		fail_msg("%s", error.text);
}

static inline int set_up(void **state)
{
	(void)state;
	log_configure(LOG_ERROR, LOG_TEXT);
	defaults();
	engine = (struct engine){.last = &engine.first};
	(void)pthread_mutex_init(&engine.lock, NULL);
	(void)pthread_cond_init(&engine.changed, NULL);
	return pthread_create(&engine.thread, NULL, run_engine, &engine);
}

static inline int tear_down(void **state)
{
	(void)state;
	set(&engine.holding, false);
	listener_stop(listener, SECOND); /* a client that left may have sent something: the engine
					  * answers until then */
	listener = NULL;
	set(&engine.stopping, true);
	(void)pthread_join(engine.thread, NULL);
	clock_hold(TIME_UNKNOWN);
	text_free(&engine.seen);
	(void)pthread_mutex_destroy(&engine.lock);
	(void)pthread_cond_destroy(&engine.changed);
	return config.references == 1 ? 0 : -1; /* every reference was given back */
}

/* ---- a client ---- */

static inline int open_connection(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct timeval patience = {.tv_sec = PATIENCE / SECOND};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline void write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t written = send(fd, at, length, MSG_NOSIGNAL);

		assert_true(written > 0);
		at += written;
		length -= (size_t)written;
	}
}

/* Reads one answer, and nothing after it. Returns its status, or 0 when the connection ended
 * before. The answer is a string. */
static inline int read_answer(int fd, char answer[ANSWER_MAX])
{
	size_t length = 0;
	size_t expected = ANSWER_MAX;

	while (length < expected) {
		char *end;

		assert_true(length < ANSWER_MAX - 1);
		if (recv(fd, answer + length, 1, 0) != 1)
			return 0;
		answer[++length] = '\0';
		end = length >= 4 && expected == ANSWER_MAX ? strstr(answer, "\r\n\r\n") : NULL;
		if (end != NULL) {
			const char *field = strstr(answer, "Content-Length: ");

			expected = length;
			if (field != NULL)
				expected += (size_t)strtol(field + 16, NULL, 10);
		}
	}
	return (int)strtol(answer + strlen("HTTP/1.1 "), NULL, 10);
}

static inline bool has_ended(int fd)
{
	char byte;
	ssize_t result = recv(fd, &byte, 1, 0);

	return result == 0 || (result < 0 && errno == ECONNRESET);
}

static inline void add_signature(
	struct text *request, const char *secret, const char *body, size_t length)
{
	unsigned char digest[SHA256_SIZE];
	char text[SHA256_BASE64];

	assert_int_equal(digest_hmac(secret, strlen(secret), body, length, digest), 0);
	digest_base64(digest, text);
	text_format(request, "X-Shopify-Hmac-Sha256: %s\r\n", text);
}

/* A request up to its last header. */
static inline void add_head(
	struct text *request, const char *secret, const char *body, size_t length)
{
	text_put(request, "POST /webhooks/shopify?from=test HTTP/1.1\r\nHost: relay.example\r\n"
			  "Content-Type: application/json\r\n"
			  "X-Shopify-Topic: orders/create\r\nX-Shopify-Shop-Domain: " SHOP "\r\n");
	add_signature(request, secret, body, length);
}

static inline void add_webhook(
	struct text *request, const char *secret, const char *body, size_t length)
{
	add_head(request, secret, body, length);
	text_format(request, "Content-Length: %zu\r\n\r\n", length);
	text_add(request, body, length);
}

static inline void send_webhook(int fd)
{
	struct text request = {0};

	add_webhook(&request, SECRET, BODY, strlen(BODY));
	write_all(fd, request.data, request.length);
	text_free(&request);
}

static inline int answer_to(int fd, const struct text *request, char answer[ANSWER_MAX])
{
	write_all(fd, request->data, request->length);
	return read_answer(fd, answer);
}

/* Waits until the metrics have a line: a connection's end is counted a moment after the client sees
 * it. */
static inline void expect_metric(const char *line)
{
	int64_t end = clock_monotonic() + PATIENCE;
	struct text text = {0};

	do {
		text_cut(&text, 0);
		listener_metrics(listener, &text);
		if (strstr(text_string(&text), line) != NULL) {
			text_free(&text);
			return;
		}
		(void)usleep(1000);
	} while (clock_monotonic() < end);
	fail_msg("no `%s` in\n%s", line, text_string(&text));
}

#endif
