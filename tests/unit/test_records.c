/* What the mapping remembers from one webhook to the next, in whichever order they come. */
#include "remembering.h"

#include <stdio.h>

/* ---- tags ---- */

static void tag(struct given *given, const char *change, const char *day, const char *tags)
{
	char topic[64];
	char body[256];

	(void)snprintf(topic, sizeof(topic), "customer.tags_%s", change);
	(void)snprintf(body, sizeof(body),
		"{\"customerId\":\"gid://shopify/Customer/7\",\"tags\":[%s],"
		"\"occurredAt\":\"2026-11-%sT10:00:00Z\"}",
		tags, day);
	map(given, topic, body);
}

static void tags_are_those_of_the_newest_changes(void **state)
{
	struct given *given = *state;

	tag(given, "removed", "03", "\"b\"");
	tag(given, "added", "02", "\"b\",\"c\"");
	tag(given, "added", "01", "\"a\",\"b\"");
	assert_last_has(given, "\"tags\":\"a, c\"");
	assert_last_has(given, "\"userId\":\"7\"");
	tag(given, "added", "04", "\"b\"");
	assert_last_has(given, "\"tags\":\"a, b, c\"");
	tag(given, "removed", "05", "\"a\",\"b\",\"c\"");
	assert_last_has_not(given, "\"tags\"");
}

/* Before 2025-01 a customer carried all tags. */
static void a_whole_list_of_tags_counts_from_its_time_on(void **state)
{
	static const char whole[] = "{\"id\":7,\"updated_at\":\"2026-11-05T10:00:00Z\","
				    "\"tags\":\"old, vip\"}";
	struct given *given = *state;

	tag(given, "added", "04", "\"before\"");
	tag(given, "removed", "06", "\"vip\"");
	tag(given, "added", "07", "\"after\"");
	map(given, "customers/update", whole);
	assert_last_has(given, "\"tags\":\"old, after\"");
	map(given, "customers/update",
		"{\"id\":7,\"updated_at\":\"2026-11-01T10:00:00Z\",\"tags\":\"ancient\"}");
	assert_last_has(given, "\"tags\":\"old, after\"");
}

/* ---- groups ---- */

static void each_group_of_traits_has_a_time_of_its_own(void **state)
{
	struct given *given = *state;

	map(given, "customers/update",
		"{\"id\":7,\"updated_at\":\"2026-11-09T10:00:00Z\",\"first_name\":\"New\"}");
	/* older than the name, but the only word about consent and sums */
	map(given, "customers_email_marketing_consent/update",
		"{\"customer_id\":7,\"email_address\":\"a@b.example\",\"email_marketing_consent\":"
		"{\"state\":\"subscribed\",\"opt_in_level\":\"single_opt_in\","
		"\"consent_updated_at\":\"2026-11-08T10:00:00Z\"}}");
	map(given, "customers/purchasing_summary",
		"{\"customerId\":\"gid://shopify/Customer/7\",\"numberOfOrders\":3,"
		"\"amountSpent\":{\"amount\":\"99.50\",\"currencyCode\":\"USD\"},"
		"\"occurredAt\":\"2026-11-08T11:00:00Z\"}");
	map(given, "customers/update",
		"{\"id\":7,\"updated_at\":\"2026-11-07T10:00:00Z\",\"first_name\":\"Old\","
		"\"last_name\":\"Known\",\"orders_count\":1,\"total_spent\":\"5.00\","
		"\"email_marketing_consent\":{\"state\":\"unsubscribed\","
		"\"consent_updated_at\":\"2026-11-01T10:00:00Z\"}}");
	assert_last_has(given, "\"firstName\":\"New\"");
	assert_last_has(given, "\"lastName\":\"Known\"");
	assert_last_has(given, "\"email\":\"a@b.example\"");
	assert_last_has(given, "\"email_consent_state\":\"subscribed\"");
	assert_last_has(given, "\"customerLifetimeValue\":99.50,\"purchaseCount\":3");
}

static void a_consents_address_replaces_none(void **state)
{
	struct given *given = *state;

	map(given, "customers/update",
		"{\"id\":7,\"updated_at\":\"2026-11-09T10:00:00Z\",\"email\":\"new@b.example\"}");
	map(given, "customers_email_marketing_consent/update",
		"{\"customer_id\":7,\"email_address\":\"old@b.example\","
		"\"email_marketing_consent\":{\"state\":\"subscribed\"}}");
	assert_last_has(given, "\"email\":\"new@b.example\"");
}

/* ---- merges ---- */

