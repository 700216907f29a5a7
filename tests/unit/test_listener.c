/* The public listener over real sockets, with an engine that does what the test says.
 *
 * Every wait is bounded: a test fails rather than hangs. */
#include "unit.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "receive/listener.h"

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

enum { PATIENCE = 10 * SECOND, ANSWER_MAX = 4096, MANY = 300 };

/* ---- an engine for tests ---- */

struct engine {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct request *first; /* oldest */
	struct request **last;
	bool holding; /* keeps what is submitted waiting */
	bool failing;
	bool refusing;
	bool stopping;
	int submitted;
	int applied;
	struct text seen;    /* what was applied, a line each */
	struct text problem; /* of the last delivery without a payload */
};

static struct engine engine;

void engine_submit(struct engine *it, struct request *request)
{
	(void)pthread_mutex_lock(&it->lock);
	request->next = NULL;
	*it->last = request;
	it->last = &request->next;
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

/* Called with the lock held. */
int engine_apply(struct engine *it, struct delivery *delivery, const cJSON *payload,
	const char *problem, const struct shop *shop, struct arena *arena, struct error *error)
{
	char fingerprint[SHA256_BASE64];

	assert_non_null(arena);
	if (it->failing)
		return error_set(error, "the disk is broken");
	digest_base64(delivery->fingerprint, fingerprint);
	text_format(&it->seen, "%s|%s|%s|%s|%s|%s|%s|%d|%s|%zu|%.20s\n", shop->domain,
		delivery->shop, delivery->topic,
		delivery->webhook_id != NULL ? delivery->webhook_id : "-",
		delivery->event_id != NULL ? delivery->event_id : "-",
		delivery->api_version != NULL ? delivery->api_version : "-",
		delivery->triggered_at != NULL ? delivery->triggered_at : "-", delivery->test,
		payload != NULL ? json_text(payload, "id") : "no payload", delivery->body_length,
		fingerprint);
	text_cut(&it->problem, 0);
	if (problem != NULL)
		text_put(&it->problem, problem);
	it->applied++;
	return 0;
}

static void carry_out(struct engine *it, struct request *request)
{
	struct error error = {""};

	while (request != NULL) {
		struct request *next = request->next;
		int result = request->run(it, request, &error);

		request->done(request, result, result == 0 ? NULL : &error);
		request = next;
	}
}

static void *run_engine(void *context)
{
	struct engine *it = context;

	(void)pthread_mutex_lock(&it->lock);
	while (!it->stopping || it->first != NULL) {
		struct request *group = it->first;

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

static void set(bool *flag, bool value)
{
	(void)pthread_mutex_lock(&engine.lock);
	*flag = value;
	(void)pthread_cond_broadcast(&engine.changed);
	(void)pthread_mutex_unlock(&engine.lock);
}

static int count_of(const int *counter)
{
	int count;

	(void)pthread_mutex_lock(&engine.lock);
	count = *counter;
	(void)pthread_mutex_unlock(&engine.lock);
	return count;
}

static void await(const int *counter, int expected)
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

static void defaults(void)
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

static void start(void)
{
	struct error error = {""};

	if (listener_start(&engine, &config, &listener, &port, &error) != 0)
		fail_msg("%s", error.text);
}

static int set_up(void **state)
{
	(void)state;
	log_configure(LOG_ERROR, LOG_TEXT);
	defaults();
	engine = (struct engine){.last = &engine.first};
	(void)pthread_mutex_init(&engine.lock, NULL);
	(void)pthread_cond_init(&engine.changed, NULL);
	return pthread_create(&engine.thread, NULL, run_engine, &engine);
}

static int tear_down(void **state)
{
	(void)state;
	set(&engine.stopping, true);
	listener_stop(listener, SECOND);
	listener = NULL;
	(void)pthread_join(engine.thread, NULL);
	text_free(&engine.seen);
	text_free(&engine.problem);
	(void)pthread_mutex_destroy(&engine.lock);
	(void)pthread_cond_destroy(&engine.changed);
	return config.references == 1 ? 0 : -1; /* every reference was given back */
}

/* ---- a client ---- */

static int open_connection(void)
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

static void write_all(int fd, const void *bytes, size_t length)
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
static int read_answer(int fd, char answer[ANSWER_MAX])
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

static bool has_ended(int fd)
{
	char byte;
	ssize_t result = recv(fd, &byte, 1, 0);

	return result == 0 || (result < 0 && errno == ECONNRESET);
}

static void add_signature(struct text *request, const char *secret, const char *body, size_t length)
{
	unsigned char digest[SHA256_SIZE];
	char text[SHA256_BASE64];

	assert_int_equal(digest_hmac(secret, strlen(secret), body, length, digest), 0);
	digest_base64(digest, text);
	text_format(request, "X-Shopify-Hmac-Sha256: %s\r\n", text);
}

/* A request up to its last header. */
static void add_head(struct text *request, const char *secret, const char *body, size_t length)
{
	text_put(request, "POST /webhooks/shopify?from=test HTTP/1.1\r\nHost: relay.example\r\n"
			  "Content-Type: application/json\r\n"
			  "X-Shopify-Topic: orders/create\r\nX-Shopify-Shop-Domain: " SHOP "\r\n");
	add_signature(request, secret, body, length);
}

static void add_webhook(struct text *request, const char *secret, const char *body, size_t length)
{
	add_head(request, secret, body, length);
	text_format(request, "Content-Length: %zu\r\n\r\n", length);
	text_add(request, body, length);
}

static void send_webhook(int fd)
{
	struct text request = {0};

	add_webhook(&request, SECRET, BODY, strlen(BODY));
	write_all(fd, request.data, request.length);
	text_free(&request);
}

static int answer_to(int fd, const struct text *request, char answer[ANSWER_MAX])
{
	write_all(fd, request->data, request->length);
	return read_answer(fd, answer);
}

/* Waits until the metrics have a line: a connection's end is counted a moment after the client sees
 * it. */
static void expect_metric(const char *line)
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

/* ---- what is accepted ---- */

static void a_webhook_reaches_the_engine(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	char *colon;
	int fd;

	(void)state;
	start();
	fd = open_connection();
	text_put(&request, "POST /webhooks/shopify HTTP/1.1\r\nhost: relay.example\r\n"
			   "x-shopify-topic:  orders/create \r\n"
			   "X-SHOPIFY-SHOP-DOMAIN: Blue-Kettle.MyShopify.com\r\n"
			   "x-shopify-webhook-id: b54557e4-bdd9-4b37-8a5f-bf7d70bcd043\r\n"
			   "x-shopify-event-id: 98880550-7158-44d4-b7cd-2c97c8a091b5\r\n"
			   "x-shopify-api-version: 2026-10\r\n"
			   "x-shopify-triggered-at: 2026-11-09T16:28:37.556612022Z\r\n"
			   "x-shopify-test: true\r\n");
	add_signature(&request, OTHER_SECRET, BODY, strlen(BODY));
	text_format(&request, "content-length: %zu\r\n\r\n%s", strlen(BODY), BODY);
	assert_int_equal(answer_to(fd, &request, answer), 200);
	assert_non_null(strstr(answer, "\r\n\r\nok\n"));
	colon = strstr(text_string(&engine.seen), "|44|");
	assert_non_null(colon);
	*colon = '\0';
	assert_string_equal(engine.seen.data,
		SHOP "|" SHOP "|orders/create|b54557e4-bdd9-4b37-8a5f-bf7d70bcd043|"
		     "98880550-7158-44d4-b7cd-2c97c8a091b5|2026-10|"
		     "2026-11-09T16:28:37.556612022Z|1|820982911946154508");
	expect_metric("segrelay_http_requests_total{code=\"200\",reason=\"stored\"} 1\n");
	expect_metric("segrelay_http_connections 1\n");
	expect_metric("segrelay_http_waiting 0\n");
	expect_metric("segrelay_http_request_duration_seconds_count 1\n");
	text_free(&request);
	(void)close(fd);
}

static void what_is_not_json_is_stored_with_the_reason(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	int fd;

	(void)state;
	start();
	fd = open_connection();
	add_webhook(&request, SECRET, "{\"id\":", 6);
	assert_int_equal(answer_to(fd, &request, answer), 200);
	assert_non_null(strstr(text_string(&engine.seen), "|no payload|6|"));
	assert_non_null(strstr(text_string(&engine.problem), "not usable JSON"));
	text_free(&request);
	(void)close(fd);
}

/* Chunks of a byte each, an extension, a trailer; the next request follows on the connection. */
static void chunks_are_put_together(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	int fd;

	(void)state;
	start();
	fd = open_connection();
	add_head(&request, SECRET, BODY, strlen(BODY));
	text_put(&request, "Transfer-Encoding: chunked\r\n\r\n");
	for (const char *at = BODY; *at != '\0'; at++)
		text_format(&request, "1;a=b\r\n%c\r\n", *at);
	text_put(&request, "0\r\nX-After: all\r\n\r\n");
	assert_int_equal(answer_to(fd, &request, answer), 200);
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	assert_int_equal(count_of(&engine.applied), 2);
	text_free(&request);
	(void)close(fd);
}

/* However the bytes arrive: the checks of the head rest on where its lines lie. */
static void a_request_may_arrive_byte_by_byte(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	int fd;

	(void)state;
	start();
	fd = open_connection();
	for (int i = 0; i < 3; i++)
		add_webhook(&request, SECRET, BODY, strlen(BODY));
	for (size_t i = 0; i < request.length; i++) {
		write_all(fd, request.data + i, 1);
		if (i % 7 == 0)
			(void)usleep(300);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(read_answer(fd, answer), 200);
	text_free(&request);
	(void)close(fd);
}

static void a_long_head_with_long_values_passes(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	char value[3001];
	int fd;

	(void)state;
	start();
	fd = open_connection();
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int round = 0; round < 2; round++) {
		text_cut(&request, 0);
		add_head(&request, SECRET, BODY, strlen(BODY));
		for (int i = 0; i < 4; i++)
			text_format(&request, "X-Long-%d: \t %s \t\r\n", i, value);
		for (int i = 0; i < 60; i++)
			text_format(&request, "X-Short-%d:\r\n", i);
		text_format(&request, "Content-Length: %zu\r\n\r\n%s", strlen(BODY), BODY);
		assert_int_equal(answer_to(fd, &request, answer), 200);
	}
	text_free(&request);
	(void)close(fd);
}

static void a_large_body_is_whole(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	struct text body = {0};
	int fd;

	(void)state;
	start();
	fd = open_connection();
	text_put(&body, "{\"id\":\"7\",\"note\":\"");
	while (body.length < 1000 * 1000)
		text_format(&body, "%zu ", body.length);
	text_put(&body, "\"}");
	add_webhook(&request, SECRET, body.data, body.length);
	assert_int_equal(answer_to(fd, &request, answer), 200);
	assert_non_null(strstr(text_string(&engine.seen), "|7|10000"));
	text_free(&request);
	text_free(&body);
	(void)close(fd);
}

static void a_client_that_asks_may_continue(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	int fd;

	(void)state;
	start();
	fd = open_connection();
	add_head(&request, SECRET, BODY, strlen(BODY));
	text_format(&request, "Content-Length: %zu\r\nExpect: 100-continue\r\n\r\n", strlen(BODY));
	assert_int_equal(answer_to(fd, &request, answer), 100);
	write_all(fd, BODY, strlen(BODY));
	assert_int_equal(read_answer(fd, answer), 200);
	text_free(&request);
	(void)close(fd);
}

static void requests_may_follow_each_other_and_be_sent_together(void **state)
{
	enum { TOGETHER = 20 };
	char answer[ANSWER_MAX];
	struct text request = {0};
	int fd;

	(void)state;
	start();
	fd = open_connection();
	for (int i = 0; i < 5; i++) {
		send_webhook(fd);
		assert_int_equal(read_answer(fd, answer), 200);
	}
	for (int i = 0; i < TOGETHER; i++)
		add_webhook(&request, SECRET, BODY, strlen(BODY));
	write_all(fd, request.data, request.length);
	for (int i = 0; i < TOGETHER; i++)
		assert_int_equal(read_answer(fd, answer), 200);
	assert_int_equal(count_of(&engine.applied), 5 + TOGETHER);
	text_free(&request);
	(void)close(fd);
}

/* ---- what is refused ---- */

static int status_of(const char *secret, const char *shop, char answer[ANSWER_MAX])
{
	struct text request = {0};
	int status;
	int fd = open_connection();

	text_format(&request,
		"POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\n"
		"X-Shopify-Topic: orders/create\r\nX-Shopify-Shop-Domain: %s\r\n",
		shop);
	if (secret != NULL)
		add_signature(&request, secret, BODY, strlen(BODY));
	text_format(&request, "Content-Length: %zu\r\n\r\n%s", strlen(BODY), BODY);
	status = answer_to(fd, &request, answer);
	send_webhook(fd); /* the connection goes on */
	assert_int_equal(read_answer(fd, (char[ANSWER_MAX]){""}), 200);
	text_free(&request);
	(void)close(fd);
	return status;
}

/* Who asks must not learn which shops there are. */
static void all_that_is_not_authentic_gets_the_same_answer(void **state)
{
	static const struct {
		const char *secret;
		const char *shop;
		const char *metric;
	} cases[] = {
		{"wrong", SHOP, "{code=\"401\",reason=\"signature\"} 1\n"},
		{NULL, SHOP, "{code=\"401\",reason=\"unsigned\"} 1\n"},
		{SECRET, "stranger.myshopify.com", "{code=\"401\",reason=\"unknown_shop\"} 1\n"},
	};
	char first[ANSWER_MAX];
	char answer[ANSWER_MAX];

	(void)state;
	start();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(status_of(cases[i].secret, cases[i].shop, answer), 401);
		expect_metric(cases[i].metric);
		if (i == 0)
			memcpy(first, answer, sizeof(first));
		assert_string_equal(strstr(answer, "\r\n\r\n"), strstr(first, "\r\n\r\n"));
		assert_int_equal(strlen(answer), strlen(first));
	}
	assert_int_equal(count_of(&engine.applied), COUNT_OF(cases)); /* those that went on */
}

/* Behind each a second request is smuggled, which must not be answered. */
static void smuggled_requests_are_not_parsed(void **state)
{
	static const char *const heads[] = {
		"Content-Length: 0\r\nContent-Length: 90\r\n",
		"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
		"Content-Length : 90\r\n",
		"Content-Length\t: 90\r\n",
		"Content-Length: 0\r\nTransfer-Encoding : chunked\r\n",
		"Transfer-Encoding: xchunked\r\n",
		"Transfer-Encoding: identity, chunked\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
		"Content-Length: 90\r\n x\r\n",
		"X-Folded: a\r\n b\r\nContent-Length: 0\r\n",
		"X-Folded:\r\n\tb\r\nContent-Length: 0\r\n",
		"Content-Length: 0\r\nX-Folded: a\r\n b\r\n",
		"Content-Length: 0\nX-Bare: lf\r\n",
		"X-Bare: lf\nContent-Length: 0\r\n",
		"X-Bare: cr\rContent-Length: 0\r\n",
		"Content-Length: 0\r\nX-Last: lf\n",
		" Content-Length: 90\r\n",
		"X-Shopify-Topic: a\r\nx-shopify-topic: b\r\nContent-Length: 0\r\n",
		"X Y: 1\r\nContent-Length: 0\r\n",
		"X-Bell: \a\r\nContent-Length: 0\r\n",
		"",
	};
	char answer[ANSWER_MAX];

	(void)state;
	start();
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		struct text request = {0};
		int fd = open_connection();

		text_format(
			&request, "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\n%s\r\n", heads[i]);
		add_webhook(&request, SECRET, BODY, strlen(BODY));
		if (answer_to(fd, &request, answer) != 400)
			fail_msg("case %zu: %s", i, answer);
		assert_non_null(strstr(answer, "Connection: close\r\n"));
		if (!has_ended(fd))
			fail_msg("case %zu: a second answer", i);
		text_free(&request);
		(void)close(fd);
	}
	assert_int_equal(count_of(&engine.submitted), 0);
}

/* libmicrohttpd cuts a value at NUL: what stood behind it must not go unseen. */
static void nul_in_a_header_is_malformed(void **state)
{
	static const char *const where[] = {"X-A: b", "Content-Length: 0", "X-C"};
	char answer[ANSWER_MAX];

	(void)state;
	start();
	for (size_t i = 0; i < COUNT_OF(where); i++) {
		struct text request = {0};
		int fd = open_connection();

		text_put(&request, "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\n");
		text_put(&request, where[i]);
		text_add(&request, "\0hidden: 1\r\n", 12);
		if (strchr(where[i], 'L') == NULL)
			text_put(&request, "Content-Length: 0\r\n");
		text_put(&request, "\r\n");
		assert_int_equal(answer_to(fd, &request, answer), 400);
		assert_true(has_ended(fd));
		text_free(&request);
		(void)close(fd);
	}
	assert_int_equal(count_of(&engine.submitted), 0);
}

static void each_refusal_has_its_answer(void **state)
{
#define POST "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\n"
#define SIGNED "X-Shopify-Hmac-Sha256: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"
#define FROM_SHOP "X-Shopify-Shop-Domain: " SHOP "\r\n"
#define OF_TOPIC "X-Shopify-Topic: orders/create\r\n"
	static const struct {
		int status;
		const char *header; /* that the answer has */
		const char *request;
	} cases[] = {
		{404, "Connection: close", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{404, "", "POST /webhooks HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"},
		{404, "",
			"POST /webhooks/%73hopify HTTP/1.1\r\nHost: a\r\nContent-Length: "
			"0\r\n\r\n"},
		{405, "Allow: POST", "GET /webhooks/shopify HTTP/1.1\r\nHost: a\r\n\r\n"},
		{405, "Allow: POST", "HEAD /webhooks/shopify HTTP/1.1\r\nHost: a\r\n\r\n"},
		{405, "Allow: POST",
			"PUT /webhooks/shopify HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"},
		{400, "", POST SIGNED FROM_SHOP "Content-Length: 2\r\n\r\n{}"},
		{400, "", POST SIGNED OF_TOPIC "Content-Length: 2\r\n\r\n{}"},
		{400, "", POST SIGNED FROM_SHOP OF_TOPIC "Content-Length: 0\r\n\r\n"},
		{400, "", POST "shopify-topic: Product\r\nContent-Length: 2\r\n\r\n{}"},
		{400, "", "POST /webhooks/shopify HTTP/1.1\r\nContent-Length: 0\r\n\r\n"},
		{413, "Connection: close",
			POST SIGNED FROM_SHOP OF_TOPIC "Content-Length: 1048577\r\n\r\n"},
		{404, "Connection: close",
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n"},
		{415, "",
			POST SIGNED FROM_SHOP OF_TOPIC
			"Content-Type: application/xml\r\nContent-Length: 4\r\n\r\n<a/>"},
	};
	char answer[ANSWER_MAX];

	(void)state;
	start();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool is_head = strncmp(cases[i].request, "HEAD", 4) == 0;
		int fd = open_connection();

		write_all(fd, cases[i].request, strlen(cases[i].request));
		if (is_head)
			assert_true(recv(fd, answer, sizeof(answer), MSG_WAITALL) > 0);
		else if (read_answer(fd, answer) != cases[i].status)
			fail_msg("case %zu: %s", i, answer);
		assert_non_null(strstr(answer, cases[i].header));
		(void)close(fd);
	}
	assert_int_equal(count_of(&engine.submitted), 0);
}

/* Without a Content-Length the limit is met on the way. */
static void a_chunked_body_is_bounded_too(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	char zeros[1024];
	int fd;

	(void)state;
	config.max_body = 4096;
	start();
	fd = open_connection();
	memset(zeros, '0', sizeof(zeros));
	add_head(&request, SECRET, "", 0);
	text_put(&request, "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 5; i++) {
		text_put(&request, "400\r\n");
		text_add(&request, zeros, sizeof(zeros));
		text_put(&request, "\r\n");
	}
	text_put(&request, "0\r\n\r\n");
	assert_int_equal(answer_to(fd, &request, answer), 413);
	expect_metric("segrelay_http_in_memory_bytes 0\n");
	text_free(&request);
	(void)close(fd);
}

/* ---- the engine's answers ---- */

static void what_could_not_be_stored_is_asked_for_again(void **state)
{
	bool *const troubles[] = {&engine.failing, &engine.refusing};
	char answer[ANSWER_MAX];
	int fd;

	(void)state;
	start();
	fd = open_connection();
	for (size_t i = 0; i < COUNT_OF(troubles); i++) {
		set(troubles[i], true);
		send_webhook(fd);
		assert_int_equal(read_answer(fd, answer), 503);
		assert_non_null(strstr(answer, "Retry-After: 30\r\n"));
		set(troubles[i], false);
	}
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	expect_metric("{code=\"503\",reason=\"store\"} 2\n");
	(void)close(fd);
}

static void nothing_is_answered_before_the_engine_is_done(void **state)
{
	char answer[ANSWER_MAX];
	struct pollfd polled = {.events = POLLIN};
	int fd;

	(void)state;
	start();
	fd = open_connection();
	set(&engine.holding, true);
	send_webhook(fd);
	await(&engine.submitted, 1);
	polled.fd = fd;
	assert_int_equal(poll(&polled, 1, 300), 0);
	set(&engine.holding, false);
	assert_int_equal(read_answer(fd, answer), 200);
	(void)close(fd);
}

/* libmicrohttpd's own epoll thread hangs when 128 events are ready at once. */
static void many_connections_at_once_are_all_answered(void **state)
{
	char answer[ANSWER_MAX];
	int fds[MANY];

	(void)state;
	start();
	for (int round = 0; round < 3; round++) {
		int before = count_of(&engine.submitted);

		for (int i = 0; i < MANY; i++)
			fds[i] = open_connection();
		set(&engine.holding, true);
		for (int i = 0; i < MANY; i++)
			send_webhook(fds[i]);
		await(&engine.submitted, before + MANY);
		set(&engine.holding, false);
		for (int i = 0; i < MANY; i++)
			assert_int_equal(read_answer(fds[i], answer), 200);
		for (int i = 0; i < MANY; i++)
			send_webhook(fds[i]);
		for (int i = 0; i < MANY; i++)
			assert_int_equal(read_answer(fds[i], answer), 200);
		for (int i = 0; i < MANY; i++)
			(void)close(fds[i]);
	}
	assert_int_equal(count_of(&engine.applied), 3 * 2 * MANY);
}

static void reset(int fd)
{
	const struct linger at_once = {.l_onoff = 1};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)close(fd);
}

static void a_client_may_leave_while_it_waits(void **state)
{
	char answer[ANSWER_MAX];
	int fds[40];
	int fd;

	(void)state;
	start();
	set(&engine.holding, true);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = open_connection();
		send_webhook(fds[i]);
	}
	await(&engine.submitted, COUNT_OF(fds));
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		if (i % 2 == 0)
			(void)close(fds[i]);
		else
			reset(fds[i]);
	}
	set(&engine.holding, false);
	fd = open_connection();
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	assert_int_equal(count_of(&engine.applied), COUNT_OF(fds) + 1);
	(void)close(fd);
}

