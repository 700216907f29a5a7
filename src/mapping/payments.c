/* Payment Failure (docs/events.md, Payments). What is in no row is not sent: neither the gateway's
 * receipt nor anything of a card. */
#include "mapping/rules.h"

#include "mapping/memories.h"

#include <string.h>

static bool is_one_of(const char *text, const char *names)
{
	return text != NULL && topic_is_among(names, text);
}

struct subjects payment_failed(struct work *work)
{
	if (!is_one_of(json_text(work->payload, "status"), "failure|error"))
		return silent("the transaction did not fail");
	if (!is_one_of(json_text(work->payload, "kind"), "sale|authorization|capture"))
		return silent("the transaction is no payment");
	return itself(work);
}

/* "XXX" is the code for no currency (ISO 4217). */
static void currency(struct scope *scope, const struct field *row, const cJSON *value)
{
	if (strcmp(value->valuestring, "XXX") != 0)
		as_text(scope, row, value);
}

static void step(struct scope *scope, const struct field *row, const cJSON *value)
{
	(void)value;
	json_add_number(scope->out, row->property, 3); /* of the checkout: payment */
}

const struct field payment_properties[] = {
	{"order_id", ".", order_id_known, NULL, 0},
	{"order_name", "@order.name", as_text, NULL, 0},
	{"checkout_id", "@order.checkout_token", as_text, NULL, 0},
	{"checkoutId", "@order.checkout_token", as_text, NULL, 0},
	{"transaction_id", "id", as_text, NULL, 0},
	{"payment_method", "gateway", as_text, NULL, 0},
	{"amount", "amount", as_money, NULL, 0},
	{"value", "amount", as_money, NULL, 0},
	{"currency", "currency", currency, NULL, 0},
	{"error_code", "error_code", as_text, NULL, 0},
	{"error_message", "message", as_text, NULL, 0},
	{"kind", "kind", as_text, NULL, 0},
	{"step", ".", step, NULL, 0},
	{0},
};
