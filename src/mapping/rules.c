/* The event catalogue as a table: which events each topic emits (docs/events.md). */
#include "mapping/rules.h"

/* The topics that carry a whole order while it is new. */
#define ORDER_TOPICS "orders/create|orders/paid|orders/updated|orders/fulfilled"
#define ANY_ORDER ORDER_TOPICS "|orders/cancelled"
#define CHECKOUTS "checkouts/create|checkouts/update"
#define PLACED "processed_at|created_at"
#define CHANGED "updated_at|created_at"
/* The topics of subscriptions: ReCharge's, and Shopify's own. */
#define SUBSCRIPTION_MADE "recharge:subscription/created|subscription_contracts/create"
#define SUBSCRIPTION_CHANGES                                             \
	"recharge:subscription/updated|recharge:subscription/activated|" \
	"recharge:subscription/cancelled|recharge:subscription/paused|"  \
	"recharge:subscription/skipped|recharge:subscription/unskipped|" \
	"recharge:subscription/swapped|"                                 \
	"subscription_contracts/update|subscription_contracts/activate|" \
	"subscription_contracts/pause|subscription_contracts/cancel|"    \
	"subscription_contracts/expire|subscription_contracts/fail"
#define PAYMENT_METHODS                                                    \
	"customer_payment_methods/create|customer_payment_methods/update|" \
	"customer_payment_methods/revoke"

