/* The kinds of records: retention, timers and whose ids a record holds. */
#include "mapping/record_kinds.h"

#include <string.h>

const struct record_kind record_kinds[] = {
	/* by customer id */
	{.name = "customer",
		.retention = RETAIN_ORDERS,
		.is_personal = true,
		.names_user = true,
		.customer = "merged_into",
		.identifiers = {"email", "phone", "anonymous_id", "aliased", "aliased_as",
			"account", "user_ids", NULL}},
	/* by order id */
	{.name = "order",
		.retention = RETAIN_ORDERS,
		.is_personal = true,
		.customer = "customer_id",
		.others = {"email", NULL},
		.identifiers = {"email", "cart_token", "checkout_token", "anonymous_id", NULL}},
	/* by cart token, or checkout token */
	{.name = "link",
		.retention = RETAIN_LINK,
		.is_personal = true,
		.customer = "customer_id",
		.others = {"order", "email", "joined", NULL},
		.browsers = {"anonymous_id", "browser.anonymous_id", NULL},
		.identifiers = {"email", "order", "anonymous_id", "derived_id",
			"browser.anonymous_id", NULL}},
	/* by ReCharge's customer id */
	{.name = "recharge_customer",
		.retention = RETAIN_ORDERS,
		.is_personal = true,
		.customer = "customer_id",
		.others = {"email", NULL},
		.identifiers = {"email", "first_anonymous_id", "derived_id", NULL}},
	/* deliveries that wait for Shopify's customer id, by ReCharge's customer id */
	{.name = "customer_deferred",
		.retention = RETAIN_ORDERS,
		.timer = RECORD_TIMER_DEFERRED,
		.is_personal = true,
		.holds_bodies = true},
	/* deliveries that wait for their order, by order id */
	{.name = "order_deferred",
		.retention = RETAIN_ORDERS,
		.timer = RECORD_TIMER_DEFERRED,
		.is_personal = true,
		.holds_bodies = true},
	/* by ReCharge's subscription id */
	{.name = "subscription",
		.retention = RETAIN_ORDERS,
		.is_personal = true,
		.customer = "customer_id",
		.others = {"account", NULL},
		.identifiers = {"account", NULL}},
	/* by Shopify's subscription contract id */
	{.name = "contract",
		.retention = RETAIN_ORDERS,
		.is_personal = true,
		.customer = "customer_id"},
	/* by cart token */
	{.name = "cart",
		.retention = RETAIN_CART_TTL,
		.timer = RECORD_TIMER_CART,
		.is_personal = true},
	/* by checkout token */
	{.name = "checkout", .retention = RETAIN_CART_TTL, .is_personal = true},
	/* by product id */
	{.name = "product", .retention = RETAIN_CATALOGUE},

	/* an erasure or a report that is running, by its id */
	{.name = "privacy",
		.retention = RETAIN_BY_WRITER,
		.timer = RECORD_TIMER_PRIVACY_JOB,
		.is_engines = true},
	/* a shop's erasure that waits, or was cancelled, by shop */
	{.name = "shop_erasure",
		.retention = RETAIN_BY_WRITER,
		.timer = RECORD_TIMER_SHOP_ERASURE,
		.is_engines = true},
	/* a timer that failed, by a digest of its kind and key */
	{.name = "postponed", .retention = RETAIN_BY_WRITER, .is_engines = true},
	/* the version of ReCharge's API that signs a shop's webhooks */
	{.name = "recharge", .retention = RETAIN_BY_WRITER, .is_engines = true},
	/* when the daemon started; dropped at an orderly stop */
	{.name = "running", .retention = RETAIN_BY_WRITER, .is_engines = true},
	/* the retention clock */
	{.name = "retention_clock", .retention = RETAIN_BY_WRITER, .is_engines = true},
	/* the namespace of a destination's messageIds, by destination */
	{.name = "namespace", .retention = RETAIN_BY_WRITER, .is_engines = true},
	/* the shop's number in its ids, by shop */
	{.name = "shop_number", .retention = RETAIN_BY_WRITER, .is_engines = true},
	{0},
};

const struct record_kind *record_kind_find(const char *name)
{
	for (const struct record_kind *kind = record_kinds; kind->name != NULL; kind++)
		if (strcmp(kind->name, name) == 0)
			return kind;
	return NULL;
}

enum record_timer record_kind_timer(const char *name)
{
	const struct record_kind *kind = record_kind_find(name);

	return kind != NULL ? kind->timer : RECORD_TIMER_NONE;
}
