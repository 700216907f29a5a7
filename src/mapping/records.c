/* Reads the records that a delivery needs, and updates them afterwards. */
#include "mapping/records.h"

#include "mapping/identity/identity.h"
#include "mapping/order_texts.h"
#include "mapping/recharge/subscriptions.h"
#include "mapping/shopify/checkouts.h"
#include "mapping/shopify/refund_sums.h"

#include <string.h>

void records_recall(struct work *work, struct stored *stored, struct identity *identity)
{
	identity_recall(work, stored, identity);
	checkouts_recall(work, stored);
}

/* ---- the record of an order ---- */

/* Writes the value of the payload at a path, or else the stored one. */
static void keep(struct work *work, struct text *json, const char *key, const char *path)
{
	const char *value = json_text(work->in->payload, path);

	json_add_member(json, key,
		work_cut(work, text_or(value, json_text(work->stored->order.value, key))));
}

static void keep_flag(struct work *work, struct text *json, const char *key)
{
	if (json_is_true(work->in->payload, key) || json_is_true(work->stored->order.value, key))
		json_add_flag(json, key, true);
}

/* Writes the browser's id, but not a derived id: that is derived again from the same token. */
static void keep_identity(struct work *work, struct text *json)
{
	json_add_member(json, "customer_id", work->identity->person.customer_id);
	json_add_member(json, "anonymous_id", work_browser_id(work));
	json_add_member(json, "google_client_id", work->identity->person.google_client_id);
	json_add_member(json, "google_session_id", work->identity->person.google_session_id);
	identity_write_consent(work, json);
}

/* Writes what later refunds and fulfilments need of their order. */
static void keep_order(struct work *work, struct text *json)
{
	keep(work, json, "name", "name");
	keep(work, json, "order_number", "order_number");
	keep(work, json, "email", "email|contact_email|customer.email");
	keep(work, json, "currency", "currency");
	keep(work, json, "presentment_currency", "presentment_currency");
	keep(work, json, "total_price", "total_price|total_price_set.shop_money.amount");
	keep(work, json, "presentment_total", "total_price_set.presentment_money.amount");
	keep(work, json, "cart_token", "cart_token");
	keep(work, json, "checkout_token", "checkout_token");
	keep_flag(work, json, "taxes_included");
	keep_flag(work, json, "test");
	json_add_member(json, "coupon",
		text_or(order_coupon(work, work->in->payload),
			json_text(work->stored->order.value, "coupon")));
	json_add_member(json, "affiliation", order_affiliation(work, work->in->payload));
}

/* The amount of each refund of an order, by its id. No order has more. */
enum { REFUNDS_MAX = 1000 };

static void keep_amounts(struct work *work, struct text *json, const char *key, const char *amount)
{
	const cJSON *stored = work_named(work->stored->order.value, key);
	const char *id = amount != NULL ? json_text(work->in->payload, "id") : NULL;
	const cJSON *item;
	int count = 0;

	if (stored == NULL && id == NULL)
		return;
	json_add_key(json, key);
	text_put(json, "{");
	cJSON_ArrayForEach (item, stored) {
		if ((id == NULL || strcmp(item->string, id) != 0) && count++ < REFUNDS_MAX)
			json_add_member(json, item->string, json_text(item, "."));
	}
	if (id != NULL)
		json_add_member(json, id, amount);
	text_put(json, "}");
}

static void keep_refunds(struct work *work, struct text *json)
{
	bool is_refund = work->emitted->follows_rules &&
			 strcmp(work->in->delivery->topic, "refunds/create") == 0;
	const struct refund_sums *sums = is_refund ? refund_sums_of(work) : NULL;

	keep_amounts(work, json, "refunds", sums != NULL ? sums->kept_total : NULL);
	keep_amounts(work, json, "returned", sums != NULL ? sums->kept_returned : NULL);
}

/* Keeps the stored members, except those of the browser that a refusal removes. */
static void keep_stored(struct work *work, struct text *json)
{
	static const char of_browser[] = "anonymous_id|google_client_id|google_session_id|browser";
	bool refused = work->in->topic->is_hint && identity_has_refused(work);
	const cJSON *member;

	cJSON_ArrayForEach (member, work->stored->order.value) {
		if (topic_is_among("refunds|returned", member->string) ||
			(refused && topic_is_among(of_browser, member->string)))
			continue;
		json_add_key(json, member->string);
		json_add_value(json, member);
	}
	if (refused && work->stored->order.value != NULL)
		identity_write_consent(work, json);
}

/* A refund that arrives before its order is stored, too: the order adds to the record later. */
static void remember_order(struct work *work)
{
	struct text json = {0};

	text_put(&json, "{");
	if (work->in->topic->is_order) {
		keep_identity(work, &json);
		keep_order(work, &json);
	} else {
		keep_stored(work, &json);
	}
	keep_refunds(work, &json);
	text_put(&json, "}");
	if (json.failed || json.length > 2)
		work_remember(
			work, "order", work->identity->order_id, &json, work->stored->order.json);
	text_free(&json);
}

/* ---- writing ---- */

void records_remember(struct work *work)
{
	identity_remember(work);
	if (work->identity->order_id != NULL)
		remember_order(work);
	subscriptions_remember(work);
	checkouts_remember(work);
}