/* ---- bounds ---- */

static void all_bodies_together_are_bounded(void **state)
{
	char answer[ANSWER_MAX];
	struct text body = {0};
	struct text request = {0};
	int first;
	int second;

	(void)state;
	config.max_in_memory = 150 * 1000;
	start();
	while (body.length < 100 * 1000)
		text_put(&body, "          ");
	add_webhook(&request, SECRET, body.data, body.length);
	first = open_connection();
	second = open_connection();
	set(&engine.holding, true);
	write_all(first, request.data, request.length);
	await(&engine.submitted, 1);
	expect_metric("segrelay_http_in_memory_bytes 100000\n");
	expect_metric("segrelay_http_waiting 1\n");
	assert_int_equal(answer_to(second, &request, answer), 503);
	assert_non_null(strstr(answer, "Retry-After: 30\r\n"));
	set(&engine.holding, false);
	assert_int_equal(read_answer(first, answer), 200);
	assert_int_equal(answer_to(second, &request, answer), 200);
	expect_metric("{code=\"503\",reason=\"memory\"} 1\n");
	text_free(&request);
	text_free(&body);
	(void)close(first);
	(void)close(second);
}

/* Memory is not taken on the word of a Content-Length. */
static void an_announced_body_takes_no_room(void **state)
{
	enum { CLIENTS = 50 };
	struct text request = {0};
	char answer[ANSWER_MAX];
	int fds[CLIENTS];
	int fd;

	(void)state;
	config.max_in_memory = 4 * 1024 * 1024;
	start();
	add_head(&request, SECRET, "", 0);
	text_put(&request, "Content-Length: 1000000\r\n\r\n{");
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = open_connection();
		write_all(fds[i], request.data, request.length);
	}
	fd = open_connection();
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	for (int i = 0; i < CLIENTS; i++)
		(void)close(fds[i]);
	text_free(&request);
	(void)close(fd);
}

