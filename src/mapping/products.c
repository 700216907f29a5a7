/* The lines of an order as Segment's products (docs/events.md, Products). */
#include "mapping/rules.h"

#include <string.h>

/* Catalogue data would tell the product's type; without it the category is "all". */
static void category(struct scope *scope, const struct field *row, const cJSON *line)
{
	(void)line;
	field_text(scope, row->property, "all");
}

static void quantity(struct scope *scope, const struct field *row, const cJSON *line)
{
	const cJSON *own = json_at(line, "quantity");
	struct money count = scope->quantity != NULL ? money_parse(scope->quantity)
						     : amount_at(line, "quantity");

	if (own == NULL && scope->quantity == NULL)
		return;
	field_money(scope, row->property, count);
}

/* A refund or fulfilment of a part of a line says nothing of the discount of that part. */
static bool is_whole_line(const struct scope *scope, const cJSON *line)
{
	const char *ordered = json_text(line, "quantity");

	return scope->quantity == NULL ||
	       (ordered != NULL && strcmp(ordered, scope->quantity) == 0);
}

/* The line's `total_discount` is often 0.00 for a discounted line; its allocations are right
 * (Shopify's reference of the order's line items). */
static void discount(struct scope *scope, const struct field *row, const cJSON *line)
{
	const cJSON *allocations = json_at(line, "discount_allocations");

	if (allocations != NULL && is_whole_line(scope, line))
		field_money(scope, row->property, sum_of(allocations, "amount"));
}

static void position(struct scope *scope, const struct field *row, const cJSON *line)
{
	(void)line;
	json_add_number(scope->out, row->property, (int64_t)scope->position);
}

/* The application that an allocation points at by its index. */
static const cJSON *application_of(const struct scope *scope, const cJSON *allocation)
{
	struct money index = amount_at(allocation, "discount_application_index");
	const cJSON *applications = json_at(scope->root, "discount_applications");

	if (!index.known || index.scale != 0 || index.units < 0 || index.units > INT16_MAX)
		return NULL;
	return cJSON_GetArrayItem(applications, (int)index.units);
}

static void coupon(struct scope *scope, const struct field *row, const cJSON *line)
{
	const cJSON *allocation;
	struct text codes = {0};

	cJSON_ArrayForEach (allocation, json_at(line, "discount_allocations")) {
		const char *code = json_text(application_of(scope, allocation), "code");

		if (code == NULL)
			continue;
		if (codes.length > 0)
			text_put(&codes, ",");
		text_put(&codes, code);
	}
	field_text(scope, row->property, text_string(&codes));
	if (codes.failed)
		work_fail(scope->work, "no memory");
	text_free(&codes);
}

static const struct field line_property[] = {
	{"name", "name", as_text, NULL, 0},
	{"value", "value", as_flag_text, NULL, 0},
	{0},
};

/* The buyer's own entries; those whose name begins with "_" are hidden, so apps' business. */
static void product_properties(struct scope *scope, const struct field *row, const cJSON *list)
{
	size_t before = scope->out->length;
	size_t empty;
	const cJSON *item;

	json_add_key(scope->out, row->property);
	text_put(scope->out, "[");
	empty = scope->out->length;
	cJSON_ArrayForEach (item, list) {
		const char *name = json_text(item, "name");

		if (name != NULL && name[0] != '_' && json_at(item, "value") != NULL)
			(void)field_item(scope, line_property, item);
	}
	if (scope->out->length == empty)
		text_cut(scope->out, before);
	else
		text_put(scope->out, "]");
}

const struct field line_properties[] = {
	{"product_id", "product_id", as_text, NULL, 0},
	{"shopify_product_id", "product_id", as_text, NULL, 0},
	{"variant_id", "variant_id", as_text, NULL, 0},
	{"shopify_variant_id", "variant_id", as_text, NULL, 0},
	{"sku", "sku", as_text, NULL, 0},
	{"name", "title|name", as_text, NULL, 0},
	{"variant", "variant_title", as_text, NULL, 0},
	{"brand", "vendor", as_text, NULL, 0},
	{"category", ".", category, NULL, 0},
	{"price", "price|price_set.shop_money.amount", as_money, NULL, 0},
	{"quantity", ".", quantity, NULL, 0},
	{"discount", ".", discount, NULL, 0},
	{"coupon", ".", coupon, NULL, 0},
	{"position", ".", position, NULL, 0},
	{"product_properties", "properties", product_properties, NULL, SHRINK_PROPERTIES},
	{"gift_card", "gift_card", as_true, NULL, 0},
	{0},
};
