/* What the storefront's hints do to carts, checkouts, orders and customers, and what they cannot.
 */
#include "remembering.h"

#include "config/options.h"
#include "mapping/identity/identity.h"

#include <stdio.h>

#define HINT "storefront/hint"
#define ALLOWED "\"consent\":{\"analytics\":true}"
#define REFUSED "\"consent\":{\"analytics\":false}"

static const char checkout[] = "{\"token\":\"checkout-1\",\"cart_token\":\"cart-1\","
			       "\"created_at\":\"2026-11-21T10:00:00Z\",\"total_price\":\"9.00\","
			       "\"customer\":{\"id\":7,\"email\":\"alma@example.com\"}}";
static const char order[] = "{\"id\":%d,\"checkout_token\":\"checkout-1\","
			    "\"cart_token\":\"cart-1\",\"created_at\":\"2026-11-23T10:00:00Z\","
			    "\"total_price\":\"9.00\",\"customer\":{\"id\":7}}";

/* A hint with these members. */
static void hint(struct given *given, const char *members)
{
	char body[512];

	(void)snprintf(body, sizeof(body), "{\"shop\":\"aurora.myshopify.com\",%s}", members);
	map(given, HINT, body);
}

static void place_order(struct given *given, int id)
{
	char body[512];

	(void)snprintf(body, sizeof(body), order, id);
	map(given, "orders/create", body);
}

static void both_tokens(struct given *given, const char *members)
{
	char all[384];

	(void)snprintf(all, sizeof(all),
		"\"cart_token\":\"cart-1\",\"checkout_token\":\"checkout-1\",%s", members);
	hint(given, all);
}

static int told(struct given *given, const char *event)
{
	int count = 0;

	for (const struct segment_call *call = given->mapped.calls; call != NULL; call = call->next)
		count += call->call == TRACK && strcmp(call->event, event) == 0;
	return count;
}

/* ---- consent ---- */

/* The script knows the cart's token alone, the pixel has told the checkout's, too. */
static void a_refusal_by_the_cart_is_one_of_its_checkout(void **state)
{
	struct given *given = *state;

	both_tokens(given, "\"anonymous_id\":\"browser-1\",\"ip\":\"203.0.113.9\"," ALLOWED);
	map(given, "checkouts/create", checkout);
	assert_last_has(given, "\"anonymousId\":\"browser-1\"");
	hint(given, "\"cart_token\":\"cart-1\"," REFUSED);
	place_order(given, 1);
	assert_last_has_not(given, "browser-1");
	assert_last_has_not(given, "203.0.113.9");
	assert_last_has(given, "\"Analytics\":false");
}

static void a_refusal_stands_until_the_visitor_agrees(void **state)
{
	struct given *given = *state;

	hint(given, "\"cart_token\":\"cart-1\"," REFUSED);
	hint(given, "\"cart_token\":\"cart-1\",\"anonymous_id\":\"browser-1\"");
	hint(given, "\"cart_token\":\"cart-1\",\"anonymous_id\":\"browser-1\","
		    "\"consent\":{\"marketing\":true}");
	map(given, "checkouts/create", checkout);
	assert_last_has_not(given, "browser-1");
	assert_last_has(given, "\"Analytics\":false");
	hint(given, "\"cart_token\":\"cart-1\",\"anonymous_id\":\"browser-2\"," ALLOWED);
	place_order(given, 1);
	assert_last_has(given, "\"anonymousId\":\"browser-2\"");
	assert_last_has(given, "\"Analytics\":true");
}

/* What the attributes brought is the browser's, too, wherever it was remembered since. */
static void a_refusal_reaches_the_order_and_the_customer(void **state)
{
	static const char refund[] =
		"{\"id\":5,\"order_id\":1,\"created_at\":\"2026-11-23T11:00:00Z\","
		"\"transactions\":[{\"kind\":\"refund\",\"status\":\"success\","
		"\"amount\":\"9.00\",\"currency\":\"USD\"}]}";
	static const char with_attribute[] =
		"{\"id\":1,\"checkout_token\":\"checkout-1\",\"cart_token\":\"cart-1\","
		"\"created_at\":\"2026-11-23T10:00:00Z\",\"total_price\":\"9.00\","
		"\"currency\":\"USD\",\"customer\":{\"id\":7},\"note_attributes\":[{\"name\":"
		"\"_segment_anonymous_id\",\"value\":\"browser-1\"}]}";
	struct given *given = *state;

	map(given, "orders/create", with_attribute);
	assert_last_has(given, "\"anonymousId\":\"browser-1\"");
	hint(given, "\"cart_token\":\"cart-1\"," REFUSED);
	map(given, "refunds/create", refund);
	assert_int_equal(told(given, "Order Refunded"), 1);
	assert_last_has_not(given, "browser-1");
	assert_last_has(given, "\"Analytics\":false");
	map(given, "customers/create", "{\"id\":7,\"created_at\":\"2026-11-23T12:00:00Z\"}");
	assert_last_has_not(given, "browser-1");
	/* not even when the visitor agrees again */
	hint(given, "\"cart_token\":\"cart-1\"," ALLOWED);
	map(given, "checkouts/create", checkout);
	assert_last_has_not(given, "browser-1");
}