/* Sends a byte now and then until the connection is cut; the ms that it took. */
static int64_t drip(int fd, const char *bytes)
{
	int64_t begin = clock_monotonic();
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	while (clock_monotonic() < begin + PATIENCE) {
		(void)send(fd, bytes, 1, MSG_NOSIGNAL);
		if (bytes[1] != '\0')
			bytes++;
		if (poll(&polled, 1, 50) != 0)
			break;
	}
	assert_true(has_ended(fd));
	return clock_monotonic() - begin;
}

static void a_slow_request_is_cut_at_its_deadline(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	int fd;

	(void)state;
	config.request_timeout = 600;
	start();
	add_webhook(&request, SECRET, BODY, strlen(BODY));
	fd = open_connection(); /* a slow first line */
	assert_in_range(drip(fd, request.data), 500, 2500);
	(void)close(fd);
	fd = open_connection(); /* slow headers */
	write_all(fd, request.data, 60);
	assert_in_range(drip(fd, request.data + 60), 500, 2500);
	(void)close(fd);
	fd = open_connection(); /* a slow body on one that was used */
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	write_all(fd, request.data, request.length - strlen(BODY));
	assert_in_range(drip(fd, "{ "), 500, 2500);
	(void)close(fd);
	expect_metric("{code=\"none\",reason=\"slow\"} 2\n");
	assert_int_equal(count_of(&engine.applied), 1);
	text_free(&request);
}

