/* Order Completed, POS Order Placed, Order Cancelled (docs/events.md, Orders). */
#include "mapping/rules.h"

#include "base/clock.h"
#include "mapping/joined.h"
#include "mapping/order_texts.h"

#include <string.h>

/* A younger order is one whose orders/create was missed, not an old one that was edited
 * (docs/events.md). */
static const int64_t MISSED_CREATE = 2 * DAY;

/* ---- which orders ---- */

static bool topic_is(const struct work *work, const char *topic)
{
	return strcmp(work->in->delivery->topic, topic) == 0;
}

/* Whether a time of the payload is within the last two days. */
static bool is_recent(const struct work *work, const char *path)
{
	int64_t time = time_parse(json_text(work->in->payload, path));

	return time != TIME_UNKNOWN && work->in->delivery->received - time < MISSED_CREATE;
}

/* The topic is not signed: the body is preferred. */
static bool is_paid(const struct work *work)
{
	const char *status = json_text(work->in->payload, "financial_status");

	if (status != NULL &&
		topic_is_among("pending|authorized|partially_paid|voided|expired", status))
		return false;
	return topic_is(work, "orders/paid") || (status != NULL && strcmp(status, "paid") == 0);
}

static bool is_pos(const struct work *work)
{
	const char *source = json_text(work->in->payload, "source_name");

	return source != NULL && strcmp(source, "pos") == 0;
}

/* Why the order is not emitted as placed; NULL when it is. */
static const char *why_not_placed(const struct work *work)
{
	bool may_be_old = topic_is(work, "orders/updated") || topic_is(work, "orders/fulfilled");

	if (json_at(work->in->payload, "cancelled_at") != NULL)
		return "the order is cancelled";
	if (may_be_old && !is_recent(work, "created_at|processed_at"))
		return "the order is older than two days: an old order was edited";
	if (work->in->shop->order_completed_on == COMPLETED_ON_PAID && !is_paid(work))
		return "the order is not paid yet (order_completed_on = paid)";
	return NULL;
}

bool order_is_placed(const struct work *work)
{
	return why_not_placed(work) == NULL;
}

struct selection placed_online(struct work *work)
{
	const char *why_not = why_not_placed(work);

	return why_not != NULL || is_pos(work) ? select_none(why_not) : whole_payload(work);
}

struct selection placed_at_pos(struct work *work)
{
	const char *why_not = why_not_placed(work);

	return why_not != NULL || !is_pos(work) ? select_none(why_not) : whole_payload(work);
}

struct selection cancelled(struct work *work)
{
	if (json_at(work->in->payload, "cancelled_at") == NULL)
		return select_none(NULL);
	if (!topic_is(work, "orders/cancelled") && !is_recent(work, "cancelled_at"))
		return select_none("the order was cancelled over two days ago");
	return whole_payload(work);
}

/* ---- sums ---- */

/* Iterates over the shipping lines that were not removed; NULL after the last. */
static const cJSON *next_shipping_line(const cJSON *line)
{
	do {
		line = line->next;
	} while (line != NULL && json_is_true(line, "is_removed"));
	return line;
}

static const cJSON *first_shipping_line(const cJSON *order)
{
	const cJSON *lines = json_at(order, "shipping_lines");

	if (!cJSON_IsArray(lines) || lines->child == NULL)
		return NULL;
	return json_is_true(lines->child, "is_removed") ? next_shipping_line(lines->child)
							: lines->child;
}

static struct money tax_of_shipping(const cJSON *order)
{
	struct money sum = MONEY_ZERO;

	for (const cJSON *line = first_shipping_line(order); line != NULL;
		line = next_shipping_line(line))
		sum = money_add(sum, sum_of(json_at(line, "tax_lines"), "price"));
	return sum;
}

/* The duties of an order; zero when it has none. */
static struct money duties_of(const cJSON *order)
{
	static const char path[] = "original_total_duties_set.shop_money.amount|"
				   "current_total_duties_set.shop_money.amount";

	return json_at(order, path) != NULL ? amount_at(order, path) : MONEY_ZERO;
}

/* `subtotal_price` is the sum of the lines after discounts, with what their prices include: tax
 * (taxes_included) and duties (duties_included). The tax of the lines is the order's tax minus the
 * tax of its shipping, so that total = revenue + shipping + tax + tip + duties is exact to the
 * cent. */
void order_net(struct scope *scope, const struct field *row, const cJSON *order)
{
	static const char path[] = "subtotal_price|subtotal_price_set.shop_money.amount";
	struct money net = amount_at(order, path);

	if (json_at(order, path) == NULL)
		return;
	if (json_is_true(order, "taxes_included")) {
		net = money_subtract(
			net, amount_at(order, "total_tax|total_tax_set.shop_money.amount"));
		net = money_add(net, tax_of_shipping(order));
	}
	if (json_is_true(order, "duties_included"))
		net = money_subtract(net, duties_of(order));
	field_money(scope, row->property, net);
}

/* The price of a shipping line after its discounts. `discounted_price` ignores discounts of the
 * whole order; the allocations do not (Shopify's reference of shipping_lines). */
static struct money shipping_price(const cJSON *line)
{
	static const char price[] = "price|price_set.shop_money.amount";

	static const char discounts[] = "discount_allocations|applied_discounts";

	if (cJSON_GetObjectItemCaseSensitive(line, "discount_allocations") != NULL ||
		json_at(line, discounts) != NULL)
		return money_subtract(
			amount_at(line, price), sum_of(json_at(line, discounts), "amount"));
	return amount_at(line, "discounted_price|price|price_set.shop_money.amount");
}

