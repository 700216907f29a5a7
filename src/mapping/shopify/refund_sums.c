/* The sums of a refund (docs/events.md, Order Refunded).
 *
 * There are two sums, in two currencies. Money returned: the successful refund transactions, in the
 * currency of the payment. Value refunded: the lines, their tax and the shipping, minus the
 * adjustments, in both currencies. The events have the money returned; the value refunded serves to
 * convert it to the shop's currency when the buyer paid in another one. */
#include "mapping/shopify/refund_sums.h"

#include "mapping/rules.h"

#include <string.h>

#define MONEY_NOT_KNOWN ((struct money){.known = false})

/* An amount in the shop's currency and in the buyer's. */
struct pair {
	struct money shop;
	struct money presentment;
};

/* The paths of the two sides of a `…_set`; the plain amount replaces a missing shop side. */
struct pair_paths {
	const char *shop;
	const char *presentment;
};

#define PATHS(name)                                                                       \
	(struct pair_paths)                                                               \
	{                                                                                 \
		name "_set.shop_money.amount|" name, name "_set.presentment_money.amount" \
	}

static struct pair pair_at(const cJSON *object, struct pair_paths paths)
{
	struct pair pair = {MONEY_ZERO, MONEY_ZERO};

	if (json_at(object, paths.shop) != NULL)
		pair.shop = amount_at(object, paths.shop);
	if (json_at(object, paths.presentment) != NULL)
		pair.presentment = amount_at(object, paths.presentment);
	else if (!pair.shop.known || money_compare(pair.shop, MONEY_ZERO) != 0)
		pair.presentment = MONEY_NOT_KNOWN; /* a plain amount gives no rate */
	return pair;
}

static struct pair pair_add(struct pair a, struct pair b)
{
	return (struct pair){money_add(a.shop, b.shop), money_add(a.presentment, b.presentment)};
}

static struct pair pair_subtract(struct pair a, struct pair b)
{
	return (struct pair){
		money_subtract(a.shop, b.shop), money_subtract(a.presentment, b.presentment)};
}

/* ---- value refunded ---- */

/* Whether the subtotal of a refunded line includes its tax. This is not documented for shops whose
 * prices include tax; so compare the price of the refunded quantity with both. */
static bool subtotal_has_tax(const struct work *work, const cJSON *refunded)
{
	struct money quantity = amount_at(refunded, "quantity");
	struct money ordered = amount_at(refunded, "line_item.quantity");
	struct money subtotal = amount_at(refunded, "subtotal_set.shop_money.amount|subtotal");
	struct money tax = amount_at(refunded, "total_tax_set.shop_money.amount|total_tax");
	struct money price = amount_at(refunded, "line_item.price");
	struct money with_tax;
	struct money twice;

	if (!json_is_true(work->stored->order.value, "taxes_included") || !quantity.known ||
		!ordered.known)
		return false;
	price = money_subtract(
		money_convert(ordered, (struct money){.units = 1, .known = true}, price),
		sum_of(json_at(refunded, "line_item.discount_allocations"), "amount"));
	with_tax = money_convert(quantity, ordered, price);
	twice = money_add(subtotal, subtotal);
	with_tax = money_subtract(money_add(with_tax, with_tax), tax);
	return twice.known && with_tax.known && money_compare(twice, with_tax) > 0;
}

/* Sums the lines without tax, their tax, and separately the tip. */
static void sum_lines(struct work *work, struct pair *net, struct pair *tax, struct pair *tip)
{
	const cJSON *refunded;

	*net = *tax = *tip = (struct pair){MONEY_ZERO, MONEY_ZERO};
	cJSON_ArrayForEach (refunded, json_at(work->in->payload, "refund_line_items")) {
		bool is_tip = line_is_tip(json_at(refunded, "line_item"));
		struct pair subtotal = pair_at(refunded, PATHS("subtotal"));
		struct pair line_tax = pair_at(refunded, PATHS("total_tax"));

		if (subtotal_has_tax(work, refunded))
			subtotal = pair_subtract(subtotal, line_tax);
		*(is_tip ? tip : net) = pair_add(is_tip ? *tip : *net, subtotal);
		*tax = pair_add(*tax, line_tax);
	}
}

static bool is_shipping_refund(const cJSON *adjustment)
{
	const char *kind = json_text(adjustment, "kind");

	return kind != NULL && strcmp(kind, "shipping_refund") == 0;
}

/* Sums the refunded shipping and its tax. The same amount is in `order_adjustments` (negative) and
 * in `refund_shipping_lines`: it is counted once. */
static void sum_shipping(struct work *work, struct pair *net, struct pair *tax)
{
	const cJSON *item;
	bool adjusted = false;

	*net = *tax = (struct pair){MONEY_ZERO, MONEY_ZERO};
	cJSON_ArrayForEach (item, json_at(work->in->payload, "order_adjustments")) {
		if (!is_shipping_refund(item))
			continue;
		adjusted = true;
		*net = pair_subtract(*net, pair_at(item, PATHS("amount")));
		*tax = pair_subtract(*tax, pair_at(item, PATHS("tax_amount")));
	}
	cJSON_ArrayForEach (item, json_at(work->in->payload, "refund_shipping_lines")) {
		if (!adjusted)
			*net = pair_add(*net, pair_at(item, PATHS("subtotal_amount")));
	}
}

/* Value refunded: lines, tax, tip, shipping and duties, minus the other adjustments. A negative
 * adjustment means that more was paid back than calculated (Shopify's reference of refunds). */
static struct pair value_refunded(struct work *work)
{
	struct pair net;
	struct pair tax;
	struct pair tip;
	struct pair shipping;
	struct pair shipping_tax;
	struct pair value;
	const cJSON *item;

