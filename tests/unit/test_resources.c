/* The body decides what a delivery is: topic and shop are not signed. */
#include "unit.h"

#include "mapping/resources.h"

#include <string.h>

#define SHOP "aurora.myshopify.com"
#define OF_SHOP "\"shop_id\":90001,\"shop_domain\":\"" SHOP "\""
#define WHO ",\"customer\":{\"id\":7,\"email\":\"a@b.example\"}"
#define GID(type) "\"admin_graphql_api_id\":\"gid://shopify/" type "/1\""

static const char *contradicts(struct arena *arena, const char *topic, const char *body)
{
	const struct delivery delivery = {.shop = SHOP, .topic = topic};
	struct error error;
	const cJSON *payload = json_parse(arena, body, strlen(body), &error);

	assert_non_null(payload);
	return resource_contradicts(&delivery, payload, arena);
}

struct row {
	const char *topic;
	const char *body;
};

static void check(const struct row *rows, size_t count, bool expected)
{
	for (size_t i = 0; i < count; i++) {
		struct arena *arena = arena_create(4096);
		const char *why = contradicts(arena, rows[i].topic, rows[i].body);

		if ((why != NULL) != expected)
			fail_msg("%s %s: %s", rows[i].topic, rows[i].body,
				why != NULL ? why : "is taken");
		arena_destroy(arena);
	}
}

/* Thin ones, of include_fields, and of old versions, too. */
static void real_bodies_are_taken(void **state)
{
	static const struct row rows[] = {
		{"orders/create", "{\"id\":1," GID("Order") ",\"line_items\":[]}"},
		{"orders/paid", "{\"id\":1,\"total_price\":\"1.00\",\"email\":\"\"}"},
		{"orders/updated", "{\"id\":1,\"order_number\":1001,\"note\":null}"},
		{"orders/cancelled", "{\"id\":1,\"customer\":null,\"cancelled_at\":null}"},
		{"orders/edited", "{\"order_edit\":{\"id\":1,\"order_id\":2}}"},
		{"orders/delete", "{\"id\":1}"},
		{"refunds/create", "{\"id\":1,\"order_id\":2,\"refund_line_items\":[]}"},
		{"refunds/create", "{\"id\":1,\"order_id\":2,\"transactions\":[]}"},
		{"fulfillments/update", "{\"id\":1,\"order_id\":2,\"status\":\"success\"}"},
		{"order_transactions/create",
			"{\"id\":1,\"order_id\":2,\"kind\":\"sale\",\"receipt\":{}}"},
		{"checkouts/create", "{\"token\":\"t\",\"cart_token\":null,\"line_items\":[]}"},
		{"checkouts/update", "{\"id\":4,\"token\":\"t\",\"email\":null}"},
		{"carts/update", "{\"id\":\"t\",\"token\":\"t\",\"line_items\":[]}"},
		{"carts/create", "{\"token\":\"t\",\"line_items\":[],\"note\":null,\"query\":{}}"},
		{"customers/update", "{\"id\":1,\"email\":null}"},
		{"customers/create", "{\"id\":1," GID("Customer") ",\"state\":\"enabled\"}"},
		{"customers/update",
			"{\"id\":1,\"first_name\":null,\"email_marketing_consent\":null}"},
		{"customers/delete", "{\"id\":1,\"tax_exemptions\":[]," GID("Customer") "}"},
		{"customers_email_marketing_consent/update",
			"{\"customer_id\":1,\"email_marketing_consent\":{\"state\":\"pending\"}}"},
		{"customers_marketing_consent/update",
			"{\"id\":1,\"phone\":null,\"sms_marketing_consent\":null}"},
		{"customer.tags_added", "{\"customerId\":\"1\",\"tags\":[]}"},
		{"products/update", "{\"id\":1,\"title\":\"Mug\"}"},
		{"products/delete", "{\"id\":1}"},
		{"products/delete", "{\"id\":1," GID("Product") "}"},
		{"subscription_contracts/update", "{\"id\":1,\"status\":\"active\"}"},
		{"subscription_billing_attempts/success",
			"{\"id\":null,\"order_id\":1,\"subscription_contract_id\":2}"},
		{"customers/redact", "{" OF_SHOP WHO ",\"orders_to_redact\":[]}"},
		{"customers/redact", "{" OF_SHOP WHO ",\"orders_to_redact\":[1]}"},
		{"customers/data_request",
			"{" OF_SHOP WHO ",\"orders_requested\":[],\"data_request\":{\"id\":1}}"},
		{"shop/redact", "{" OF_SHOP "}"},
		{"shop/redact",
			"{\"shop_id\":1,\"shop_domain\":\"Aurora.MyShopify.com\"}"}, /* any case */
		{"app/uninstalled", "{\"id\":1,\"myshopify_domain\":\"" SHOP "\"}"},
		{"recharge:subscription/created", "{\"subscription\":{},\"customer\":{}}"},
		{"recharge:customer/updated", "{\"customer\":{}}"},
		{"some/topic", "{\"anything\":1}"},
	};

	(void)state;
	check(rows, COUNT_OF(rows), false);
}

