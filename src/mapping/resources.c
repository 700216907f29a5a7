/* Which members make the payload of each resource (Shopify's reference of webhooks, API 2026-10;
 * older versions have more members, and subscriptions with include_fields fewer). */
#include "mapping/resources.h"

#include "mapping/topics.h"

#include <string.h>
#include <strings.h>

struct resource {
	const char *name;
	const char *topics; /* "a|b"; what ends with "/" begins a topic. The first row counts */
	const char *types;  /* of its admin_graphql_api_id; NULL when it has none */
	const char *owns;   /* members that no other resource has */
	const char
		*any; /* one of them, or of `owns`, must be there, be it null; NULL for no rule */
	const char *none; /* members that must not be there */
	const char *all;  /* members that must be there and hold something */
	const char *only; /* nothing but these; NULL for no rule */
};

#define PRIVACY_MEMBERS "shop_id|shop_domain"

/* A body of `types` is proven by its id alone; `owns` matters for the others. */
static const struct resource resources[] = {
	{.name = "a deleted order", .topics = "orders/delete"},
	{.name = "an edit of an order", .topics = "orders/edited", .owns = "order_edit"},
	{.name = "a risk of an order",
		.topics = "orders/risk_assessment_changed",
		.owns = "risk_level|provider_title"},
	{.name = "an eligibility of an order",
		.topics = "orders/shopify_protect_eligibility_changed",
		.owns = "eligibility"},
	{.name = "an order",
		.topics = "orders/",
		.types = "Order",
		.owns = "financial_status|order_number|order_status_url|confirmation_number|"
			"confirmed|"
			"payment_gateway_names|checkout_token|cancel_reason|cancelled_at|"
			"fulfillment_status|fulfillments|refunds|client_details|browser_ip|"
			"landing_site_ref|total_outstanding|total_shipping_price_set|"
			"current_total_price|current_total_price_set|original_total_duties_set|"
			"merchant_of_record_app_id|total_price_usd|contact_email",
		.any = "line_items|total_price|subtotal_price|processed_at|created_at|customer|"
		       "cart_token"},
	{.name = "a refund",
		.topics = "refunds/create",
		.types = "Refund",
		.owns = "refund_line_items|order_adjustments|restock|refund_shipping_lines",
		.any = "transactions|processed_at|created_at"},
	{.name = "a fulfilment",
		.topics = "fulfillments/",
		.types = "Fulfillment",
		.owns = "tracking_company|tracking_number|tracking_numbers|tracking_url|tracking_"
			"urls|"
			"shipment_status|origin_address",
		.any = "status|line_items"},
	{.name = "an event of a fulfilment",
		.topics = "fulfillment_events/",
		.types = "FulfillmentEvent",
		.owns = "fulfillment_id|happened_at|estimated_delivery_at"},
	{.name = "a transaction",
		.topics = "order_transactions/create",
		.types = "OrderTransaction|Transaction",
		.owns = "kind|authorization|manual_payment_gateway|amount_rounding|"
			"total_unsettled_set|payment_id",
		.any = "kind"},
	{.name = "a tender transaction",
		.topics = "tender_transactions/create",
		.types = "TenderTransaction",
		.owns = "remote_reference|payment_method"},
	{.name = "a dispute",
		.topics = "disputes/",
		.types = "ShopifyPaymentsDispute",
		.owns = "network_reason_code|evidence_due_by|evidence_sent_on|finalized_on|"
			"initiated_at"},
	{.name = "a return",
		.topics = "returns/",
		.types = "Return",
		.owns = "return_line_items|return_shipping_fees|total_return_line_items|"
			"exchange_line_items|restocking_fees|decline"},
	{.name = "a draft order",
		.topics = "draft_orders/",
		.types = "DraftOrder",
		.owns = "invoice_url|invoice_sent_at|applied_discount|shipping_line|"
			"api_client_id|b2b?|allow_discount_codes_in_checkout?|"
			"created_on_api_version_handle"},
	{.name = "a payment schedule",
		.topics = "payment_schedules/",
		.types = "PaymentSchedule",
		.owns = "payment_terms_id|due_at|balance_due|issued_at|total_balance"},
	{.name = "a deleted checkout", .topics = "checkouts/delete"},
	{.name = "a checkout",
		.topics = "checkouts/",
		.types = "Checkout|AbandonedCheckout",
		.owns = "abandoned_checkout_url|buyer_accepts_sms_marketing|sms_marketing_phone|"
			"reservation_token",
		.any = "cart_token|total_price|subtotal_price|currency|presentment_currency|"
		       "completed_at|email"},
	{.name = "a cart",
		.topics = "carts/",
		.types = "Cart",
		.any = "line_items",
		.none = "cart_token|total_price|subtotal_price|currency|email|customer|order_id|"
			"completed_at|source_name"},
	{.name = "a purchasing summary",
		.topics = "customers/purchasing_summary",
		.owns = "numberOfOrders|amountSpent|lastOrderId",
		.any = "numberOfOrders"},
	{.name = "added tags", .topics = "customer.tags_added", .any = "tags"},
	{.name = "removed tags", .topics = "customer.tags_removed", .any = "tags"},
	{.name = "a merge of customers",
		.topics = "customers/merge",
		.owns = "admin_graphql_api_customer_kept_id|admin_graphql_api_customer_deleted_id",
		.any = "admin_graphql_api_customer_kept_id"},
	{.name = "an erasure of a customer",
		.topics = "customers/redact",
		.owns = "orders_to_redact",
		.all = PRIVACY_MEMBERS "|customer",
		.only = PRIVACY_MEMBERS "|customer|orders_to_redact"},
	{.name = "a request for a customer's data",
		.topics = "customers/data_request",
		.owns = "data_request|orders_requested",
		.all = PRIVACY_MEMBERS "|customer|data_request",
		.none = "orders_to_redact"},
	{.name = "an erasure of the shop",
		.topics = "shop/redact",
		.all = PRIVACY_MEMBERS,
		.only = PRIVACY_MEMBERS},
	{.name = "the shop",
		.topics = "shop/update|app/uninstalled",
		.types = "Shop",
		.owns = "myshopify_domain|shop_owner|plan_name|plan_display_name|money_format|"
			"iana_timezone|primary_locale|has_storefront|county_taxes",
		.any = "domain"},
	{.name = "a deleted customer", .topics = "customers/delete", .types = "Customer"},
	{.name = "a customer",
		.topics = "customers/",
		.types = "Customer",
		.owns = "first_name|last_name|verified_email|multipass_identifier|orders_count|"
			"total_spent|last_order_id|accepts_marketing|default_address|addresses",
		.any = "email|tags|state|created_at"},
	{.name = "a consent to e-mails",
		.topics = "customers_email_marketing_consent/update",
		.types = "Customer",
		.owns = "email_address",
		.any = "email_marketing_consent",
		.none = "first_name|last_name|verified_email"},
	{.name = "a consent to text messages",
		.topics = "customers_marketing_consent/update",
		.types = "Customer",
		.any = "sms_marketing_consent",
		.none = "first_name|last_name|verified_email"},
	{.name = "a membership of a segment",
		.topics = "customer.joined_segment|customer.left_segment",
		.owns = "segment_id"},
	{.name = "a deleted product",
		.topics = "products/delete",
		.types = "Product",
		.none = "title|variants|handle|status|tags|created_at|updated_at|email|order_id|"
			"line_items|customer_id|tax_exemptions|cart_token|token|name|phone|"
			"amount|kind|sms_marketing_consent"},
	{.name = "a product",
		.topics = "products/",
		.types = "Product",
		.owns = "variants|product_type|images|options|variant_gids|"
			"has_variants_that_requires_components",
		.any = "title|handle|vendor|status|body_html"},
	{.name = "a deleted collection", .topics = "collections/delete"},
	{.name = "a collection",
		.topics = "collections/",
		.types = "Collection",
		.owns = "sort_order|disjunctive|rules|collection_type|products_manually_sorted_"
			"count"},
	{.name = "a variant",
		.topics = "variants/",
		.types = "ProductVariant",
		.owns = "inventory_policy|inventory_quantity|old_inventory_quantity|inventory_item_"
			"id"},
	{.name = "the scopes of an app", .topics = "app/scopes_update", .owns = "previous|current"},
	{.name = "a theme", .topics = "themes/", .owns = "theme_store_id|previewable|processing"},
	{.name = "a subscription contract",
		.topics = "subscription_contracts/",
		.types = "SubscriptionContract",
		.owns = "billing_policy|delivery_policy|revision_id|origin_order_id|"
			"admin_graphql_api_origin_order_id",
		.any = "status"},
	{.name = "a billing attempt",
		.topics = "subscription_billing_attempts/",
		.types = "SubscriptionBillingAttempt",
		.owns = "idempotency_key|error_message",
		.any = "subscription_contract_id|admin_graphql_api_subscription_contract_id"},
	{.name = "a payment method",
		.topics = "customer_payment_methods/",
		.types = "CustomerPaymentMethod",
		.owns = "instrument_type|payment_instrument",
		.any = "customer_id|admin_graphql_api_customer_id"},
	{.name = "a billing cycle",
		.topics = "subscription_billing_cycles/|subscription_billing_cycle_edits/",
		.owns = "cycle_index|cycle_start_at|contract_edit|billing_attempt_expected_date"},
	/* ReCharge's: topics.c says which member holds the resource. A customer may stand beside
	   it. */
	{.name = "a subscription",
		.topics = "recharge:subscription/",
		.owns = "subscription",
		.none = "order|charge|checkout"},
	{.name = "an order of ReCharge",
		.topics = "recharge:order/",
		.owns = "order",
		.none = "subscription|charge|checkout"},
	{.name = "a charge",
		.topics = "recharge:charge/",
		.owns = "charge",
		.none = "subscription|order|checkout"},
	{.name = "a customer of ReCharge",
		.topics = "recharge:customer/",
		.none = "subscription|order|charge|checkout|address|onetime"},
};