	sum_lines(work, &net, &tax, &tip);
	sum_shipping(work, &shipping, &shipping_tax);
	value = pair_add(pair_add(pair_add(net, tax), tip), pair_add(shipping, shipping_tax));
	value = pair_add(value, pair_at(work->in->payload, PATHS("total_duties")));
	cJSON_ArrayForEach (item, json_at(work->in->payload, "order_adjustments")) {
		if (is_shipping_refund(item))
			continue;
		value = pair_subtract(value, pair_at(item, PATHS("amount")));
		value = pair_subtract(value, pair_at(item, PATHS("tax_amount")));
	}
	return value;
}

/* ---- money returned ---- */

static bool is_money_returned(const cJSON *transaction)
{
	const char *kind = json_text(transaction, "kind");
	const char *status = json_text(transaction, "status");

	return kind != NULL && strcmp(kind, "refund") == 0 && status != NULL &&
	       strcmp(status, "success") == 0;
}

static struct money money_back(const struct work *work)
{
	struct money sum = MONEY_ZERO;
	const cJSON *item;

	cJSON_ArrayForEach (item, json_at(work->in->payload, "transactions")) {
		if (is_money_returned(item))
			sum = money_add(sum, amount_at(item, "amount"));
	}
	return sum;
}

/* A currency of the order's record, or of one side of the refund's sets. */
static const char *currency_of(const struct work *work, const char *side, const char *remembered)
{
	static const char *const sets[] = {
		"refund_line_items", "refund_shipping_lines", "order_adjustments"};
	static const char *const names[] = {"subtotal_set", "subtotal_amount_set", "amount_set"};
	const char *currency = json_text(work->stored->order.value, remembered);

	for (size_t i = 0; currency == NULL && i < sizeof(sets) / sizeof(sets[0]); i++) {
		const cJSON *list = json_at(work->in->payload, sets[i]);
		const cJSON *set = json_at(cJSON_GetArrayItem(list, 0), names[i]);

		currency = json_text(json_at(set, side), "currency_code");
	}
	return currency != NULL
		       ? currency
		       : json_text(json_at(json_at(work->in->payload, "total_duties_set"), side),
				 "currency_code");
}

static const char *shop_currency(const struct work *work)
{
	return currency_of(work, "shop_money", "currency");
}

static const char *presentment_currency(const struct work *work)
{
	return currency_of(work, "presentment_money", "presentment_currency");
}

/* The currency of the money returned: of the transactions (which may have null or "XXX"), else the
 * buyer's, else the shop's. */
static const char *currency_returned(const struct work *work)
{
	const cJSON *item;
	const char *currency;

	cJSON_ArrayForEach (item, json_at(work->in->payload, "transactions")) {
		currency = json_text(item, "currency");
		if (is_money_returned(item) && currency != NULL && strcmp(currency, "XXX") != 0)
			return currency;
	}
	currency = presentment_currency(work);
	return currency != NULL ? currency : shop_currency(work);
}

/* Money returned in the shop's currency: the same amount; or the refund's own sum; or converted by
 * the rate of the refund's sums or of the order. Not known without a rate. */
static struct money returned_in_shop_currency(struct work *work)
{
	struct money returned = money_back(work);
	const char *shop = shop_currency(work);
	const char *paid = currency_returned(work);
	struct pair value;

	if (shop == NULL || paid == NULL || strcmp(shop, paid) == 0)
		return returned;
	value = value_refunded(work);
	if (value.presentment.known && money_compare(value.presentment, returned) == 0)
		return value.shop;
	if (money_positive(value.presentment))
		return money_convert(returned, value.presentment, value.shop);
	return money_convert(returned, amount_at(work->stored->order.value, "presentment_total"),
		amount_at(work->stored->order.value, "total_price"));
}

/* NULL for an amount that is not known. */
static const char *kept_amount(struct work *work, struct money amount)
{
	struct text text = {0};

	if (!amount.known)
		return NULL;
	money_write(amount, &text);
	return work_keep(work, &text);
}

/* A refund that returned no money is not stored. */
static void keep_amounts(struct work *work, struct refund_sums *sums)
{
	if (sums->returned.known && !money_positive(sums->returned))
		return;
	sums->kept_total = kept_amount(work, sums->total);
	if (sums->currency != NULL && sums->currency_returned != NULL &&
		strcmp(sums->currency, sums->currency_returned) != 0)
		sums->kept_returned = kept_amount(work, sums->returned);
}

static void sum_up(struct work *work, struct refund_sums *sums)
{
	struct pair net;
	struct pair tax;
	struct pair tip;
	struct pair shipping;
	struct pair shipping_tax;

	sum_lines(work, &net, &tax, &tip);
	sum_shipping(work, &shipping, &shipping_tax);
	*sums = (struct refund_sums){
		.returned = money_back(work),
		.currency_returned = currency_returned(work),
		.currency = shop_currency(work),
		.net = net.shop,
		.tax = money_add(tax.shop, shipping_tax.shop),
		.tip = tip.shop,
		.shipping = shipping.shop,
	};
	if (money_positive(sums->returned))
		sums->total = returned_in_shop_currency(work);
	else if (sums->returned.known)
		sums->total = value_refunded(work).shop;
	if (sums->currency == NULL)
		sums->currency = sums->currency_returned;
	keep_amounts(work, sums);
}

const struct refund_sums *refund_sums_of(struct work *work)
{
	struct refund_sums *sums = work->scratch.refund;

	if (sums != NULL)
		return sums;
	sums = arena_alloc(work->arena, sizeof(*sums));
	if (sums == NULL) {
		work_fail(work, "no memory");
		return NULL;
	}
	sum_up(work, sums);
	work->scratch.refund = sums;
	return sums;
}