#define SUBSCRIBER "\"customer\":{\"id\":61345812,\"external_customer_id\":{\"ecommerce\":\"7\"}}"

/* ReCharge keeps the first checkout's attributes, and repeats them in each of its bodies. */
static const char renewal[] = "{\"order\":{\"id\":%d,\"type\":\"recurring\",\"status\":\"success\","
			      "\"order_attributes\":[{\"name\":\"_segment_anonymous_id\","
			      "\"value\":\"browser-1\"}]," SUBSCRIBER "}}";

static void renew(struct given *given, int id)
{
	char body[512];

	(void)snprintf(body, sizeof(body), renewal, id);
	map(given, "recharge:order/processed", body);
	assert_int_equal(told(given, "Order Processed"), 1);
}

static const char *remembered(struct given *given, const char *kind, const char *key)
{
	struct record_store memory = map_records_store(&given->memory);
	const char *json = NULL;

	assert_int_equal(memory.get(memory.context, kind, key, given->arena, &json), 0);
	return json != NULL ? json : "";
}

static void a_refusal_reaches_the_subscriber(void **state)
{
	struct given *given = *state;

	map(given, "checkouts/create", checkout);
	renew(given, 1);
	assert_last_has(given, "\"anonymousId\":\"browser-1\"");
	assert_non_null(strstr(remembered(given, "recharge_customer", "61345812"), "browser-1"));
	hint(given, "\"cart_token\":\"cart-1\"," REFUSED);
	assert_null(strstr(remembered(given, "recharge_customer", "61345812"), "browser-1"));
	renew(given, 2);
	assert_last_has_not(given, "browser-1");
	assert_last_has(given, "\"userId\":\"7\"");
	/* not even when the visitor agrees again */
	hint(given, "\"cart_token\":\"cart-1\"," ALLOWED);
	renew(given, 3);
	assert_last_has_not(given, "browser-1");
	assert_null(strstr(remembered(given, "recharge_customer", "61345812"), "browser-1"));
}

/* What waits is told as what is known when its customer is found. */
static void a_refusal_before_the_subscriber_is_known_reaches_them(void **state)
{
	static const char subscription[] =
		"{\"subscription\":{\"id\":9,\"customer_id\":61345812,\"status\":\"active\","
		"\"note_attributes\":[{\"name\":\"_segment_anonymous_id\","
		"\"value\":\"browser-1\"}]}}";
	struct given *given = *state;

	hint(given, "\"cart_token\":\"cart-1\"," REFUSED);
	map(given, "recharge:subscription/created", subscription);
	place_order(given, 1);
	map(given, "recharge:customer/created", "{" SUBSCRIBER "}");
	assert_int_equal(told(given, "Subscription Created"), 1);
	assert_last_has(given, "\"userId\":\"7\"");
	assert_last_has_not(given, "browser-1");
	assert_null(strstr(remembered(given, "recharge_customer", "61345812"), "browser-1"));
}

/* ---- what anyone can post ---- */

/* What is large and only nice to have goes; what says whose cart it is stays. */
static void a_link_stays_small(void **state)
{
	struct given *given = *state;
	struct text body = {0};
	const char *link;

	for (int part = 0; part < 2; part++) { /* a page, and later a campaign */
		text_cut(&body, 0);
		text_put(&body, "{\"shop\":\"aurora.myshopify.com\",\"cart_token\":\"cart-1\","
				"\"anonymous_id\":\"browser-1\",\"user_agent\":\"UA\",");
		text_put(&body, part == 0 ? "\"page\":{" : "\"campaign\":{");
		for (int i = 0; i < 5; i++)
			text_format(&body, "%s\"%s\":\"%0300d\"", i > 0 ? "," : "",
				((const char *[]){
					"name", "source", "medium", "term", "content"})[i],
				7);
		text_put(&body, "}}");
		map(given, HINT, text_string(&body));
		link = remembered(given, "link", "cart-1");
		assert_in_range(strlen(link), 1500, 2048);
		assert_non_null(strstr(link, "browser-1"));
	}
	assert_null(strstr(link, "\"page\""));
	text_free(&body);
}

/* Until a webhook names its cart or its checkout, whichever comes first, and whatever a hint says.
 */