enum { RESOURCES = sizeof(resources) / sizeof(resources[0]) };

/* ---- topics ---- */

static bool is_named(const char *names, const char *topic)
{
	for (const char *at = names; *at != '\0';) {
		size_t length = strcspn(at, "|");
		bool is_prefix = at[length - 1] == '/';

		if (strncmp(at, topic, length) == 0 && (is_prefix || topic[length] == '\0'))
			return true;
		at += length + (at[length] == '|');
	}
	return false;
}

const struct resource *resource_of(const char *topic)
{
	for (size_t i = 0; i < RESOURCES; i++)
		if (is_named(resources[i].topics, topic))
			return &resources[i];
	return NULL;
}

static bool is_of_recharge(const struct resource *resource)
{
	return strchr(resource->topics, ':') != NULL;
}

/* ---- members ---- */

/* The first of "a|b|c" that the body has; its length in *length. NULL for none. */
static const char *first_there(const cJSON *payload, const char *names, size_t *length)
{
	for (const char *at = names; at != NULL && *at != '\0';) {
		const cJSON *member;

		*length = strcspn(at, "|");
		cJSON_ArrayForEach (member, payload) {
			if (strncmp(member->string, at, *length) == 0 &&
				member->string[*length] == '\0')
				return at;
		}
		at += *length + (at[*length] == '|');
	}
	return NULL;
}

