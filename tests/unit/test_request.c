/* The checks of a request's head, as tables: what passes, and what each fault is called. */
#include "unit.h"

#include "receive/http/head_check.h"

#include <string.h>

#define SIGNATURE "X-Shopify-Hmac-Sha256: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define TOPIC "X-Shopify-Topic: orders/create"
#define SHOP "X-Shopify-Shop-Domain: blue-kettle.myshopify.com"
#define LENGTH "Content-Length: 10"
#define DIGITS_64 "5e7ad2c877ba060e382b669d23fc6133cc876342603cd27b080bb6936ca51e04"

enum { LINES_MAX = 8, MAX_BODY = 1000 };

/* A head in the making; lines as they would stand on the wire. */
struct example {
	enum verdict verdict;
	const char *lines[LINES_MAX];
};

static void take(struct request_head *head, const char *line)
{
	size_t name_length = strcspn(line, ":");
	const struct span name = {line, name_length};
	const char *text = line[name_length] == ':' ? line + name_length + 1 : "";
	const struct span value = {text, strlen(text)};

	request_header(head, &name, &value);
}

static enum verdict judge(struct request_head *head, const struct example *example)
{
	take(head, "Host: relay.example");
	for (size_t i = 0; i < LINES_MAX && example->lines[i] != NULL; i++)
		take(head, example->lines[i]);
	return request_judge(head, MAX_BODY);
}

static struct request_head post(void)
{
	return (struct request_head){
		.method = "POST",
		.path = "/webhooks/shopify",
		.version = "HTTP/1.1",
	};
}

static void check(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct request_head head = post();
		enum verdict verdict = judge(&head, &examples[i]);

		if (verdict != examples[i].verdict)
			fail_msg("example %zu: verdict %d instead of %d (%s)", i, (int)verdict,
				(int)examples[i].verdict,
				head.problem != NULL ? head.problem : "no problem");
		if (verdict == VERDICT_MALFORMED || verdict == VERDICT_HEADERS ||
			verdict == VERDICT_UNSIGNED)
			assert_non_null(head.problem);
	}
}

