/* Topics: where each topic's payload names what it is about (Shopify's reference of webhooks). */
#include "mapping/topics.h"

#include <string.h>

#define WHOLE_ORDER "orders/create|orders/paid|orders/updated|orders/fulfilled|orders/cancelled"
#define TAGS "customer.tags_added|customer.tags_removed"
#define CARTS "carts/create|carts/update"
#define CUSTOMERS "customers/create|customers/update|customers/enable|customers/disable"

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
	{.names = "customers/redact", .privacy = PRIVACY_FORGET_CUSTOMER},
	{.names = "shop/redact", .privacy = PRIVACY_FORGET_SHOP},
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
