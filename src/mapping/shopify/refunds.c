/* Order Refunded (docs/events.md, Order Refunded). */
#include "mapping/rules.h"
#include "mapping/shopify/refund_sums.h"

#include <string.h>

struct selection money_returned(struct work *work)
{
	const struct refund_sums *sums = refund_sums_of(work);
	struct selection selection;

	if (sums == NULL)
		return select_none("no memory");
	if (sums->returned.known && !money_positive(sums->returned) &&
		work->in->shop->refund_without_money == SKIP)
		return select_none("no money was returned (refund_without_money = skip)");
	selection = whole_payload(work);
	selection.refund = sums;
	return selection;
}

static void total(struct scope *scope, const struct field *row, const cJSON *refund)
{
	(void)refund;
	field_money(scope, row->property, scope->refund->total);
}

static void revenue(struct scope *scope, const struct field *row, const cJSON *lines)
{
	(void)lines;
	field_money(scope, row->property, scope->refund->net);
}

static void tax(struct scope *scope, const struct field *row, const cJSON *refund)
{
	(void)refund;
	field_money(scope, row->property, scope->refund->tax);
}

static void tip(struct scope *scope, const struct field *row, const cJSON *refund)
{
	struct money amount = scope->refund->tip;

	(void)refund;
	if (!amount.known || money_positive(amount))
		field_money(scope, row->property, amount);
}

static void shipping(struct scope *scope, const struct field *row, const cJSON *refund)
{
	(void)refund;
	field_money(scope, row->property, scope->refund->shipping);
}

static void currency(struct scope *scope, const struct field *row, const cJSON *refund)
{
	(void)refund;
	field_text(scope, row->property, scope->refund->currency);
}

static void buyers_currency(struct scope *scope, const struct field *row, const cJSON *refund)
{
	(void)refund;
	field_text(scope, row->property, scope->refund->currency_returned);
}

/* A String, as in the events of orders. */
static void buyers_total(struct scope *scope, const struct field *row, const cJSON *refund)
{
	struct text text = {0};

	(void)refund;
	if (!money_positive(scope->refund->returned))
		return;
	money_write(scope->refund->returned, &text);
	field_text(scope, row->property, text_string(&text));
	if (text.failed)
		work_fail(scope->work, "no memory");
	text_free(&text);
}

/* The sum of this refund and the stored earlier ones of the order. */
static struct money given_back(const struct work *work, const char *kept, const char *own)
{
	const char *id = json_text(work->in->payload, "id");
	const cJSON *amounts = work_named(work->stored->order.value, kept);
	struct money sum = money_parse(own);
	const cJSON *earlier;

	cJSON_ArrayForEach (earlier, amounts) {
		if (strcmp(earlier->string, id) != 0)
			sum = money_add(sum, amount_at(earlier, "."));
	}
	return sum;
}

/* Whether all refunds of the order reach its total; left out when the order is not known. A cent
 * may be missing when parts are converted one by one: so the sum in the buyer's currency is
 * compared, too. */
static void full_refund(struct scope *scope, const struct field *row, const cJSON *refund)
{
	const struct work *work = scope->work;
	struct money total = amount_at(work->stored->order.value, "total_price");
	struct money sum = given_back(work, "refunds", scope->refund->kept_total);
	struct money buyers_total = amount_at(work->stored->order.value, "presentment_total");
	struct money buyers_sum = given_back(work, "returned", scope->refund->kept_returned);
	bool is_full = total.known && sum.known && money_compare(sum, total) >= 0;
	bool is_full_for_buyer = buyers_total.known && buyers_sum.known &&
				 money_compare(buyers_sum, buyers_total) >= 0;

	(void)refund;
	if (total.known && sum.known)
		json_add_flag(scope->out, row->property, is_full || is_full_for_buyer);
}

/* The product of a refunded line; NULL when it is not a product. */
static const cJSON *product_of(const cJSON *refunded)
{
	const cJSON *line = json_at(refunded, "line_item");

	return cJSON_IsObject(line) && !line_is_tip(line) ? line : NULL;
}

/* The refunded lines, with the refunded quantity. */
static void products(struct scope *scope, const struct field *row, const cJSON *list)
{
	size_t count = 0;
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		count += product_of(item) != NULL;
	}
	if (count == 0)
		return;
	list_begin(scope, row->property);
	cJSON_ArrayForEach (item, list) {
		bool fits;

		if (product_of(item) == NULL)
			continue;
		scope->position = scope->items + 1;
		scope->quantity = json_text(item, "quantity");
		fits = field_item(scope, row->items, product_of(item));
		scope->quantity = NULL;
		if (!fits)
			break;
	}
	list_end(scope, row->property, count);
}

const struct field refund_properties[] = {
	{"order_id", ".", order_id_known, NULL, 0},
	{"order_name", "@order.name", as_text, NULL, 0},
	{"refund_id", "id", as_text, NULL, 0},
	{"affiliation", "@order.affiliation", as_text, NULL, 0},
	{"total", ".", total, NULL, 0},
	{"revenue", "refund_line_items", revenue, NULL, 0},
	{"tax", ".", tax, NULL, 0},
	{"tip", ".", tip, NULL, 0},
	{"shipping", ".", shipping, NULL, 0},
	{"currency", ".", currency, NULL, 0},
	{"presentment_currency", ".", buyers_currency, NULL, 0},
	{"presentment_total", ".", buyers_total, NULL, 0},
	{"coupon", "@order.coupon", as_text, NULL, 0},
	{"full_refund", ".", full_refund, NULL, 0},
	{"order_total", "@order.total_price", as_money, NULL, 0},
	{"products", "refund_line_items", products, line_properties, 0},
	{0},
};