static void a_merged_customer_is_the_one_that_was_kept(void **state)
{
	struct given *given = *state;

	map(given, "customers/update", "{\"id\":7,\"first_name\":\"Ann\",\"phone\":\"+1\"}");
	map(given, "customers/update", "{\"id\":8,\"first_name\":\"Anna\"}");
	map(given, "customers/merge",
		"{\"admin_graphql_api_customer_kept_id\":\"gid://shopify/Customer/8\","
		"\"admin_graphql_api_customer_deleted_id\":\"gid://shopify/Customer/7\","
		"\"status\":\"completed\"}");
	assert_int_equal(calls(given), 1);
	assert_int_equal(last_call(given)->call, ALIAS);
	assert_last_has(given, "{\"userId\":\"8\",\"previousId\":\"7\"");
	map(given, "orders/create", "{\"id\":1,\"customer\":{\"id\":7}}");
	assert_last_has(given, "\"userId\":\"8\"");
	assert_last_has(given, "\"firstName\":\"Anna\"");
	assert_last_has(given, "\"phone\":\"+1\"");
}

static void who_is_gone_only_fills_in_what_is_not_known(void **state)
{
	struct given *given = *state;

	map(given, "customers/update",
		"{\"id\":8,\"updated_at\":\"2026-11-01T10:00:00Z\",\"email\":\"kept@b.example\"}");
	map(given, "customers/merge",
		"{\"admin_graphql_api_customer_kept_id\":\"gid://shopify/Customer/8\","
		"\"admin_graphql_api_customer_deleted_id\":\"gid://shopify/Customer/7\","
		"\"status\":\"completed\"}");
	map(given, "customers/update",
		"{\"id\":7,\"updated_at\":\"2026-11-02T10:00:00Z\",\"email\":\"gone@b.example\","
		"\"phone\":\"+1\"}");
	assert_last_has(given, "\"userId\":\"8\"");
	assert_last_has(given, "\"email\":\"kept@b.example\",\"phone\":\"+1\"");
}

static void enabling_is_told_once_whichever_topic_shows_it(void **state)
{
	struct given *given = *state;

	map(given, "customers/create", "{\"id\":7,\"state\":\"disabled\"}");
	map(given, "customers/update",
		"{\"id\":7,\"updated_at\":\"2026-11-01T10:00:00Z\",\"state\":\"enabled\"}");
	assert_string_equal(last_call(given)->event, "Customer Enabled");
	map(given, "customers/enable",
		"{\"id\":7,\"updated_at\":\"2026-11-01T10:00:01Z\",\"state\":\"enabled\"}");
	assert_int_equal(calls(given), 0);
	map(given, "customers/disable",
		"{\"id\":7,\"updated_at\":\"2026-11-02T10:00:00Z\",\"state\":\"disabled\"}");
	map(given, "customers/enable",
		"{\"id\":7,\"updated_at\":\"2026-11-03T10:00:00Z\",\"state\":\"enabled\"}");
	assert_string_equal(last_call(given)->event, "Customer Enabled");
}

static void a_merge_that_failed_merges_nothing(void **state)
{
	struct given *given = *state;

	map(given, "customers/merge",
		"{\"admin_graphql_api_customer_kept_id\":\"gid://shopify/Customer/8\","
		"\"admin_graphql_api_customer_deleted_id\":\"gid://shopify/Customer/7\","
		"\"status\":\"failed\"}");
	assert_int_equal(calls(given), 0);
	map(given, "orders/create", "{\"id\":1,\"customer\":{\"id\":7}}");
	assert_last_has(given, "\"userId\":\"7\"");
}

/* ---- carts ---- */

#define LINE(key, quantity)                                                  \
	"{\"key\":\"" key "\",\"variant_id\":" key ",\"quantity\":" quantity \
	",\"title\":\"Mug\",\"price\":\"9.00\",\"line_price\":\"9.00\"}"

static void cart(struct given *given, const char *created, const char *seconds, const char *lines)
{
	struct text body = {0};

	text_format(&body,
		"{\"token\":\"c1\",\"created_at\":\"%s\",\"updated_at\":\"2026-11-23T10:00:%sZ\","
		"\"line_items\":[%s]}",
		created, seconds, lines);
	map(given, "carts/update", text_string(&body));
	text_free(&body);
}

static const char today[] = "2026-11-23T09:00:00Z";

static void a_cart_that_was_forgotten_is_not_told_again(void **state)
{
	struct given *given = *state;

	cart(given, "2026-01-01T00:00:00Z", "01", LINE("1", "2"));
	assert_false(run_out(given));
	cart(given, "2026-01-01T00:00:00Z", "02", LINE("1", "3"));
	assert_true(run_out(given));
	assert_int_equal(calls(given), 1);
	assert_last_has(given, "\"quantity\":1");
}

