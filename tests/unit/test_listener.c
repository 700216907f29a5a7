/* The public listener over real sockets: what it takes, what it refuses, how it answers. */
#include "listening.h"

/* ---- what is accepted ---- */

static void a_webhook_reaches_the_engine(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	char *colon;
	int fd;

	(void)state;
	clock_hold(time_parse("2026-11-09T16:28:38Z")); /* a time of the future is not used */
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
		     "2026-11-09T16:28:37.556612022Z|1|{\"id\":820982911946154508");
	expect_metric("segrelay_http_requests_total{code=\"200\",reason=\"stored\"} 1\n");
	expect_metric("segrelay_http_connections 1\n");
	expect_metric("segrelay_http_waiting 0\n");
	expect_metric("segrelay_http_request_duration_seconds_count 1\n");
	text_free(&request);
	(void)close(fd);
}

static void what_is_not_json_is_stored(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	int fd;

	(void)state;
	start();
	fd = open_connection();
	add_webhook(&request, SECRET, "{\"id\":", 6);
	assert_int_equal(answer_to(fd, &request, answer), 200);
	assert_non_null(strstr(text_string(&engine.seen), "|{\"id\":|6|"));
	text_free(&request);
	(void)close(fd);
}

/* Chunks of a byte each, a trailer; the next request follows on the connection. */
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
		text_format(&request, "1\r\n%c\r\n", *at);
	text_put(&request, "0\r\nX-After: all\r\n\r\n");
	assert_int_equal(answer_to(fd, &request, answer), 200);
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	assert_int_equal(count_of(&engine.applied), 2);
	text_free(&request);
	(void)close(fd);
}

/* However the bytes arrive: the checks of the head rest on where its lines lie. */
/* libmicrohttpd 1.0 has no chunk extensions. */
static void an_extension_of_a_chunk_is_passed_over_or_refused(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	int fd;
	int status;

	(void)state;
	start();
	fd = open_connection();
	add_head(&request, SECRET, BODY, strlen(BODY));
	text_format(&request, "Transfer-Encoding: chunked\r\n\r\n%zx;a=b\r\n%s\r\n0\r\n\r\n",
		strlen(BODY), BODY);
	status = answer_to(fd, &request, answer);
	assert_true(status == 200 || status == 400);
	assert_int_equal(count_of(&engine.applied), status == 200);
	text_free(&request);
	(void)close(fd);
}

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
	assert_non_null(strstr(text_string(&engine.seen), "{\"id\":\"7\",\"note\":\"18 21 |10000"));
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
	char answer[ANSWER_MAX] = "";

	(void)state;
	start();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool is_head = strncmp(cases[i].request, "HEAD", 4) == 0;
		int fd = open_connection();

		write_all(fd, cases[i].request, strlen(cases[i].request));
		if (is_head)
			assert_true(recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) > 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_webhook_reaches_the_engine),
		TEST(what_is_not_json_is_stored),
		TEST(chunks_are_put_together),
		TEST(an_extension_of_a_chunk_is_passed_over_or_refused),
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
		TEST(the_log_says_what_to_do_and_nothing_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