static void an_idle_connection_is_not_a_slow_request(void **state)
{
	char answer[ANSWER_MAX];
	int64_t begin;
	int fd;

	(void)state;
	config.request_timeout = 300;
	config.idle_timeout = 1500;
	start();
	fd = open_connection();
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	(void)usleep(900 * 1000);
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	begin = clock_monotonic();
	assert_true(has_ended(fd));
	assert_in_range(clock_monotonic() - begin, 1400, 4000);
	expect_metric("reason=\"slow\"} 0\n");
	(void)close(fd);
}

/* Nor is one that waits for the engine. */
static void a_waiting_request_has_no_deadline(void **state)
{
	char answer[ANSWER_MAX];
	int fd;

	(void)state;
	config.request_timeout = 200;
	start();
	fd = open_connection();
	set(&engine.holding, true);
	send_webhook(fd);
	await(&engine.submitted, 1);
	(void)usleep(1000 * 1000);
	set(&engine.holding, false);
	assert_int_equal(read_answer(fd, answer), 200);
	(void)close(fd);
}

static void an_address_has_a_limit(void **state)
{
	char answer[ANSWER_MAX];
	int fds[3];
	int fd;

	(void)state;
	config.http_threads = 2;
	config.max_connections_per_address = 3;
	start();
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = open_connection();
		send_webhook(fds[i]);
		assert_int_equal(read_answer(fds[i], answer), 200);
	}
	fd = open_connection();
	assert_true(has_ended(fd));
	(void)close(fd);
	(void)close(fds[0]);
	for (int64_t end = clock_monotonic() + PATIENCE; clock_monotonic() < end;) {
		fd = open_connection();
		(void)usleep(1000);
		if (send(fd, "P", 1, MSG_NOSIGNAL) == 1 &&
			poll(&(struct pollfd){fd, POLLIN, 0}, 1, 50) == 0)
			break;
		(void)close(fd);
	}
	write_all(fd, "OST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 47);
	assert_int_equal(read_answer(fd, answer), 404);
	for (size_t i = 1; i < COUNT_OF(fds); i++)
		(void)close(fds[i]);
	(void)close(fd);
}