static void lines_of_one_key_are_one(void **state)
{
	struct given *given = *state;

	cart(given, today, "01", LINE("1", "2") "," LINE("1", "1") "," LINE("2", "0"));
	assert_true(run_out(given));
	assert_int_equal(calls(given), 1);
	assert_last_has(given, "\"quantity\":3");
}

static void the_change_is_told_with_the_time_that_brought_it(void **state)
{
	struct given *given = *state;

	/* an attribute was written at 05 */
	cart(given, today, "05", LINE("1", "1"));
	cart(given, today, "03", LINE("1", "1"));
	cart(given, today, "01", "");
	assert_true(run_out(given));
	assert_last_has(given, "\"timestamp\":\"2026-11-23T10:00:03.000Z\"");
	assert_string_equal(last_call(given)->key, "c1|1|1|2026-11-23T10:00:03Z");
}

static void an_older_snapshot_does_not_date_back_what_came_after(void **state)
{
	struct given *given = *state;

	cart(given, today, "01", LINE("1", "2"));
	assert_true(run_out(given));
	cart(given, today, "02", "");
	assert_true(run_out(given));
	cart(given, today, "05", LINE("1", "2"));
	cart(given, today, "01", LINE("1", "2")); /* again, under another topic */
	assert_true(run_out(given));
	assert_string_equal(last_call(given)->key, "c1|1|2|2026-11-23T10:00:05Z");
}

static void a_snapshot_of_the_same_time_is_not_older(void **state)
{
	struct given *given = *state;

	cart(given, today, "01", LINE("1", "1"));
	cart(given, today, "01", LINE("1", "1") "," LINE("2", "1"));
	assert_true(run_out(given));
	assert_int_equal(calls(given), 2);
}

/* Whoever visits the shop chooses a line's properties. */
static void a_cart_of_any_size_is_told_in_bounds(void **state)
{
	struct given *given = *state;
	struct text lines = {0};

	for (int i = 0; i < 300; i++) {
		text_format(&lines,
			"%s{\"key\":\"%d\",\"variant_id\":%d,\"quantity\":1,\"title\":\"Mug\","
			"\"price\":\"9.00\",\"line_price\":\"9.00\",\"properties\":{",
			i > 0 ? "," : "", i + 1, i + 1);
		for (int j = 0; j < 100; j++)
			text_format(
				&lines, "%s\"property %d\":\"value %d\"", j > 0 ? "," : "", j, i);
		text_put(&lines, "}}");
	}
	cart(given, today, "01", text_string(&lines));
	text_free(&lines);
	assert_true(run_out(given));
	assert_int_equal(calls(given), 300);
	for (const struct segment_call *call = given->mapped.calls; call != NULL; call = call->next)
		assert_true(call->json_length < 32000);
	assert_last_has(given, "\"value\":2700.00");
	assert_last_has_not(given, "product_properties");
}

static void an_order_ends_its_cart(void **state)
{
	struct given *given = *state;

	cart(given, today, "01", LINE("1", "1"));
	assert_true(run_out(given));
	cart(given, today, "02", LINE("2", "1"));
	map(given, "orders/create", "{\"id\":1,\"cart_token\":\"c1\",\"customer\":{\"id\":7}}");
	assert_true(run_out(given));
	assert_int_equal(calls(given), 2); /* identify, and what was added */
	assert_string_equal(last_call(given)->event, "Product Added");
	assert_last_has(given, "\"userId\":\"7\"");
}

/* ---- people ---- */

static void what_was_told_under_a_made_up_id_is_joined(void **state)
{
	struct given *given = *state;
	char id[UUID_TEXT + 16];
	const char *at;

	map(given, "checkouts/create", "{\"token\":\"k1\",\"cart_token\":\"c1\"}");
	at = strstr(last_call(given)->json, "\"anonymousId\":\"");
	assert_non_null(at);
	(void)snprintf(id, sizeof(id), "%.52s", at);
	map(given, "orders/create",
		"{\"id\":1,\"cart_token\":\"c1\",\"checkout_token\":\"k1\",\"customer\":{\"id\":7}"
		"}");
	assert_last_has(given, id);
	assert_last_has(given, "\"userId\":\"7\"");
	for (const struct segment_call *call = given->mapped.calls; call != NULL; call = call->next)
		assert_int_not_equal(call->call, ALIAS);
}