static void bodies_of_other_resources_are_not(void **state)
{
	static const struct row rows[] = {
		{"orders/create", "{\"id\":1}"},
		{"orders/create", "{\"id\":1," GID("DraftOrder") ",\"line_items\":[]}"},
		{"orders/create", "{\"id\":1,\"line_items\":[],\"invoice_url\":\"u\"}"},
		{"orders/paid", "{\"id\":1,\"line_items\":[],\"abandoned_checkout_url\":\"u\"}"},
		{"orders/updated", "{\"id\":1,\"created_at\":\"\",\"first_name\":\"A\"}"},
		{"orders/updated", "{\"id\":1,\"tags\":\"\",\"title\":\"Mug\"}"},
		{"refunds/create",
			"{\"id\":1,\"order_id\":2,\"processed_at\":\"\",\"kind\":\"sale\"}"},
		{"refunds/create", "{\"id\":1,\"order_id\":2," GID("Fulfillment") "}"},
		{"fulfillments/create",
			"{\"id\":1,\"order_id\":2,\"status\":\"\",\"evidence_due_by\":1}"},
		{"order_transactions/create",
			"{\"id\":1,\"order_id\":2,\"remote_reference\":\"r\"}"},
		{"checkouts/update", "{\"id\":\"t\",\"token\":\"t\",\"line_items\":[]}"},
		{"checkouts/update",
			"{\"id\":1,\"token\":\"t\",\"email\":\"\",\"order_number\":7}"},
		{"carts/update", "{\"token\":\"t\",\"line_items\":[],\"cart_token\":null}"},
		{"carts/update",
			"{\"token\":\"t\",\"line_items\":[],\"financial_status\":\"paid\"}"},
		{"customers/create", "{\"id\":1," GID("Customer") ",\"tax_exemptions\":[]}"},
		{"customers/update", "{\"id\":1,\"email\":\"\",\"myshopify_domain\":\"" SHOP "\"}"},
		{"customers/update", "{\"id\":1,\"tags\":\"\",\"product_type\":\"Mugs\"}"},
		{"customers/update", "{\"id\":1,\"phone\":\"1\",\"sms_marketing_consent\":{}}"},
		{"customers_marketing_consent/update",
			"{\"id\":1,\"first_name\":\"A\",\"sms_marketing_consent\":{}}"},
		{"products/delete", "{\"id\":1,\"title\":\"Mug\"," GID("Product") "}"},
		{"products/delete", "{\"id\":1," GID("Customer") "}"},
		{"products/update", "{\"id\":1,\"title\":\"All\"," GID("Collection") "}"},
		{"products/update", "{\"id\":1,\"title\":\"All\",\"sort_order\":\"manual\"}"},
		{"products/update", "{\"id\":1,\"title\":\"S\",\"inventory_policy\":\"deny\"}"},
		{"subscription_billing_attempts/success",
			"{\"order_id\":1,\"subscription_contract_id\":2,\"cycle_index\":1}"},
		{"recharge:customer/updated", "{\"subscription\":{},\"customer\":{}}"},
		{"recharge:order/processed", "{\"order\":{},\"charge\":{}}"},
	};

	(void)state;
	check(rows, COUNT_OF(rows), true);
}