static void connections_beyond_the_limit_wait_for_their_turn(void **state)
{
	char answer[ANSWER_MAX];
	int fds[4];
	int late;

	(void)state;
	config.max_connections = 4;
	config.http_threads = 2;
	start();
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = open_connection();
		send_webhook(fds[i]);
		assert_int_equal(read_answer(fds[i], answer), 200);
	}
	late = open_connection();
	send_webhook(late);
	assert_int_equal(poll(&(struct pollfd){late, POLLIN, 0}, 1, 300), 0);
	(void)close(fds[0]);
	assert_int_equal(read_answer(late, answer), 200);
	for (size_t i = 1; i < COUNT_OF(fds); i++)
		(void)close(fds[i]);
	(void)close(late);
}

/* ---- starting, reloading, stopping ---- */

static void another_configuration_counts_from_the_next_request_on(void **state)
{
	char *new_secrets[] = {"rotated"};
	struct shop new_shops[] = {
		{.domain = SHOP, .secrets = {.items = new_secrets, .count = 1}},
	};
	char answer[ANSWER_MAX];
	struct config other;
	struct text request = {0};
	int fd;

	(void)state;
	start();
	other = config;
	other.shops = new_shops;
	other.references = 1;
	add_webhook(&request, "rotated", BODY, strlen(BODY));
	fd = open_connection();
	assert_int_equal(answer_to(fd, &request, answer), 401);
	set(&engine.holding, true);
	send_webhook(fd); /* under way: the old one stays until it is answered */
	await(&engine.submitted, 1);
	listener_reload(listener, &other);
	assert_int_equal(config.references, 2);
	set(&engine.holding, false);
	assert_int_equal(read_answer(fd, answer), 200);
	assert_int_equal(answer_to(fd, &request, answer), 200);
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 401);
	listener_reload(listener, &config);
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	text_free(&request);
	(void)close(fd);
	listener_stop(listener, SECOND);
	listener = NULL;
	assert_int_equal(other.references, 1);
}

