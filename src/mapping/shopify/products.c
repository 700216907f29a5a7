/* The lines of carts, checkouts and orders as Segment's products (docs/events.md, Products). */
#include "mapping/rules.h"

#include "mapping/joined.h"
#include "mapping/recharge/recharge_common.h"
#include "mapping/shopify/catalogue.h"

#include <string.h>

/* ---- from the catalogue ---- */

static void category(struct scope *scope, const struct field *row, const cJSON *line)
{
	const cJSON *product = catalogue_product(scope->work, line);

	field_text(scope, row->property, text_or(json_text(product, "product_type"), "all"));
}

/* The URL at the permanent domain, which redirects to the shop's own. */
static void url(struct scope *scope, const struct field *row, const cJSON *line)
{
	const char *handle = json_text(catalogue_product(scope->work, line), "handle");

	if (handle != NULL)
		field_text(scope, row->property,
			arena_format(scope->work->arena, "https://%s/products/%s",
				scope->work->in->shop->domain, handle));
}

static void image_url(struct scope *scope, const struct field *row, const cJSON *line)
{
	field_text(scope, row->property, json_text(catalogue_product(scope->work, line), "image"));
}

/* The catalogue's amounts are in the shop's currency, those of a checkout in the buyer's. */
static bool is_in_shop_currency(const struct scope *scope)
{
	const struct topic *topic = scope->work->in->topic;
	const char *shop = json_text(scope->root, "currency");
	const char *buyer = json_text(scope->root, "presentment_currency");

	return topic->checkout == NULL || topic->is_order || buyer == NULL ||
	       (shop != NULL && strcmp(shop, buyer) == 0);
}

/* The lines of checkouts have it. */
static void compare_at_price(struct scope *scope, const struct field *row, const cJSON *line)
{
	const cJSON *source = line;

	if (json_at(line, "compare_at_price") == NULL && is_in_shop_currency(scope))
		source = catalogue_variant(scope->work, line);
	if (json_at(source, "compare_at_price") != NULL)
		field_money(scope, row->property, amount_at(source, "compare_at_price"));
}

/* The title of a cart's line is that of product and variant together. */
static void product_title(struct scope *scope, const struct field *row, const cJSON *line)
{
	const cJSON *product = catalogue_product(scope->work, line);

	field_text(scope, row->property,
		text_or(json_text(product, "title"), json_text(line, "title")));
}

static void variant_title(struct scope *scope, const struct field *row, const cJSON *line)
{
	field_text(scope, row->property, json_text(catalogue_variant(scope->work, line), "title"));
}

/* ---- from the line ---- */

static void quantity(struct scope *scope, const struct field *row, const cJSON *line)
{
	const cJSON *own = json_at(line, "quantity");
	struct money count = scope->quantity != NULL ? money_parse(scope->quantity)
						     : amount_at(line, "quantity");

	if (own == NULL && scope->quantity == NULL)
		return;
	field_money(scope, row->property, count);
}

/* The discount of a line is not that of a refunded part. */
static bool is_whole_line(const struct scope *scope, const cJSON *line)
{
	const char *ordered = json_text(line, "quantity");

	return scope->quantity == NULL ||
	       (ordered != NULL && strcmp(ordered, scope->quantity) == 0);
}

/* Only a tip has this member (Shopify's reference of the order). */
bool line_is_tip(const cJSON *line)
{
	return json_at(line, "product_id") == NULL &&
	       cJSON_GetObjectItemCaseSensitive(line, "tip_payment_gateway") != NULL;
}

static bool have_tip(const cJSON *lines)
{
	const cJSON *line;

	cJSON_ArrayForEach (line, lines) {
		if (line_is_tip(line))
			return true;
	}
	return false;
}