static void the_browser_is_found_by_the_customer_at_last(void **state)
{
	struct given *given = *state;

	map(given, "orders/create",
		"{\"id\":1,\"customer\":{\"id\":7},\"note_attributes\":[{\"name\":"
		"\"_segment_anonymous_id\",\"value\":\"browser-1\"}]}");
	map(given, "orders/create", "{\"id\":2,\"customer\":{\"id\":7}}");
	assert_last_has(given, "\"anonymousId\":\"browser-1\"");
	for (const struct segment_call *call = given->mapped.calls; call != NULL; call = call->next)
		assert_int_not_equal(call->call, ALIAS);
}

/* ---- the catalogue ---- */

static void the_catalogue_keeps_the_newest_state(void **state)
{
	static const char order[] =
		"{\"id\":%d,\"line_items\":[{\"product_id\":5,\"title\":\"Mug\"}]}";
	struct given *given = *state;
	char body[128];

	map(given, "products/update",
		"{\"id\":5,\"updated_at\":\"2026-11-02T10:00:00Z\",\"product_type\":\"Cups\","
		"\"handle\":\"mug\",\"images\":[{\"src\":\"https://cdn.example/1.jpg\"}]}");
	map(given, "products/update",
		"{\"id\":5,\"updated_at\":\"2026-11-01T10:00:00Z\",\"product_type\":\"Old\"}");
	(void)snprintf(body, sizeof(body), order, 1);
	map(given, "orders/create", body);
	assert_last_has(given, "\"category\":\"Cups\"");
	assert_last_has(given, "\"url\":\"https://aurora.myshopify.com/products/mug\"");
	assert_last_has(given, "\"image_url\":\"https://cdn.example/1.jpg\"");
	map(given, "products/delete", "{\"id\":5}");
	(void)snprintf(body, sizeof(body), order, 2);
	map(given, "orders/create", body);
	assert_last_has(given, "\"category\":\"all\"");
	assert_last_has_not(given, "\"url\"");
}

/* ---- a cart that was joined with its buyer ---- */

/* The calls of the last delivery that have both parts. */
static int calls_with(struct given *given, const char *part, const char *other)
{
	int count = 0;

	for (const struct segment_call *call = given->mapped.calls; call != NULL; call = call->next)
		count += strstr(call->json, part) != NULL && strstr(call->json, other) != NULL;
	return count;
}

static int joins(struct given *given, const char *order, const char *customer, const char *derived)
{
	char body[512];
	char user[32];

	(void)snprintf(body, sizeof(body),
		"{\"id\":%s,\"cart_token\":\"c1\",\"customer\":{\"id\":%s},\"note_attributes\":["
		"{\"name\":\"_segment_anonymous_id\",\"value\":\"browser-1\"}]}",
		order, customer);
	(void)snprintf(user, sizeof(user), "\"userId\":\"%s\"", customer);
	map(given, "orders/create", body);
	return calls_with(given, derived, user);
}

static void a_cart_is_joined_once_with_each_user(void **state)
{
	struct given *given = *state;
	char derived[UUID_TEXT + 16];
	const char *at;

	map(given, "checkouts/create", "{\"token\":\"k1\",\"cart_token\":\"c1\"}");
	at = strstr(last_call(given)->json, "\"anonymousId\":\"");
	assert_non_null(at);
	(void)snprintf(derived, sizeof(derived), "%.52s", at);
	assert_int_equal(joins(given, "1", "7", derived), 1);
	assert_int_equal(joins(given, "2", "7", derived), 0);
	assert_int_equal(joins(given, "3", "8", derived), 1);
	assert_int_equal(joins(given, "4", "8", derived), 0);
}

/* Two checkouts of a cart: the cart's link names the customer of the later one. */
static void a_checkouts_own_customer_counts_before_its_carts(void **state)
{
	struct given *given = *state;

	map(given, "checkouts/create",
		"{\"token\":\"k1\",\"cart_token\":\"c1\",\"customer\":{\"id\":7}}");
	map(given, "checkouts/create",
		"{\"token\":\"k2\",\"cart_token\":\"c1\",\"customer\":{\"id\":8}}");
	map(given, "orders/create", "{\"id\":1,\"checkout_token\":\"k1\",\"cart_token\":\"c1\"}");
	assert_last_has(given, "\"userId\":\"7\"");
	map(given, "checkouts/create", "{\"token\":\"k3\",\"cart_token\":\"c1\"}");
	assert_last_has(given, "\"userId\":\"7\""); /* the cart's link: the order's */
}

/* ---- the time of a group ---- */

static void summary(struct given *given, const char *day, int orders)
{
	char body[256];

	(void)snprintf(body, sizeof(body),
		"{\"customerId\":\"gid://shopify/Customer/7\",\"numberOfOrders\":%d,"
		"\"amountSpent\":{\"amount\":\"9.50\",\"currencyCode\":\"USD\"},"
		"\"occurredAt\":\"2026-11-%sT11:00:00Z\"}",
		orders, day);
	map(given, "customers/purchasing_summary", body);
}