static bool has_any(const cJSON *payload, const char *names)
{
	size_t length;

	return first_there(payload, names, &length) != NULL;
}

/* The first of "a|b|c" that holds nothing; its length in *length. NULL for none. */
static const char *first_missing(const cJSON *payload, const char *names, size_t *length)
{
	for (const char *at = names; at != NULL && *at != '\0';) {
		char name[64];

		*length = strcspn(at, "|");
		if (*length >= sizeof(name))
			return at;
		memcpy(name, at, *length);
		name[*length] = '\0';
		if (json_at(payload, name) == NULL)
			return at;
		at += *length + (at[*length] == '|');
	}
	return NULL;
}

/* A member that another resource owns, for which a body without an id of its type is searched. */
static const char *foreign_member(const struct resource *resource, const cJSON *payload)
{
	const cJSON *member;

	cJSON_ArrayForEach (member, payload) {
		for (size_t i = 0; i < RESOURCES; i++)
			if (&resources[i] != resource && !is_of_recharge(&resources[i]) &&
				resources[i].owns != NULL &&
				topic_is_among(resources[i].owns, member->string))
				return member->string;
	}
	return NULL;
}

/* The type in `gid://shopify/Order/1`, NULL when the body has no such id. */
static const char *type_of(const cJSON *payload, size_t *length)
{
	static const char gid[] = "gid://shopify/";
	const char *id = json_text(payload, "admin_graphql_api_id");

	if (id == NULL || strncmp(id, gid, sizeof(gid) - 1) != 0)
		return NULL;
	id += sizeof(gid) - 1;
	*length = strcspn(id, "/");
	return id;
}