static void *stop_with_patience(void *context)
{
	(void)context;
	listener_stop(listener, PATIENCE);
	return NULL;
}

static void stopping_finishes_what_is_under_way(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	pthread_t stopper;
	int idle;
	int waiting;
	int half;

	(void)state;
	config.http_threads = 2;
	start();
	idle = open_connection();
	send_webhook(idle);
	assert_int_equal(read_answer(idle, answer), 200);
	set(&engine.holding, true);
	waiting = open_connection();
	send_webhook(waiting);
	await(&engine.submitted, 2);
	half = open_connection();
	add_webhook(&request, SECRET, BODY, strlen(BODY));
	write_all(half, request.data, request.length - 10);
	(void)usleep(100 * 1000);
	assert_int_equal(pthread_create(&stopper, NULL, stop_with_patience, NULL), 0);
	assert_true(has_ended(idle));
	write_all(half, request.data + request.length - 10, 10);
	await(&engine.submitted, 3);
	set(&engine.holding, false);
	assert_int_equal(read_answer(waiting, answer), 200);
	assert_int_equal(read_answer(half, answer), 200);
	assert_true(has_ended(waiting));
	assert_true(has_ended(half));
	(void)pthread_join(stopper, NULL);
	listener = NULL;
	text_free(&request);
	(void)close(idle);
	(void)close(waiting);
	(void)close(half);
}