/* clang-format off */
const struct rule rules[] = {
	/* topics                                   call      event                     selector              properties                    time          key */
	{"cart",                                    TRACK,    "Product Added",          lines_added,          change_properties,            "changed_at", "token key new_quantity changed_at"},
	{"cart",                                    TRACK,    "Product Removed",        lines_removed,        change_properties,            "changed_at", "token key new_quantity changed_at"},
	{CHECKOUTS,                                 TRACK,    "Checkout Started",       checkout_started,     checkout_started_properties,  "created_at|updated_at", "token"},
	{CHECKOUTS,                                 TRACK,    "Checkout Step Completed", steps_before_payment, checkout_properties,         CHANGED,      "token step"},
	{CHECKOUTS,                                 TRACK,    "Payment Info Entered",   payment_entered,      checkout_properties,          CHANGED,      "token"},
	{CHECKOUTS,                                 TRACK,    "Checkout Step Completed", step_of_payment,     checkout_properties,          CHANGED,      "token step"},
	{CHECKOUTS,                                 TRACK,    "Coupon Applied",         codes_of_checkout,    checkout_coupon_properties,   CHANGED,      "token code"},
	/* an order completes its checkout */
	{ANY_ORDER,                                 TRACK,    "Checkout Step Completed", steps_before_payment, order_properties,            PLACED,       "checkout_token step"},
	{ANY_ORDER,                                 TRACK,    "Payment Info Entered",   step_of_payment,      order_properties,             PLACED,       "checkout_token"},
	{ANY_ORDER,                                 TRACK,    "Checkout Step Completed", step_of_payment,     order_properties,             PLACED,       "checkout_token step"},
	{ORDER_TOPICS,                              TRACK,    "Coupon Applied",         codes_of_order,       order_coupon_properties,      PLACED,       "id code"},
	{ORDER_TOPICS,                              TRACK,    "Order Completed",        placed_online,        order_properties,             PLACED,       "id"},
	{ORDER_TOPICS,                              TRACK,    "POS Order Placed",       placed_at_pos,        order_properties,             PLACED,       "id"},
	{ANY_ORDER "|" HINT_TOPIC,                  TRACK,    "Thank you page",         thanked,              thank_you_properties,         "hinted_at",  "checkout_token"},
	{HINT_TOPIC,                                TRACK,    "Payment Info Entered",   payment_hinted,       checkout_properties,          "hinted_at",  "token"},
	{HINT_TOPIC,                                TRACK,    "Payment Failure",        failure_hinted,       hinted_failure_properties,    "hinted_at",  "token hint_id"},
	{"orders/updated",                          TRACK,    "Order Updated",          whole_payload,               order_properties,             CHANGED,      "id updated_at"},
	{"orders/edited",                           TRACK,    "Order Updated",          whole_payload,               edit_properties,              "order_edit.committed_at|order_edit.created_at", "order_edit.order_id order_edit.committed_at order_edit.id"},
	{ANY_ORDER,                                 TRACK,    "Order Cancelled",        cancelled,            order_properties,             "cancelled_at", "id"},
	{"refunds/create",                          TRACK,    "Order Refunded",         money_returned,       refund_properties,            PLACED,       "id"},
	{"order_transactions/create",               TRACK,    "Payment Failure",        payment_failed,       payment_properties,           PLACED,       "id"},
	{"fulfillments/create|fulfillments/update", TRACK,    "Fulfilment Update",      whole_payload,               fulfilment_properties,        CHANGED,
		"id status shipment_status tracking_numbers|tracking_number tracking_urls|tracking_url"},
	{"customers/create",                        TRACK,    "Customer Created",       whole_payload,               customer_properties,          "created_at", "id"},
	{"customers/enable|customers/update",       TRACK,    "Customer Enabled",       newly_enabled,        customer_properties,          "updated_at", "id updated_at"},
	{"customers/update|customers/disable",      IDENTIFY, "customer",               not_newly_enabled,    NULL,                         "updated_at", "id updated_at"},
	{"customers/purchasing_summary",            IDENTIFY, "purchasing summary",     whole_payload,               NULL,                         "occurredAt", "customerId occurredAt"},
	{"customer.tags_added",                     IDENTIFY, "tags added",             whole_payload,               NULL,                         "occurredAt", "customerId occurredAt tags"},
	{"customer.tags_removed",                   IDENTIFY, "tags removed",           whole_payload,               NULL,                         "occurredAt", "customerId occurredAt tags"},
	{"customers_email_marketing_consent/update", IDENTIFY, "email consent",         whole_payload,               NULL,                         "email_marketing_consent.consent_updated_at", "customer_id email_marketing_consent"},
	{"customers_marketing_consent/update",      IDENTIFY, "SMS consent",            whole_payload,               NULL,                         "sms_marketing_consent.consent_updated_at",   "id sms_marketing_consent"},
	{"customers/merge",                         ALIAS,    "alias",                  merged,               NULL,                         NULL,
		"admin_graphql_api_customer_kept_id admin_graphql_api_customer_deleted_id"},
	{SUBSCRIPTION_MADE,                         TRACK,    "Subscription Created",   subscription_created, subscription_properties,      "at",         "id source"},
	{SUBSCRIPTION_CHANGES,                      TRACK,    "Subscription Updated",   subscription_updated, subscription_update_properties, "at",         "id source updated change"},
	{RECHARGE_SUBSCRIPTIONS "|" SHOPIFY_CONTRACTS, TRACK, "Subscription Cancelled", subscription_ended,   subscription_end_properties,  "at",         "id source ended"},
	{CHARGE_FAILURES,                           TRACK,    "Subscription Cancelled", subscriptions_given_up, subscription_end_properties, "at",         "id source ended"},
	{"recharge:order/processed",                TRACK,    "Order Processed",        order_processed,      order_processed_properties,   "at",         "id"},
	{"subscription_billing_attempts/success",   TRACK,    "Order Processed",        contract_billed,      contract_billed_properties,   NULL,         "id source"},
	{CHARGE_FAILURES,                           TRACK,    "Charge Failed",          charge_failed,        charge_failed_properties,     "at",         "id try"},
	{"subscription_billing_attempts/failure",   TRACK,    "Charge Failed",          contract_not_billed,  contract_not_billed_properties, NULL,       "id source"},
	{CHARGE_FAILURES,                           TRACK,    "Charge Max Tries Reached", charge_given_up,    charge_given_up_properties,   "at",         "id due"},
	{"recharge:customer/payment_method_updated", TRACK,   "Payment Method Updated", account_updated,      account_method_properties,    "at",         "id updated"},
	{PAYMENT_METHODS,                           TRACK,    "Payment Method Updated", payment_method_changed, payment_method_properties,  NULL,         "token action time"},
	{"recharge:customer/updated",               TRACK,    "Customer Update",        account_updated,      account_properties,           "at",         "id updated"},
	{0},
};
/* clang-format on */

struct selection select_one(struct work *work, const cJSON *object)
{
	const cJSON **items = arena_alloc(work->arena, sizeof(const cJSON *));

	if (items == NULL) {
		work_fail(work, "no memory");
		return select_none("no memory");
	}
	*items = object;
	return (struct selection){.items = items, .count = 1};
}

struct selection select_none(const char *why_not)
{
	return (struct selection){.why_not = why_not};
}

struct selection whole_payload(struct work *work)
{
	return select_one(work, work->in->payload);
}