/* The tip has a property of its own, and is not part of a subtotal. */
void as_products(struct scope *scope, const struct field *row, const cJSON *lines)
{
	cJSON *bought;
	const cJSON *line;

	if (!have_tip(lines)) {
		as_list(scope, row, lines);
		return;
	}
	bought = work_list(scope->work);
	cJSON_ArrayForEach (line, lines) {
		if (!line_is_tip(line))
			work_append(scope->work, bought, line);
	}
	if (bought != NULL)
		as_list(scope, row, bought);
}

/* The line's `total_discount` is often 0.00 for a discounted line; its allocations are right
 * (Shopify's reference of line items). */
static void discount(struct scope *scope, const struct field *row, const cJSON *line)
{
	const cJSON *allocations = json_at(line, "discount_allocations|applied_discounts");

	if (allocations != NULL && is_whole_line(scope, line))
		field_money(scope, row->property, sum_of(allocations, "amount"));
}

static void position(struct scope *scope, const struct field *row, const cJSON *line)
{
	(void)line;
	json_add_number(scope->out, row->property, (int64_t)scope->position);
}

static void coupon(struct scope *scope, const struct field *row, const cJSON *line)
{
	const cJSON *allocation;
	struct joined codes = {.arena = scope->work->arena};

	cJSON_ArrayForEach (allocation, json_at(line, "discount_allocations")) {
		const char *code =
			json_text(application_of(scope->work, scope->root, allocation), "code");

		if (code != NULL)
			joined_add(&codes, code, strlen(code));
		if (joined_is_full(&codes))
			break;
	}
	field_joined_text(scope, row->property, &codes);
}

/* Writes one entry. A name that begins with "_" is hidden from buyers: apps use it. */
static void product_property(struct scope *scope, const char *name, const cJSON *value)
{
	static const struct field row = {"value", ".", as_flag_text, NULL, 0};

	if (name == NULL || name[0] == '_' || json_at(value, ".") == NULL)
		return;
	json_add_comma(scope->out);
	text_put(scope->out, "{");
	field_text(scope, "name", name);
	as_flag_text(scope, &row, value);
	text_put(scope->out, "}");
}

/* The properties of a line: a list of names and values; in carts and some checkouts an object. */
static void product_properties(struct scope *scope, const struct field *row, const cJSON *entries)
{
	size_t before = scope->out->length;
	size_t empty;
	const cJSON *item;

	json_add_key(scope->out, row->property);
	text_put(scope->out, "[");
	empty = scope->out->length;
	cJSON_ArrayForEach (item, entries) {
		if (!field_goes_on(scope, before))
			break;
		if (cJSON_IsArray(entries))
			product_property(scope, json_text(item, "name"), json_at(item, "value"));
		else
			product_property(scope, item->string, item);
	}
	if (scope->out->length == empty)
		text_cut(scope->out, before);
	else
		text_put(scope->out, "]");
}

/* clang-format off */
#define PRODUCT_IDS \
	{"product_id", "product_id", as_text, NULL, 0},         \
	{"shopify_product_id", "product_id", as_text, NULL, 0}, \
	{"variant_id", "variant_id", as_text, NULL, 0},         \
	{"shopify_variant_id", "variant_id", as_text, NULL, 0}, \
	{"sku", "sku", as_text, NULL, 0}
/* clang-format on */

/* clang-format off */
#define PRODUCT_LINKS \
	{"url", ".", url, NULL, SHRINK_LINKS},                                             \
	{"image_url", ".", image_url, NULL, SHRINK_LINKS},                                 \
	{"product_properties", "properties", product_properties, NULL, SHRINK_PROPERTIES}, \
	{"gift_card", "gift_card", as_true, NULL, 0}
/* clang-format on */

/* clang-format off */
#define LINE \
	PRODUCT_IDS,                                                      \
	{"name", "title|name", as_text, NULL, 0},                         \
	{"variant", "variant_title", as_text, NULL, 0},                   \
	{"brand", "vendor", as_text, NULL, 0},                            \
	{"category", ".", category, NULL, 0},                             \
	{"price", "price|price_set.shop_money.amount", as_money, NULL, 0}, \
	{"compare_at_price", ".", compare_at_price, NULL, 0},             \
	{"quantity", ".", quantity, NULL, 0}