static void stopping_does_not_wait_for_a_slow_client(void **state)
{
	int64_t begin;
	int fd;

	(void)state;
	start();
	fd = open_connection();
	write_all(fd, "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\n", 42);
	(void)usleep(100 * 1000);
	begin = clock_monotonic();
	listener_stop(listener, 400);
	listener = NULL;
	assert_in_range(clock_monotonic() - begin, 350, 3000);
	assert_true(has_ended(fd));
	(void)close(fd);
}

static void an_address_in_use_is_an_error(void **state)
{
	static const char *const bad[] = {
		"127.0.0.1", "::1:8080", "127.0.0.1:", "127.0.0.1:x", "192.0.2.1:0"};
	struct listener *second = NULL;
	struct error error = {""};
	char taken[32];
	int other_port;

	(void)state;
	start();
	(void)snprintf(taken, sizeof(taken), "127.0.0.1:%d", port);
	config.listen = taken;
	assert_int_equal(listener_start(&engine, &config, &second, &other_port, &error), -1);
	assert_non_null(strstr(error.text, taken));
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char address[32];

		(void)snprintf(address, sizeof(address), "%s", bad[i]);
		config.listen = address;
		assert_int_equal(
			listener_start(&engine, &config, &second, &other_port, &error), -1);
		assert_non_null(strstr(error.text, bad[i]));
	}
	assert_null(second);
}

static void the_heartbeat_goes_on_without_requests(void **state)
{
	int64_t before;

	(void)state;
	start();
	before = listener_heartbeat(listener);
	(void)usleep(2500 * 1000);
	assert_true(listener_heartbeat(listener) > before);
	assert_true(clock_monotonic() - listener_heartbeat(listener) < 2000);
}

/* ---- the log ---- */