static bool is_type_of(const struct resource *resource, const char *type, size_t length)
{
	for (const char *at = resource->types; at != NULL && *at != '\0';) {
		size_t step = strcspn(at, "|");

		if (step == length && strncmp(at, type, length) == 0)
			return true;
		at += step + (at[step] == '|');
	}
	return false;
}

bool resource_is_proven(const struct resource *resource, const cJSON *payload)
{
	size_t length;

	return type_of(payload, &length) != NULL || has_any(payload, resource->owns);
}

/* ---- contradictions ---- */

/* The type is letters: what else stands there is not repeated. */
static const char *wrong_type(
	const struct resource *resource, const cJSON *payload, struct arena *arena)
{
	size_t length;
	const char *type = type_of(payload, &length);

	if (type == NULL || is_type_of(resource, type, length))
		return NULL;
	return arena_format(arena,
		"the body is not %s: its admin_graphql_api_id is of another type", resource->name);
}

static const char *wrong_members(
	const struct resource *resource, const cJSON *payload, struct arena *arena)
{
	size_t length;
	const char *name = first_missing(payload, resource->all, &length);

	if (name != NULL)
		return arena_format(arena, "the body is not %s: it has no %.*s", resource->name,
			(int)length, name);
	if (resource->any != NULL && payload->child != NULL && !has_any(payload, resource->any) &&
		!has_any(payload, resource->owns))
		return arena_format(arena,
			"the body is not %s: it has none of %s; is it in include_fields of the "
			"subscription?",
			resource->name, resource->any);
	name = first_there(payload, resource->none, &length);
	if (name != NULL)
		return arena_format(arena, "the body is not %s: it has %.*s", resource->name,
			(int)length, name);
	return NULL;
}

/* Names that are not ours are not repeated: they may be personal. */
static const char *wrong_others(
	const struct resource *resource, const cJSON *payload, struct arena *arena)
{
	const cJSON *member;
	const char *name;

	if (resource->only != NULL) {
		cJSON_ArrayForEach (member, payload) {
			if (!topic_is_among(resource->only, member->string))
				return arena_format(arena,
					"the body is not %s: it has more than %s", resource->name,
					resource->only);
		}
	}
	if (is_of_recharge(resource) || resource_is_proven(resource, payload))
		return NULL;
	name = foreign_member(resource, payload);
	return name != NULL
		       ? arena_format(arena, "the body is not %s: it has %s", resource->name, name)
		       : NULL;
}

/* What an erasure or a request for data must hold beside its members. */
static const char *wrong_request(const char *topic, const cJSON *payload)
{
	const char *id = json_text(payload, "shop_id");

	if (id == NULL || strspn(id, "0123456789") != strlen(id))
		return "shop_id is not a number";
	if (json_text(payload, "shop_domain") == NULL)
		return "shop_domain is not a name";
	if (strcmp(topic, "shop/redact") == 0)
		return NULL;
	if (json_text(payload, "customer.id|customer.email|customer.phone") == NULL)
		return "customer names nobody";
	if (strcmp(topic, "customers/redact") == 0 &&
		!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(payload, "orders_to_redact")))
		return "orders_to_redact is not a list";
	return NULL;
}

/* The names of a shop that only some bodies have. */
static const char *wrong_shop(const struct delivery *delivery, const cJSON *payload)
{
	static const char *const names[] = {"shop_domain", "myshopify_domain", NULL};

	for (const char *const *name = names; *name != NULL; name++) {
		const cJSON *domain = cJSON_GetObjectItemCaseSensitive(payload, *name);

		if (cJSON_IsString(domain) && domain->valuestring[0] != '\0' &&
			strcasecmp(domain->valuestring, delivery->shop) != 0)
			return "the body names another shop";
	}
	return NULL;
}

const char *resource_contradicts(
	const struct delivery *delivery, const cJSON *payload, struct arena *arena)
{
	const struct resource *resource = resource_of(delivery->topic);
	const char *why;

	if (resource == NULL)
		return NULL;
	why = wrong_type(resource, payload, arena);
	if (why == NULL)
		why = wrong_members(resource, payload, arena);
	if (why == NULL)
		why = wrong_others(resource, payload, arena);
	if (why == NULL && resource->all != NULL)
		why = wrong_request(delivery->topic, payload);
	return why != NULL ? why : wrong_shop(delivery, payload);
}