static void only_a_webhook_names_a_link(void **state)
{
	struct given *given = *state;

	hint(given, "\"cart_token\":\"cart-1\",\"anonymous_id\":\"browser-1\","
		    "\"locale\":\"\\\"named\\\":\\\"true\\\"\"");
	assert_false(links_are_named(remembered(given, "link", "cart-1")));
	hint(given, "\"cart_token\":\"cart-1\",\"anonymous_id\":\"browser-2\"");
	assert_false(links_are_named(remembered(given, "link", "cart-1")));
	map(given, "checkouts/create", checkout);
	assert_true(links_are_named(remembered(given, "link", "cart-1")));
	hint(given, "\"cart_token\":\"cart-1\",\"anonymous_id\":\"browser-1\"");
	assert_true(links_are_named(remembered(given, "link", "cart-1")));
	/* the webhook first */
	map(given, "carts/create", "{\"id\":\"cart-2\",\"token\":\"cart-2\",\"line_items\":[]}");
	hint(given, "\"cart_token\":\"cart-2\",\"anonymous_id\":\"browser-1\"");
	assert_true(links_are_named(remembered(given, "link", "cart-2")));
	/* as it was kept before there was a mark */
	assert_true(links_are_named("{\"customer_id\":\"7\"}"));
	assert_false(links_are_named("{\"browser\":{\"anonymous_id\":\"b\"}}"));
}

static void a_hint_gives_no_customer_to_another_cart(void **state)
{
	struct given *given = *state;

	map(given, "checkouts/create", checkout);
	hint(given, "\"cart_token\":\"cart-2\",\"checkout_token\":\"checkout-1\","
		    "\"anonymous_id\":\"browser-2\"");
	map(given, "checkouts/create",
		"{\"token\":\"checkout-2\",\"cart_token\":\"cart-2\","
		"\"created_at\":\"2026-11-21T10:00:00Z\",\"phone\":\"+15555550100\"}");
	assert_true(calls(given) > 0);
	assert_last_has_not(given, "alma@example.com");
	assert_last_has_not(given, "\"userId\"");
	assert_last_has(given, "\"anonymousId\":\"browser-2\"");
}

static void another_browser_of_a_known_buyer_leaves_nothing(void **state)
{
	struct given *given = *state;

	both_tokens(given, "\"anonymous_id\":\"browser-1\",\"google_client_id\":\"1.1\"");
	map(given, "checkouts/create", checkout);
	both_tokens(given, "\"anonymous_id\":\"browser-2\",\"google_client_id\":\"2.2\"");
	place_order(given, 1);
	assert_last_has(given, "\"anonymousId\":\"browser-1\"");
	assert_last_has(given, "\"clientId\":\"1.1\"");
}

static void an_order_is_thanked_for_under_its_own_checkout(void **state)
{
	static const char thanks[] = "\"cart_token\":\"cart-1\",\"checkout_token\":\"%s\","
				     "\"event\":{\"name\":\"checkout_completed\","
				     "\"time\":\"2026-11-23T11:00:00Z\"}";
	struct given *given = *state;
	char members[256];

	place_order(given, 1);
	(void)snprintf(members, sizeof(members), thanks, "made-up");
	hint(given, members);
	assert_int_equal(told(given, "Thank you page"), 0);
	(void)snprintf(members, sizeof(members), thanks, "checkout-1");
	hint(given, members);
	assert_int_equal(told(given, "Thank you page"), 1);
}

static void a_payment_is_of_its_checkout_not_of_the_next(void **state)
{
	struct given *given = *state;

	both_tokens(given, "\"event\":{\"name\":\"payment_info_submitted\","
			   "\"time\":\"2026-11-21T11:00:00Z\"}");
	map(given, "checkouts/create", checkout);
	assert_int_equal(told(given, "Payment Info Entered"), 1);
	map(given, "checkouts/create",
		"{\"token\":\"checkout-2\",\"cart_token\":\"cart-1\","
		"\"created_at\":\"2026-11-22T10:00:00Z\",\"email\":\"alma@example.com\"}");
	assert_int_equal(told(given, "Checkout Started"), 1);
	assert_int_equal(told(given, "Payment Info Entered"), 0);
}

static void failures_of_one_checkout_are_bounded(void **state)
{
	struct given *given = *state;
	char members[256];
	int count = 0;

	assert_int_equal(
		strings_add(&shop_of(given)->storefront_origins, "https://aurora.example"), 0);
	map(given, "checkouts/create", checkout);
	for (int i = 0; i < 40; i++) {
		(void)snprintf(members, sizeof(members),
			"\"event\":{\"id\":\"alert-%d\",\"name\":\"alert_displayed\","
			"\"type\":\"PAYMENT_ERROR\",\"time\":\"2026-11-21T11:00:00Z\"}",
			i);
		both_tokens(given, members);
		count += told(given, "Payment Failure");
	}
	assert_int_equal(count, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_refusal_by_the_cart_is_one_of_its_checkout),
		TEST(a_refusal_stands_until_the_visitor_agrees),
		TEST(a_refusal_reaches_the_order_and_the_customer),
		TEST(a_refusal_reaches_the_subscriber),
		TEST(a_refusal_before_the_subscriber_is_known_reaches_them),
		TEST(a_hint_gives_no_customer_to_another_cart),
		TEST(a_link_stays_small),
		TEST(only_a_webhook_names_a_link),
		TEST(another_browser_of_a_known_buyer_leaves_nothing),
		TEST(an_order_is_thanked_for_under_its_own_checkout),
		TEST(a_payment_is_of_its_checkout_not_of_the_next),
		TEST(failures_of_one_checkout_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