/* Runs a request with the log going into a file. */
static void logged(const char *secret, const char *shop, struct text *log)
{
	FILE *file = tmpfile();
	char answer[ANSWER_MAX];
	char part[1024];
	size_t length;
	int before;

	assert_non_null(file);
	before = dup(STDERR_FILENO);
	(void)dup2(fileno(file), STDERR_FILENO);
	log_configure(LOG_INFO, LOG_TEXT);
	(void)status_of(secret, shop, answer);
	log_configure(LOG_ERROR, LOG_TEXT);
	(void)dup2(before, STDERR_FILENO);
	(void)close(before);
	rewind(file);
	while ((length = fread(part, 1, sizeof(part), file)) > 0)
		text_add(log, part, length);
	(void)fclose(file);
}

static void the_log_says_what_to_do_and_nothing_secret(void **state)
{
	struct text log = {0};

	(void)state;
	start();
	logged("wrong", SHOP, &log);
	assert_non_null(strstr(text_string(&log), "<4>level=warning"));
	assert_non_null(strstr(log.data, "status=401"));
	assert_non_null(strstr(log.data, "shop=" SHOP));
	assert_non_null(strstr(log.data, "topic=orders/create"));
	assert_non_null(strstr(log.data, "secrets_tried=2"));
	assert_non_null(strstr(log.data, "content_length=44"));
	assert_non_null(strstr(log.data, "Settings > Notifications"));
	assert_null(strstr(log.data, "hush"));
	assert_null(strstr(log.data, "820982911946154508"));
	text_cut(&log, 0);
	logged("wrong", SHOP, &log); /* once in a while is enough */
	assert_string_equal(text_string(&log), "");
	logged("wrong", "no-shop-of-ours.example", &log);
	assert_non_null(strstr(text_string(&log), "shop=no-shop-of-ours.example"));
	assert_null(strstr(log.data, "secrets_tried"));
	text_free(&log);
}

/* ---- everything at once ---- */

static void *churn(void *context)
{
	unsigned seed = (unsigned)(uintptr_t)context;
	char answer[ANSWER_MAX];

	for (int i = 0; i < 60; i++) {
		int fd = open_connection();
		int requests = rand_r(&seed) % 4;

		for (int j = 0; j < requests; j++) {
			send_webhook(fd);
			if (read_answer(fd, answer) != 200)
				return "refused";
		}
		if (rand_r(&seed) % 2 == 0)
			send_webhook(fd); /* and leave */
		if (rand_r(&seed) % 2 == 0)
			reset(fd);
		else
			(void)close(fd);
	}
	return NULL;
}

static void clients_come_and_go(void **state)
{
	pthread_t clients[8];
	void *trouble;

	(void)state;
	config.http_threads = 3;
	start();
	for (size_t i = 0; i < COUNT_OF(clients); i++)
		assert_int_equal(
			pthread_create(&clients[i], NULL, churn, (void *)(uintptr_t)(i + 1)), 0);
	for (int i = 0; i < 50; i++) {
		listener_reload(listener, &config);
		(void)listener_heartbeat(listener);
		expect_metric("segrelay_http_waiting");
	}
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		(void)pthread_join(clients[i], &trouble);
		assert_null(trouble);
	}
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_webhook_reaches_the_engine),
		TEST(what_is_not_json_is_stored_with_the_reason),
		TEST(chunks_are_put_together),
		TEST(a_request_may_arrive_byte_by_byte),
		TEST(a_long_head_with_long_values_passes),
		TEST(a_large_body_is_whole),
		TEST(a_client_that_asks_may_continue),
		TEST(requests_may_follow_each_other_and_be_sent_together),
		TEST(all_that_is_not_authentic_gets_the_same_answer),
		TEST(smuggled_requests_are_not_parsed),
		TEST(nul_in_a_header_is_malformed),
		TEST(each_refusal_has_its_answer),
		TEST(a_chunked_body_is_bounded_too),
		TEST(what_could_not_be_stored_is_asked_for_again),
		TEST(nothing_is_answered_before_the_engine_is_done),
		TEST(many_connections_at_once_are_all_answered),
		TEST(a_client_may_leave_while_it_waits),
		TEST(all_bodies_together_are_bounded),
		TEST(an_announced_body_takes_no_room),
		TEST(a_slow_request_is_cut_at_its_deadline),
		TEST(an_idle_connection_is_not_a_slow_request),
		TEST(a_waiting_request_has_no_deadline),
		TEST(an_address_has_a_limit),
		TEST(connections_beyond_the_limit_wait_for_their_turn),
		TEST(another_configuration_counts_from_the_next_request_on),
		TEST(stopping_finishes_what_is_under_way),
		TEST(stopping_does_not_wait_for_a_slow_client),
		TEST(an_address_in_use_is_an_error),
		TEST(the_heartbeat_goes_on_without_requests),
		TEST(the_log_says_what_to_do_and_nothing_secret),
		TEST(clients_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
