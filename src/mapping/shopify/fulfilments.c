/* Fulfilment Update (docs/events.md, Fulfilment Update). */
#include "mapping/rules.h"

#include <string.h>

/* A fulfilment's name is the name of its order and a number: "#1001.1". */
static const char *name_of_order(struct scope *scope, const cJSON *fulfilment)
{
	const char *stored = json_text(scope->work->stored->order.value, "name");
	const char *name = json_text(fulfilment, "name");
	const char *end = name != NULL ? strrchr(name, '.') : NULL;
	char *cut;

	if (stored != NULL || end == NULL || end == name)
		return stored;
	cut = arena_alloc(scope->work->arena, (size_t)(end - name) + 1);
	if (cut == NULL) {
		work_fail(scope->work, "no memory");
		return NULL;
	}
	memcpy(cut, name, (size_t)(end - name));
	cut[end - name] = '\0';
	return cut;
}

static void order_of(struct scope *scope, const struct field *row, const cJSON *fulfilment)
{
	const char *id = NULL;

	if (scope->work->in->shop->order_id == ORDER_ID_NAME)
		id = name_of_order(scope, fulfilment);
	else if (scope->work->in->shop->order_id == ORDER_ID_NUMBER)
		id = json_text(scope->work->stored->order.value, "order_number");
	field_text(scope, row->property, id != NULL ? id : json_text(fulfilment, "order_id"));
}

static void order_name(struct scope *scope, const struct field *row, const cJSON *fulfilment)
{
	field_text(scope, row->property, name_of_order(scope, fulfilment));
}

const struct field fulfilment_properties[] = {
	{"order_id", ".", order_of, NULL, 0},
	{"order_name", ".", order_name, NULL, 0},
	{"fulfillment_id", "id", as_text, NULL, 0},
	{"status", "status", as_text, NULL, 0},
	{"shipment_status", "shipment_status", as_text, NULL, 0},
	{"tracking_company", "tracking_company", as_text, NULL, 0},
	{"tracking_numbers", "tracking_numbers", as_texts, NULL, 0},
	{"tracking_urls", "tracking_urls", as_texts, NULL, 0},
	{"tracking_number", "tracking_number", as_text, NULL, 0},
	{"tracking_url", "tracking_url", as_text, NULL, 0},
	{"products", "line_items", as_products, fulfilled_properties, 0},
	{0},
};