void order_shipping(struct scope *scope, const struct field *row, const cJSON *order)
{
	static const char total[] = "total_shipping_price_set.shop_money.amount";
	struct money sum = MONEY_ZERO;

	if (json_at(order, "shipping_lines") == NULL) {
		if (json_at(order, total) != NULL)
			field_money(scope, row->property, amount_at(order, total));
		return;
	}
	for (const cJSON *line = first_shipping_line(order); line != NULL;
		line = next_shipping_line(line))
		sum = money_add(sum, shipping_price(line));
	if (json_is_true(order, "taxes_included"))
		sum = money_subtract(sum, tax_of_shipping(order));
	field_money(scope, row->property, sum);
}

static void duties(struct scope *scope, const struct field *row, const cJSON *order)
{
	struct money sum = duties_of(order);

	if (!sum.known || money_positive(sum))
		field_money(scope, row->property, sum);
}

/* ---- texts ---- */

/* The id, name or number by the shop's option order_id; the id when the other one is missing. */
void order_id(struct scope *scope, const struct field *row, const cJSON *order)
{
	static const char *const paths[] = {[ORDER_ID_ID] = "id",
		[ORDER_ID_NAME] = "name|id",
		[ORDER_ID_NUMBER] = "order_number|id"};

	field_text(scope, row->property, json_text(order, paths[scope->work->in->shop->order_id]));
}

/* The same for an order that is known by its record. */
void order_id_known(struct scope *scope, const struct field *row, const cJSON *payload)
{
	static const char *const paths[] = {[ORDER_ID_ID] = "order_id|order_edit.order_id",
		[ORDER_ID_NAME] = "name",
		[ORDER_ID_NUMBER] = "order_number"};
	const char *id =
		json_text(scope->work->stored->order.value, paths[scope->work->in->shop->order_id]);

	field_text(scope, row->property, id != NULL ? id : json_text(payload, paths[ORDER_ID_ID]));
}

static void affiliation(struct scope *scope, const struct field *row, const cJSON *order)
{
	field_text(scope, row->property, order_affiliation(scope->work, order));
}

void order_coupons(struct scope *scope, const struct field *row, const cJSON *order)
{
	field_text(scope, row->property, order_coupon(scope->work, order));
}

void order_shipping_method(struct scope *scope, const struct field *row, const cJSON *order)
{
	struct joined titles = {.arena = scope->work->arena};

	for (const cJSON *line = first_shipping_line(order); line != NULL;
		line = next_shipping_line(line)) {
		const char *title = json_text(line, "title");

		if (title != NULL)
			joined_append(&titles, title);
		if (joined_is_full(&titles))
			break;
	}
	field_joined_text(scope, row->property, &titles);
}

void order_user_id(struct scope *scope, const struct field *row, const cJSON *order)
{
	(void)order;
	field_text(scope, row->property, scope->work->identity->person.user_id);
}

/* Only of the order, not of a checkout step that it completes. */
static void cancel_reason(struct scope *scope, const struct field *row, const cJSON *value)
{
	if (json_at(scope->root, "step") == NULL)
		as_text(scope, row, value);
}

const struct field order_properties[] = {
	{"order_id", ".", order_id, NULL, 0},
	{"order_name", "name", as_text, NULL, 0},
	{"checkout_id", "checkout_token", as_text, NULL, 0},
	{"checkoutId", "checkout_token", as_text, NULL, 0},
	{"cart_id", "cart_token", as_text, NULL, 0},
	{"userId", ".", order_user_id, NULL, 0},
	{"affiliation", ".", affiliation, NULL, 0},
	{"step", "step", as_count, NULL, 0}, /* of the checkout that the order completes */
	{"subtotal", ".", order_net, NULL, 0},
	{"revenue", ".", order_net, NULL, 0},
	{"shipping", ".", order_shipping, NULL, 0},
	{"tax", "total_tax|total_tax_set.shop_money.amount", as_money, NULL, 0},
	{"duties", ".", duties, NULL, 0},
	{"tip", "total_tip_received", as_positive_money, NULL, 0},
	{"discount", "total_discounts|total_discounts_set.shop_money.amount", as_money, NULL, 0},
	{"total", "total_price|total_price_set.shop_money.amount", as_money, NULL, 0},
	{"currency", "currency", as_text, NULL, 0},
	{"presentment_currency", "presentment_currency", as_text, NULL, 0},
	{"presentment_total", "total_price_set.presentment_money.amount", as_text, NULL, 0},
	{"coupon", ".", order_coupons, NULL, 0},
	{"payment_method", "payment_gateway_names", as_joined, NULL, 0},
	{"shipping_method", ".", order_shipping_method, NULL, 0},
	{"source_name", "source_name", as_text, NULL, 0},
	{"location_id", "location_id", as_text, NULL, 0},
	{"cancel_reason", "cancel_reason", cancel_reason, NULL, 0},
	{"purchase_count", "@customer.orders_count", as_count, NULL, 0},
	{"lifetime_revenue", "@customer.total_spent", as_money, NULL, 0},
	{"products", "line_items", as_products, line_properties, 0},
	{0},
};

/* orders/edited carries the changed lines, and nothing else of the order. */
const struct field edit_properties[] = {
	{"order_id", ".", order_id_known, NULL, 0},
	{"order_name", "@order.name", as_text, NULL, 0},
	{"checkout_id", "@order.checkout_token", as_text, NULL, 0},
	{"checkoutId", "@order.checkout_token", as_text, NULL, 0},
	{"cart_id", "@order.cart_token", as_text, NULL, 0},
	{"affiliation", "@order.affiliation", as_text, NULL, 0},
	{"currency", "@order.currency", as_text, NULL, 0},
	{"coupon", "@order.coupon", as_text, NULL, 0},
	{0},
};
