/* Topics: where each topic's payload has its ids (Shopify's and ReCharge's references of webhooks).
 */
#include "mapping/topics.h"

#include <string.h>

enum {
	/* Shopify's ids have 18 digits at most today; 20 digits are an unsigned 64-bit number. */
	ID_MAX = 20,
	TOKEN_MAX = 255,
};

#define WHOLE_ORDER "orders/create|orders/paid|orders/updated|orders/fulfilled|orders/cancelled"
#define TAGS "customer.tags_added|customer.tags_removed"
#define CARTS "carts/create|carts/update"
#define CUSTOMERS "customers/create|customers/update|customers/enable|customers/disable"

/* ReCharge's customer may be beside the resource or in it (included_objects). Both versions of its
 * API are read: 2021-11 has external_…, 2021-01 shopify_…. */
#define SHOPIFY_ID(customer) \
	customer ".external_customer_id.ecommerce|" customer ".shopify_customer_id"
#define INCLUDED(it) SHOPIFY_ID("customer") "|" SHOPIFY_ID(it ".include.customer")
#define EMAIL(it) it ".email|" it ".customer.email|customer.email|" it ".include.customer.email"
#define OF_SALE(it)                                                                            \
	.form = ID_DIGITS, .id = it ".id", .resource = (it),                                   \
	.account = it ".customer.id|" it ".customer_id",                                       \
	.customer_id = SHOPIFY_ID(it ".customer") "|" it ".shopify_customer_id|" INCLUDED(it), \
	.email = EMAIL(it), .order = it ".external_order_id.ecommerce|" it ".shopify_order_id"

static const struct topic topics[] = {
	{.names = WHOLE_ORDER,
		.form = ID_DIGITS,
		.id = "id",
		.order = "id",
		.customer = "customer",
		.customer_id = "customer.id",
		.checkout = "checkout_token",
		.cart = "cart_token",
		.is_order = true},
	{.names = "orders/edited",
		.form = ID_DIGITS,
		.id = "order_edit.order_id",
		.order = "order_edit.order_id"},
	{.names = "refunds/create|fulfillments/create|fulfillments/update|"
		  "order_transactions/create",
		.form = ID_DIGITS,
		.id = "id",
		.order = "order_id"},
	{.names = "checkouts/create|checkouts/update",
		.form = ID_TOKEN,
		.id = "token",
		.customer = "customer",
		.customer_id = "customer.id",
		.checkout = "token",
		.cart = "cart_token"},
	{.names = HINT_TOPIC,
		.form = ID_TOKEN,
		.id = "checkout_token|cart_token",
		.checkout = "checkout_token",
		.cart = "cart_token",
		.is_hint = true},
	{.names = CARTS, .form = ID_TOKEN, .id = "token|id", .cart = "token|id"},
	{.names = "cart", .form = ID_TOKEN, .id = "token", .cart = "token", .set_by = CARTS},
	{.names = CUSTOMERS, .form = ID_DIGITS, .id = "id", .customer = ".", .customer_id = "id"},
	{.names = "customers/purchasing_summary|" TAGS,
		.form = ID_DIGITS,
		.id = "customerId",
		.customer_id = "customerId"},
	{.names = "customers_email_marketing_consent/update",
		.form = ID_DIGITS,
		.id = "customer_id",
		.customer_id = "customer_id"},
	{.names = "customers_marketing_consent/update",
		.form = ID_DIGITS,
		.id = "id",
		.customer_id = "id"},
	{.names = "customers/merge",
		.form = ID_DIGITS,
		.id = "admin_graphql_api_customer_kept_id",
		.customer_id = "admin_graphql_api_customer_kept_id"},
	{.names = "products/create|products/update|products/delete", .form = ID_DIGITS, .id = "id"},
	{.names = RECHARGE_SUBSCRIPTIONS "|recharge:subscription/deleted",
		.form = ID_DIGITS,
		.id = "subscription.id",
		.resource = "subscription",
		.account = "subscription.customer_id",
		.customer_id = INCLUDED("subscription"),
		.email = EMAIL("subscription"),
		.subscription = "subscription.id"},
	{.names = "recharge:order/created|recharge:order/updated|recharge:order/processed|"
		  "recharge:order/payment_captured|recharge:order/upcoming|recharge:order/success|"
		  "recharge:order/cancelled|recharge:order/deleted",
		OF_SALE("order")},
	/* charge/success is the old name of charge/paid */
	{.names = "recharge:charge/created|recharge:charge/paid|recharge:charge/success|"
		  "recharge:charge/failed|recharge:charge/max_retries_reached|"
		  "recharge:charge/refunded|recharge:charge/uncaptured|recharge:charge/upcoming|"
		  "recharge:charge/updated|recharge:charge/deleted",
		OF_SALE("charge")},
	{.names = "recharge:customer/created|recharge:customer/updated|"
		  "recharge:customer/activated|recharge:customer/deactivated|"
		  "recharge:customer/payment_method_updated|recharge:customer/deleted",
		.form = ID_DIGITS,
		.id = "customer.id",
		.resource = "customer",
		.account = "customer.id",
		.customer_id = SHOPIFY_ID("customer"),
		.email = "customer.email"},
	{.names = SHOPIFY_CONTRACTS,
		.form = ID_DIGITS,
		.id = "id|admin_graphql_api_id",
		.customer_id = "customer_id|admin_graphql_api_customer_id",
		.subscription = "id|admin_graphql_api_id"},
	/* their own ids are null since API version 2025-10 (Shopify's samples) */
	{.names = "subscription_billing_attempts/success|subscription_billing_attempts/failure",
		.order = "order_id|admin_graphql_api_order_id",
		.subscription = "subscription_contract_id|"
				"admin_graphql_api_subscription_contract_id"},
	{.names = "customer_payment_methods/create|customer_payment_methods/update|"
		  "customer_payment_methods/revoke",
		.form = ID_TOKEN,
		.id = "token|admin_graphql_api_id",
		.customer_id = "customer_id|admin_graphql_api_customer_id"},
	{.names = "customers/redact", .privacy = PRIVACY_ERASE_CUSTOMER},
	{.names = "shop/redact", .privacy = PRIVACY_ERASE_SHOP},
	{.names = "customers/data_request", .privacy = PRIVACY_REPORT},
	{.names = "app/uninstalled", .privacy = PRIVACY_UNINSTALLED},
	{0},
};