static void a_payload_without_a_group_leaves_its_time(void **state)
{
	struct given *given = *state;

	summary(given, "01", 1);
	map(given, "customers/update",
		"{\"id\":7,\"updated_at\":\"2026-11-09T10:00:00Z\",\"first_name\":\"Ann\"}");
	assert_last_has(given, "\"purchaseCount\":1");
	summary(given, "05", 3);
	assert_last_has(given, "\"purchaseCount\":3");
}

static void an_older_state_of_a_group_leaves_its_time(void **state)
{
	struct given *given = *state;

	summary(given, "05", 3);
	summary(given, "01", 1);
	assert_last_has(given, "\"purchaseCount\":3");
	summary(given, "03", 2);
	assert_last_has(given, "\"purchaseCount\":3");
}

/* ---- Customer Enabled ---- */

static bool enables(struct given *given, const char *day, const char *state)
{
	char body[128];

	(void)snprintf(body, sizeof(body),
		"{\"id\":7,\"updated_at\":\"2026-11-%sT10:00:00Z\",\"state\":\"%s\"}", day, state);
	map(given, "customers/enable", body);
	return calls(given) > 0 && strcmp(last_call(given)->event, "Customer Enabled") == 0;
}

static void a_customer_without_a_password_is_enabled_once(void **state)
{
	struct given *given = *state;

	assert_true(enables(given, "01", "disabled"));
	assert_false(enables(given, "02", "disabled"));
	map(given, "customers/update",
		"{\"id\":7,\"updated_at\":\"2026-11-03T10:00:00Z\",\"state\":\"disabled\"}");
	assert_false(enables(given, "04", "disabled"));
}

static void an_update_that_shows_disabled_lets_it_be_enabled_again(void **state)
{
	struct given *given = *state;

	assert_true(enables(given, "01", "enabled"));
	map(given, "customers/update",
		"{\"id\":7,\"updated_at\":\"2026-11-02T10:00:00Z\",\"state\":\"disabled\"}");
	assert_true(enables(given, "03", "enabled"));
}

static void a_late_disable_does_not_let_it_be_enabled_again(void **state)
{
	struct given *given = *state;

	assert_true(enables(given, "03", "enabled"));
	map(given, "customers/disable",
		"{\"id\":7,\"updated_at\":\"2026-11-02T10:00:00Z\",\"state\":\"disabled\"}");
	assert_false(enables(given, "04", "enabled"));
}

static void enabling_who_was_enabled_before_is_remembered(void **state)
{
	struct given *given = *state;

	map(given, "customers/update",
		"{\"id\":7,\"updated_at\":\"2026-11-01T10:00:00Z\",\"state\":\"enabled\"}");
	assert_true(enables(given, "02", "disabled"));
	assert_false(enables(given, "03", "disabled"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tags_are_those_of_the_newest_changes),
		TEST(a_whole_list_of_tags_counts_from_its_time_on),
		TEST(each_group_of_traits_has_a_time_of_its_own),
		TEST(a_consents_address_replaces_none),
		TEST(a_merged_customer_is_the_one_that_was_kept),
		TEST(who_is_gone_only_fills_in_what_is_not_known),
		TEST(enabling_is_told_once_whichever_topic_shows_it),
		TEST(a_merge_that_failed_merges_nothing),
		TEST(a_cart_that_was_forgotten_is_not_told_again),
		TEST(lines_of_one_key_are_one),
		TEST(the_change_is_told_with_the_time_that_brought_it),
		TEST(an_older_snapshot_does_not_date_back_what_came_after),
		TEST(a_snapshot_of_the_same_time_is_not_older),
		TEST(a_cart_of_any_size_is_told_in_bounds),
		TEST(an_order_ends_its_cart),
		TEST(what_was_told_under_a_made_up_id_is_joined),
		TEST(the_browser_is_found_by_the_customer_at_last),
		TEST(the_catalogue_keeps_the_newest_state),
		TEST(a_cart_is_joined_once_with_each_user),
		TEST(a_checkouts_own_customer_counts_before_its_carts),
		TEST(a_payload_without_a_group_leaves_its_time),
		TEST(an_older_state_of_a_group_leaves_its_time),
		TEST(a_customer_without_a_password_is_enabled_once),
		TEST(an_update_that_shows_disabled_lets_it_be_enabled_again),
		TEST(a_late_disable_does_not_let_it_be_enabled_again),
		TEST(enabling_who_was_enabled_before_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
