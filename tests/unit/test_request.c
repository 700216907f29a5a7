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
	enum http_outcome outcome;
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

static enum http_outcome check_head(struct request_head *head, const struct example *example)
{
	take(head, "Host: relay.example");
	for (size_t i = 0; i < LINES_MAX && example->lines[i] != NULL; i++)
		take(head, example->lines[i]);
	return request_check_head(head, MAX_BODY);
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
		enum http_outcome outcome = check_head(&head, &examples[i]);

		if (outcome != examples[i].outcome)
			fail_msg("example %zu: outcome %d instead of %d (%s)", i, (int)outcome,
				(int)examples[i].outcome,
				head.problem != NULL ? head.problem : "no problem");
		if (outcome == HTTP_MALFORMED || outcome == HTTP_HEADERS ||
			outcome == HTTP_UNSIGNED)
			assert_non_null(head.problem);
	}
}

static void plain_webhooks_pass(void **state)
{
	static const struct example examples[] = {
		{HTTP_UNDECIDED, {SIGNATURE, TOPIC, SHOP, LENGTH}},
		{HTTP_UNDECIDED, {"Transfer-Encoding: chunked", SIGNATURE, TOPIC, SHOP}},
		{HTTP_UNDECIDED, {"transfer-encoding: Chunked", SIGNATURE, TOPIC, SHOP}},
		{HTTP_UNDECIDED,
			{"x-shopify-hmac-sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
				"X-SHOPIFY-TOPIC:\t orders/create \t", "x-shopify-shop-domain:a",
				"content-length:1000"}},
		{HTTP_UNDECIDED, {SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic: customer.tags_added"}},
		{HTTP_UNDECIDED,
			{SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Type: application/json"}},
		{HTTP_UNDECIDED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X-Anything: caf\xc3\xa9\tyes"}},
		{HTTP_UNDECIDED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Via: 1.1 a", "Via: 1.1 b"}},
		{HTTP_UNDECIDED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Shopify-Handle: both"}},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void doubtful_framing_is_malformed(void **state)
{
	static const struct example examples[] = {
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Length: 10"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Length: 11"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Transfer-Encoding: chunked"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length : 10"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Length : 10"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Length10: 10"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Transfer-Encodingx: chunked"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length: +10"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length: -1"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length: 10,10"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length: 0x10"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length: "}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Content-Length: 99999999999999999999"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: xchunked"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: identity"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: identity, chunked"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: chunked, chunked"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: chunked",
					 "Transfer-Encoding: chunked"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: \"chunked\""}},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void names_and_values_are_checked(void **state)
{
	static const struct example examples[] = {
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X Y: 1"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X\t: 1"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, " X: 1"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, ": 1"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X(Y): 1"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X\x80: 1"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X: a\rb"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X: a\x01"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X: a\x7f"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, SIGNATURE}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "x-shopify-topic: orders/paid"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "X-SHOPIFY-SHOP-DOMAIN: b"}},
		{HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, LENGTH, "Host: relay.example"}},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void what_every_webhook_has_is_needed(void **state)
{
	static const struct example examples[] = {
		{HTTP_UNSIGNED, {TOPIC, SHOP, LENGTH}},
		{HTTP_UNSIGNED, {TOPIC, SHOP, LENGTH, "X-Shopify-Hmac-Sha256:"}},
		{HTTP_UNSIGNED, {TOPIC, SHOP, LENGTH, "X-Shopify-Hmac-Sha256: not base64"}},
		{HTTP_HEADERS, {SIGNATURE, SHOP, LENGTH}},
		{HTTP_HEADERS, {SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic:"}},
		{HTTP_HEADERS, {SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic: orders create"}},
		{HTTP_HEADERS, {SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic: a\"b"}},
		{HTTP_HEADERS, {SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic: caf\xc3\xa9"}},
		{HTTP_HEADERS, {SIGNATURE, TOPIC, LENGTH}},
		{HTTP_HEADERS, {SIGNATURE, TOPIC, LENGTH, "X-Shopify-Shop-Domain: a b"}},
		{HTTP_HEADERS, {SIGNATURE, TOPIC, LENGTH, "X-Shopify-Shop-Domain: a/b"}},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void kinds_that_cannot_be_used_are_told_apart(void **state)
{
	static const struct example examples[] = {
		{HTTP_TOO_LARGE, {SIGNATURE, TOPIC, SHOP, "Content-Length: 1001"}},
		{HTTP_XML, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Type: application/xml"}},
		{HTTP_XML, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Type: Text/XML; charset=x"}},
		{HTTP_XML, {SIGNATURE, TOPIC, SHOP, LENGTH, "Content-Type: application/a+xml"}},
		{HTTP_NEXT_GENERATION,
			{"shopify-hmac-sha256: A", "shopify-topic: Product", LENGTH}},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void only_posts_to_the_path_pass(void **state)
{
	static const struct {
		enum http_outcome outcome;
		const char *method;
		const char *path;
	} routes[] = {
		{HTTP_UNDECIDED, "POST", "/webhooks/shopify"},
		{HTTP_METHOD, "GET", "/webhooks/shopify"},
		{HTTP_METHOD, "post", "/webhooks/shopify"},
		{HTTP_METHOD, "OPTIONS", "/webhooks/shopify"},
		{HTTP_PATH, "POST", "/webhooks/shopify/"},
		{HTTP_PATH, "POST", "/webhooks"},
		{HTTP_PATH, "GET", "/"},
		{HTTP_PATH, "OPTIONS", "*"},
		{HTTP_PATH, "GET", ""},
	};
	static const struct example plain = {HTTP_UNDECIDED, {SIGNATURE, TOPIC, SHOP, LENGTH}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		struct request_head head = post();

		head.method = routes[i].method;
		head.path = routes[i].path;
		assert_int_equal(check_head(&head, &plain), routes[i].outcome);
	}
}

static void old_http_has_no_chunks(void **state)
{
	static const struct example chunked = {
		HTTP_MALFORMED, {SIGNATURE, TOPIC, SHOP, "Transfer-Encoding: chunked"}};
	static const struct example plain = {HTTP_UNDECIDED, {SIGNATURE, TOPIC, SHOP, LENGTH}};
	struct request_head head = post();
	struct request_head with_length = post();

	(void)state;
	head.version = "HTTP/1.0";
	assert_int_equal(check_head(&head, &chunked), HTTP_MALFORMED);
	with_length.version = "HTTP/1.0";
	assert_int_equal(check_head(&with_length, &plain), HTTP_UNDECIDED);
}

static void only_old_http_has_no_host(void **state)
{
	static const struct {
		enum http_outcome outcome;
		const char *version;
	} versions[] = {{HTTP_MALFORMED, "HTTP/1.1"}, {HTTP_UNSIGNED, "HTTP/1.0"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct request_head head = post();

		head.version = versions[i].version;
		take(&head, LENGTH);
		assert_int_equal(request_check_head(&head, MAX_BODY), versions[i].outcome);
	}
}

static void values_are_trimmed_and_copied(void **state)
{
	static const struct example example = {HTTP_UNDECIDED,
		{SIGNATURE, SHOP, LENGTH, "X-Shopify-Topic: \torders/create\t ",
			"X-Shopify-Webhook-Id: b54557e4-bdd9", "X-Shopify-Event-Id: a b",
			"X-Shopify-Triggered-At: \x80", "X-Shopify-Test: TRUE"}};
	struct arena *arena = arena_create(1024);
	struct request_head head = post();
	char long_id[REQUEST_ID_MAX + 2];
	struct span too_long = {long_id, REQUEST_ID_MAX + 1};

	(void)state;
	memset(long_id, 'a', sizeof(long_id));
	assert_int_equal(check_head(&head, &example), HTTP_UNDECIDED);
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
	static const struct example rest = {HTTP_UNDECIDED, {SIGNATURE, SHOP, LENGTH}};
	char topic[REQUEST_TOPIC_MAX + 1];
	const struct span name = {"X-Shopify-Topic", 15};

	(void)state;
	memset(topic, 'a', sizeof(topic));
	for (size_t length = REQUEST_TOPIC_MAX; length <= REQUEST_TOPIC_MAX + 1; length++) {
		const struct span value = {topic, length};
		struct request_head head = post();

		request_header(&head, &name, &value);
		assert_int_equal(check_head(&head, &rest),
			length <= REQUEST_TOPIC_MAX ? HTTP_UNDECIDED : HTTP_HEADERS);
	}
}

/* ReCharge's: the shop and the topic are in the path, or the topic in a header, or in both. */
static void recharges_paths_name_shop_and_topic(void **state)
{
#define TO "/webhooks/recharge/a.myshopify.com"
	static const struct {
		const char *path;
		const char *header;
		enum http_outcome outcome;
		const char *topic;
	} examples[] = {
		{TO "/charge/failed", NULL, HTTP_UNDECIDED, "charge/failed"},
		{TO "/charge/max_retries_reached", "X-Recharge-Topic: charge/max_retries_reached",
			HTTP_UNDECIDED, "charge/max_retries_reached"},
		{TO, "X-Recharge-Topic: order/processed", HTTP_UNDECIDED, "order/processed"},
		{TO "/", "X-Recharge-Topic: order/processed", HTTP_UNDECIDED, "order/processed"},
		{TO, "X-Shopify-Topic: order/processed", HTTP_RECHARGE_TOPIC, NULL},
		{TO "/charge/failed", "X-Recharge-Topic: charge/paid", HTTP_RECHARGE_TOPIC, NULL},
		{TO "/charge/failed", "X-Recharge-Topic: charge", HTTP_RECHARGE_TOPIC, NULL},
		{TO "/charge", NULL, HTTP_PATH, NULL},
		{TO "/charge/", NULL, HTTP_PATH, NULL},
		{TO "//failed", NULL, HTTP_PATH, NULL},
		{TO "/charge/failed/", NULL, HTTP_PATH, NULL},
		{TO "/charge/a:b", NULL, HTTP_PATH, NULL},
		{"/webhooks/recharge/", NULL, HTTP_PATH, NULL},
		{"/webhooks/recharge//charge/failed", NULL, HTTP_PATH, NULL},
		{"/webhooks/recharge/a_b/charge/failed", NULL, HTTP_PATH, NULL},
		{"/webhooks/recharge", NULL, HTTP_PATH, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		const struct example lines = {
			0, {LENGTH, "X-Recharge-Hmac-Sha256: " DIGITS_64, examples[i].header}};
		struct request_head head = post();
		enum http_outcome outcome;

		head.path = examples[i].path;
		outcome = check_head(&head, &lines);
		if (outcome != examples[i].outcome)
			fail_msg("%s: outcome %d", examples[i].path, (int)outcome);
		if (outcome != HTTP_UNDECIDED)
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