bool topic_is_among(const char *names, const char *topic)
{
	size_t length = strlen(topic);

	for (const char *at = names; *at != '\0';) {
		size_t step = strcspn(at, "|");

		if (step == length && strncmp(at, topic, length) == 0)
			return true;
		at += step + (at[step] == '|');
	}
	return false;
}

static const struct topic *find(const char *name, bool is_timer)
{
	for (const struct topic *topic = topics; topic->names != NULL; topic++)
		if ((topic->set_by != NULL) == is_timer && topic_is_among(topic->names, name))
			return topic;
	return NULL;
}

const struct topic *topic_find(const char *name)
{
	return find(name, false);
}

const struct topic *topic_of_timer(const char *kind)
{
	return find(kind, true);
}

const char *topic_id(const cJSON *payload, const char *path)
{
	static const char gid[] = "gid://";
	const char *id = path != NULL ? json_text(payload, path) : NULL;
	const char *digits;

	if (id == NULL || strncmp(id, gid, sizeof(gid) - 1) != 0)
		return id;
	digits = strrchr(id, '/') + 1;
	return *digits != '\0' ? digits : NULL;
}

const char *topic_why_unusable(const struct topic *topic, const cJSON *payload, struct arena *arena)
{
	const char *id = topic_id(payload, topic->id);
	const char *why = NULL;

	if (!cJSON_IsObject(payload))
		return "the payload is not a JSON object";
	if (topic->form == ID_NONE)
		return NULL;
	if (id == NULL)
		why = arena_format(arena, "the payload has no %s%s", topic->id,
			topic->resource == NULL ? ": add it to include_fields of the subscription"
						: "");
	else if (topic->form == ID_TOKEN)
		return strlen(id) <= TOKEN_MAX ? NULL : "the payload's token is too long";
	else if (strlen(id) > ID_MAX || strspn(id, "0123456789") != strlen(id))
		why = arena_format(arena, "the payload's %s is not a whole number", topic->id);
	else
		return NULL;
	return why != NULL ? why : "the payload's id is missing, or not a whole number";
}