static void plain_webhooks_pass(void **state)
{
	static const struct example examples[] = {
		{VERDICT_NONE, {SIGNATURE, TOPIC, SHOP, LENGTH}},
		{VERDICT_NONE, {"Transfer-Encoding: chunked", SIGNATURE, TOPIC, SHOP}},
		{VERDICT_NONE, {"transfer-encoding: Chunked", SIGNATURE, TOPIC, SHOP}},
		{VERDICT_NONE,
			{"x-shopify-hmac-sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
				"X-SHOPIFY-TOPIC:\t orders/create \t", "x-shopify-shop-domain:a",
				"content-length:1000"}},
		{VERDICT_NONE, {SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic: customer.tags_added"}},
		{VERDICT_NONE, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Type: application/json"}},
		{VERDICT_NONE, {SIGNATURE, TOPIC, SHOP, LENGTH, "X-Anything: caf\xc3\xa9\tyes"}},
		{VERDICT_NONE, {SIGNATURE, TOPIC, SHOP, LENGTH, "Via: 1.1 a", "Via: 1.1 b"}},
		{VERDICT_NONE, {SIGNATURE, TOPIC, SHOP, LENGTH, "Shopify-Handle: both"}},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void doubtful_framing_is_malformed(void **state)
{
	static const struct example examples[] = {
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Length: 10"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Length: 11"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Transfer-Encoding: chunked"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length : 10"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Length : 10"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Length10: 10"}},
		{VERDICT_MALFORMED,
			{SIGNATURE, TOPIC, SHOP, LENGTH, "Transfer-Encodingx: chunked"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length: +10"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length: -1"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length: 10,10"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length: 0x10"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length: "}},
		{VERDICT_MALFORMED,
			{SIGNATURE, TOPIC, SHOP, "Content-Length: 99999999999999999999"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: xchunked"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: identity"}},
		{VERDICT_MALFORMED,
			{SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: identity, chunked"}},
		{VERDICT_MALFORMED,
			{SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: chunked, chunked"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: chunked",
					    "Transfer-Encoding: chunked"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: \"chunked\""}},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void names_and_values_are_checked(void **state)
{
	static const struct example examples[] = {
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X Y: 1"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X\t: 1"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, " X: 1"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, ": 1"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X(Y): 1"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X\x80: 1"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X: a\rb"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X: a\x01"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X: a\x7f"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, SIGNATURE}},
		{VERDICT_MALFORMED,
			{SIGNATURE, TOPIC, SHOP, LENGTH, "x-shopify-topic: orders/paid"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X-SHOPIFY-SHOP-DOMAIN: b"}},
		{VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Host: relay.example"}},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void what_every_webhook_has_is_needed(void **state)
{
	static const struct example examples[] = {
		{VERDICT_UNSIGNED, {TOPIC, SHOP, LENGTH}},
		{VERDICT_UNSIGNED, {TOPIC, SHOP, LENGTH, "X-Shopify-Hmac-Sha256:"}},
		{VERDICT_UNSIGNED, {TOPIC, SHOP, LENGTH, "X-Shopify-Hmac-Sha256: not base64"}},
		{VERDICT_HEADERS, {SIGNATURE, SHOP, LENGTH}},
		{VERDICT_HEADERS, {SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic:"}},
		{VERDICT_HEADERS, {SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic: orders create"}},
		{VERDICT_HEADERS, {SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic: a\"b"}},
		{VERDICT_HEADERS, {SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic: caf\xc3\xa9"}},
		{VERDICT_HEADERS, {SIGNATURE, TOPIC, LENGTH}},
		{VERDICT_HEADERS, {SIGNATURE, TOPIC, LENGTH, "X-Shopify-Shop-Domain: a b"}},
		{VERDICT_HEADERS, {SIGNATURE, TOPIC, LENGTH, "X-Shopify-Shop-Domain: a/b"}},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void kinds_that_cannot_be_used_are_told_apart(void **state)
{
	static const struct example examples[] = {
		{VERDICT_TOO_LARGE, {SIGNATURE, TOPIC, SHOP, "Content-Length: 1001"}},
		{VERDICT_XML, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Type: application/xml"}},
		{VERDICT_XML,
			{SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Type: Text/XML; charset=x"}},
		{VERDICT_XML, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Type: application/a+xml"}},
		{VERDICT_NEXT_GENERATION,
			{"shopify-hmac-sha256: A", "shopify-topic: Product", LENGTH}},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void only_posts_to_the_path_pass(void **state)
{
	static const struct {
		enum verdict verdict;
		const char *method;
		const char *path;
	} routes[] = {
		{VERDICT_NONE, "POST", "/webhooks/shopify"},
		{VERDICT_METHOD, "GET", "/webhooks/shopify"},
		{VERDICT_METHOD, "post", "/webhooks/shopify"},
		{VERDICT_METHOD, "OPTIONS", "/webhooks/shopify"},
		{VERDICT_PATH, "POST", "/webhooks/shopify/"},
		{VERDICT_PATH, "POST", "/webhooks"},
		{VERDICT_PATH, "GET", "/"},
		{VERDICT_PATH, "OPTIONS", "*"},
		{VERDICT_PATH, "GET", ""},
	};
	static const struct example plain = {VERDICT_NONE, {SIGNATURE, TOPIC, SHOP, LENGTH}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		struct request_head head = post();

		head.method = routes[i].method;
		head.path = routes[i].path;
		assert_int_equal(judge(&head, &plain), routes[i].verdict);
	}
}

static void old_http_has_no_chunks(void **state)
{
	static const struct example chunked = {
		VERDICT_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: chunked"}};
	static const struct example plain = {VERDICT_NONE, {SIGNATURE, TOPIC, SHOP, LENGTH}};
	struct request_head head = post();
	struct request_head with_length = post();

	(void)state;
	head.version = "HTTP/1.0";
	assert_int_equal(judge(&head, &chunked), VERDICT_MALFORMED);
	with_length.version = "HTTP/1.0";
	assert_int_equal(judge(&with_length, &plain), VERDICT_NONE);
}

static void only_old_http_has_no_host(void **state)
{
	static const struct {
		enum verdict verdict;
		const char *version;
	} versions[] = {{VERDICT_MALFORMED, "HTTP/1.1"}, {VERDICT_UNSIGNED, "HTTP/1.0"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct request_head head = post();

		head.version = versions[i].version;
		take(&head, LENGTH);
		assert_int_equal(request_judge(&head, MAX_BODY), versions[i].verdict);
	}
}

static void values_are_trimmed_and_copied(void **state)
{
	static const struct example example = {VERDICT_NONE,
		{SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic: \torders/create\t ",
			"X-Shopify-Webhook-Id: b54557e4-bdd9", "X-Shopify-Event-Id: a b",
			"X-Shopify-Triggered-At: \x80", "X-Shopify-Test: TRUE"}};
	struct arena *arena = arena_create(1024);
	struct request_head head = post();
	char long_id[REQUEST_ID_MAX + 2];
	struct span too_long = {long_id, REQUEST_ID_MAX + 1};

	(void)state;
	memset(long_id, 'a', sizeof(long_id));
	assert_int_equal(judge(&head, &example), VERDICT_NONE);
	assert_string_equal(request_copy(arena, &head.topic), "orders/create");
	assert_string_equal(request_copy_id(arena, &head.webhook_id), "b54557e4-bdd9");
	assert_null(request_copy_id(arena, &head.event_id));
	assert_null(request_copy_id(arena, &head.triggered_at));
	assert_null(request_copy_id(arena, &head.api_version));
	assert_null(request_copy_id(arena, &too_long));
	assert_true(request_says(&head.test, "true"));
	assert_false(request_says(&head.webhook_id, "true"));
	assert_int_equal(request_length(&head), 10);
	arena_destroy(arena);
}

static void names_have_a_bounded_length(void **state)
{
	static const struct example rest = {VERDICT_NONE, {SIGNATURE, SHOP, LENGTH}};
	char topic[REQUEST_TOPIC_MAX + 1];
	const struct span name = {"X-Shopify-Topic", 15};

	(void)state;
	memset(topic, 'a', sizeof(topic));
	for (size_t length = REQUEST_TOPIC_MAX; length <= REQUEST_TOPIC_MAX + 1; length++) {
		const struct span value = {topic, length};
		struct request_head head = post();

		request_header(&head, &name, &value);
		assert_int_equal(judge(&head, &rest),
			length <= REQUEST_TOPIC_MAX ? VERDICT_NONE : VERDICT_HEADERS);
	}
}

/* ReCharge's: the shop and the topic are in the path, or the topic in a header, or in both. */
static void recharges_paths_name_shop_and_topic(void **state)
{
#define TO "/webhooks/recharge/a.myshopify.com"
	static const struct {
		const char *path;
		const char *header;
		enum verdict verdict;
		const char *topic;
	} examples[] = {
		{TO "/charge/failed", NULL, VERDICT_NONE, "charge/failed"},
		{TO "/charge/max_retries_reached", "X-Recharge-Topic: charge/max_retries_reached",
			VERDICT_NONE, "charge/max_retries_reached"},
		{TO, "X-Recharge-Topic: order/processed", VERDICT_NONE, "order/processed"},
		{TO "/", "X-Recharge-Topic: order/processed", VERDICT_NONE, "order/processed"},
		{TO, "X-Shopify-Topic: order/processed", VERDICT_RECHARGE_TOPIC, NULL},
		{TO "/charge/failed", "X-Recharge-Topic: charge/paid", VERDICT_RECHARGE_TOPIC,
			NULL},
		{TO "/charge/failed", "X-Recharge-Topic: charge", VERDICT_RECHARGE_TOPIC, NULL},
		{TO "/charge", NULL, VERDICT_PATH, NULL},
		{TO "/charge/", NULL, VERDICT_PATH, NULL},
		{TO "//failed", NULL, VERDICT_PATH, NULL},
		{TO "/charge/failed/", NULL, VERDICT_PATH, NULL},
		{TO "/charge/a:b", NULL, VERDICT_PATH, NULL},
		{"/webhooks/recharge/", NULL, VERDICT_PATH, NULL},
		{"/webhooks/recharge//charge/failed", NULL, VERDICT_PATH, NULL},
		{"/webhooks/recharge/a_b/charge/failed", NULL, VERDICT_PATH, NULL},
		{"/webhooks/recharge", NULL, VERDICT_PATH, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		const struct example lines = {
			0, {LENGTH, "X-Recharge-Hmac-Sha256: " DIGITS_64, examples[i].header}};
		struct request_head head = post();
		enum verdict verdict;

		head.path = examples[i].path;
		verdict = judge(&head, &lines);
		if (verdict != examples[i].verdict)
			fail_msg("%s: verdict %d", examples[i].path, (int)verdict);
		if (verdict != VERDICT_NONE)
			continue;
		assert_int_equal(head.shop.length, strlen("a.myshopify.com"));
		assert_int_equal(head.topic.length, strlen(examples[i].topic));
		assert_memory_equal(head.topic.start, examples[i].topic, head.topic.length);
	}
#undef TO
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_webhooks_pass),
		cmocka_unit_test(doubtful_framing_is_malformed),
		cmocka_unit_test(names_and_values_are_checked),
		cmocka_unit_test(what_every_webhook_has_is_needed),
		cmocka_unit_test(kinds_that_cannot_be_used_are_told_apart),
		cmocka_unit_test(only_posts_to_the_path_pass),
		cmocka_unit_test(old_http_has_no_chunks),
		cmocka_unit_test(only_old_http_has_no_host),
		cmocka_unit_test(values_are_trimmed_and_copied),
		cmocka_unit_test(names_have_a_bounded_length),
		cmocka_unit_test(recharges_paths_name_shop_and_topic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