static void an_erasure_is_named_by_its_body(void **state)
{
	static const struct row rows[] = {
		{"shop/redact", "{}"},
		{"shop/redact", "{\"id\":1," GID("Order") ",\"line_items\":[]}"},
		{"shop/redact", "{\"shop_domain\":\"" SHOP "\"}"},
		{"shop/redact", "{\"shop_id\":1}"},
		{"shop/redact", "{\"shop_id\":null,\"shop_domain\":\"" SHOP "\"}"},
		{"shop/redact", "{\"shop_id\":\"x\",\"shop_domain\":\"" SHOP "\"}"},
		{"shop/redact", "{\"shop_id\":{},\"shop_domain\":\"" SHOP "\"}"},
		{"shop/redact", "{\"shop_id\":1,\"shop_domain\":\"fjord.myshopify.com\"}"},
		{"shop/redact", "{\"shop_id\":1,\"shop_domain\":[\"" SHOP "\"]}"},
		{"shop/redact", "{" OF_SHOP WHO "}"},
		{"shop/redact", "{" OF_SHOP ",\"customer\":null}"},
		{"shop/redact", "{" OF_SHOP WHO ",\"orders_to_redact\":[]}"},
		{"shop/redact", "{" OF_SHOP ",\"orders_to_redact\":[]}"},
		{"shop/redact", "{" OF_SHOP ",\"data_request\":{\"id\":1}}"},
		{"shop/redact", "{" OF_SHOP ",\"id\":1}"},
		{"customers/redact", "{" OF_SHOP "}"},
		{"customers/redact", "{" OF_SHOP WHO "}"},
		{"customers/redact", "{" OF_SHOP ",\"orders_to_redact\":[1]}"},
		{"customers/redact", "{" OF_SHOP ",\"customer\":{},\"orders_to_redact\":[1]}"},
		{"customers/redact", "{" OF_SHOP ",\"customer\":7,\"orders_to_redact\":[1]}"},
		{"customers/redact", "{" OF_SHOP WHO ",\"orders_to_redact\":{}}"},
		{"customers/redact", "{" OF_SHOP WHO ",\"orders_to_redact\":null}"},
		{"customers/redact",
			"{" OF_SHOP WHO ",\"orders_to_redact\":[],\"data_request\":{\"id\":1}}"},
		{"customers/redact",
			"{" OF_SHOP WHO ",\"orders_requested\":[],\"data_request\":{\"id\":1}}"},
		{"customers/redact", "{\"shop_id\":1,\"shop_domain\":\"fjord.myshopify.com\"" WHO
				     ",\"orders_to_redact\":[]}"},
		{"customers/redact", "{\"shop_id\":1" WHO ",\"orders_to_redact\":[]}"},
		{"customers/data_request", "{" OF_SHOP WHO ",\"orders_to_redact\":[]}"},
		{"customers/data_request", "{" OF_SHOP WHO ",\"orders_requested\":[]}"},
		{"customers/data_request",
			"{\"shop_id\":1,\"shop_domain\":\"fjord.myshopify.com\"" WHO
			",\"data_request\":{\"id\":1}}"},
		{"app/uninstalled", "{\"id\":1,\"myshopify_domain\":\"fjord.myshopify.com\"}"},
		{"app/uninstalled", "{\"id\":1}"},
	};

	(void)state;
	check(rows, COUNT_OF(rows), true);
}

/* A body may hold anything: the reason repeats nothing of it. */
static void a_reason_repeats_nothing_personal(void **state)
{
	struct arena *arena = arena_create(4096);

	(void)state;
	assert_null(strstr(
		contradicts(arena, "shop/redact", "{" OF_SHOP ",\"a@b.example\":1}"), "example"));
	assert_null(strstr(contradicts(arena, "orders/create",
				   "{\"id\":1,\"line_items\":[]," GID("a@b.example") "}"),
		"example"));
	assert_null(strstr(contradicts(arena, "shop/redact",
				   "{\"shop_id\":1,\"shop_domain\":\"a@b.example\"}"),
		"example"));
	arena_destroy(arena);
}

static void thin_bodies_prove_nothing(void **state)
{
	struct arena *arena = arena_create(4096);
	struct error error;
	const cJSON *thin = json_parse(arena, "{\"id\":1}", 8, &error);
	const char whole[] = "{\"id\":1,\"variants\":[]}";

	(void)state;
	assert_false(resource_is_proven(resource_of("products/delete"), thin));
	assert_true(resource_is_proven(
		resource_of("products/update"), json_parse(arena, whole, strlen(whole), &error)));
	assert_ptr_equal(resource_of("orders/create"), resource_of("orders/updated"));
	assert_ptr_not_equal(resource_of("orders/create"), resource_of("orders/delete"));
	assert_ptr_not_equal(
		resource_of("customer.tags_added"), resource_of("customer.tags_removed"));
	assert_null(resource_of("foo/bar"));
	arena_destroy(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_bodies_are_taken),
		cmocka_unit_test(bodies_of_other_resources_are_not),
		cmocka_unit_test(an_erasure_is_named_by_its_body),
		cmocka_unit_test(a_reason_repeats_nothing_personal),
		cmocka_unit_test(thin_bodies_prove_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