/* clang-format on */

/* Lines of orders, refunds and checkouts. */
const struct field line_properties[] = {
	LINE,
	{"discount", ".", discount, NULL, 0},
	{"coupon", ".", coupon, NULL, 0},
	{"position", ".", position, NULL, 0},
	PRODUCT_LINKS,
	{0},
};

/* Lines of fulfilments. Their quantity is what was sent, but their allocations are those of all
 * that was ordered. */
const struct field fulfilled_properties[] = {
	LINE,
	{"position", ".", position, NULL, 0},
	PRODUCT_LINKS,
	{0},
};

/* ---- subscriptions, by both versions of ReCharge's API ---- */

/* A subscription, or a line of a charge or order. The catalogue's image is preferred: it is the
 * shop's. */
static void subscribed_image(struct scope *scope, const struct field *row, const cJSON *line)
{
	const char *stored = json_text(catalogue_product(scope->work, line), "image");

	field_text(scope, row->property,
		text_or(stored, json_text(line, "images.original|images.large")));
}

const struct field subscribed_properties[] = {
	{"product_id", RECHARGE_PRODUCT, as_text, NULL, 0},
	{"shopify_product_id", RECHARGE_PRODUCT, as_text, NULL, 0},
	{"variant_id", RECHARGE_VARIANT, as_text, NULL, 0},
	{"shopify_variant_id", RECHARGE_VARIANT, as_text, NULL, 0},
	{"sku", "sku", as_text, NULL, 0},
	{"name", "product_title|title", as_text, NULL, 0},
	{"variant", "variant_title", as_text, NULL, 0},
	{"brand", "vendor", as_text, NULL, 0},
	{"category", ".", category, NULL, 0},
	{"price", "unit_price|price", as_money, NULL, 0},
	{"compare_at_price", ".", compare_at_price, NULL, 0},
	{"quantity", "quantity", as_count, NULL, 0},
	{"url", ".", url, NULL, SHRINK_LINKS},
	{"image_url", ".", subscribed_image, NULL, SHRINK_LINKS},
	{0},
};

/* ---- carts, from their record ---- */

/* clang-format off */
#define CART_LINE \
	PRODUCT_IDS,                                          \
	{"name", ".", product_title, NULL, 0},                \
	{"variant", ".", variant_title, NULL, 0},             \
	{"brand", "vendor", as_text, NULL, 0},                \
	{"category", ".", category, NULL, 0},                 \
	{"price", "price", as_money, NULL, 0},                \
	{"compare_at_price", ".", compare_at_price, NULL, 0}, \
	{"quantity", "quantity", as_count, NULL, 0},          \
	{"discount", "total_discount", as_money, NULL, 0}
/* clang-format on */

static const struct field cart_line_properties[] = {
	CART_LINE,
	PRODUCT_LINKS,
	{0},
};

static void cart_currency(struct scope *scope, const struct field *row, const cJSON *line)
{
	(void)line;
	field_text(scope, row->property, json_text(scope->work->in->payload, "currency"));
}

/* The value of the cart after the change. */
static void cart_value(struct scope *scope, const struct field *row, const cJSON *line)
{
	(void)line;
	field_money(scope, row->property, cart_list_value(scope));
}

static void cart_products(struct scope *scope, const struct field *row, const cJSON *line)
{
	(void)line;
	cart_list_write(scope, row);
}

/* The changed line, flat, and all lines of the cart. */
const struct field change_properties[] = {
	{"cart_id", "token", as_text, NULL, 0},
	CART_LINE,
	PRODUCT_LINKS,
	{"currency", ".", cart_currency, NULL, 0},
	{"value", ".", cart_value, NULL, 0},
	{"products", ".", cart_products, cart_line_properties, 0},
	{0},
};
