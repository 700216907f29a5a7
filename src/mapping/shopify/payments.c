/* Payment Failure (docs/events.md, Payment Failure). What is not in a row is not sent: neither the
 * gateway's receipt nor any part of a card. */
#include "mapping/rules.h"

#include <string.h>

static bool is_one_of(const char *text, const char *names)
{
	return text != NULL && topic_is_among(names, text);
}

struct selection payment_failed(struct work *work)
{
	if (!is_one_of(json_text(work->in->payload, "status"), "failure|error"))
		return select_none("the transaction did not fail");
	if (!is_one_of(json_text(work->in->payload, "kind"), "sale|authorization|capture"))
		return select_none("the transaction is not a payment");
	return whole_payload(work);
}

/* "XXX" is the code for no currency (ISO 4217), which Segment would treat as dollars. Then the
 * buyer's currency is used, as for refunds. */
static void currency(struct scope *scope, const struct field *row, const cJSON *transaction)
{
	const cJSON *own = json_at(transaction, "currency");

	if (own == NULL || (cJSON_IsString(own) && strcmp(own->valuestring, "XXX") == 0))
		own = json_at(scope->work->stored->order.value, "presentment_currency|currency");
	if (own != NULL)
		as_text(scope, row, own);
}

/* The number of digits from `at` on, single spaces or dashes between them allowed; *length is the
 * length of it all. */
static size_t digits_at(const char *at, size_t *length)
{
	size_t digits = 0;

	for (*length = 0; *at != '\0'; at++, ++*length) {
		if (*at >= '0' && *at <= '9')
			digits++;
		else if (digits == 0 || strchr(" -", *at) == NULL || at[1] < '0' || at[1] > '9')
			break;
	}
	return digits;
}

/* A gateway's text is free text: digits that may be a card number are masked. */
static void message(struct scope *scope, const struct field *row, const cJSON *value)
{
	enum { CARD_LEAST = 12 };
	struct text words = {0};
	const char *at = cJSON_IsString(value) ? value->valuestring : "";

	while (*at != '\0') {
		size_t length;
		size_t digits = digits_at(at, &length);

		if (digits >= CARD_LEAST)
			text_put(&words, "***");
		else
			text_add(&words, at, length > 0 ? length : (length = 1));
		at += length;
	}
	field_text(scope, row->property, text_string(&words));
	if (words.failed)
		work_fail(scope->work, "no memory");
	text_free(&words);
}

static void step(struct scope *scope, const struct field *row, const cJSON *value)
{
	(void)value;
	json_add_number(scope->out, row->property, 3); /* the payment step of the checkout */
}

/* Of a checkout, as a hint shows it. */
const struct field hinted_failure_properties[] = {
	{"checkout_id", "token", as_text, NULL, 0},
	{"checkoutId", "token", as_text, NULL, 0},
	{"cart_id", "cart_token", as_text, NULL, 0},
	{"amount", "total_price", as_money, NULL, 0},
	{"value", "total_price", as_money, NULL, 0},
	{"currency", "presentment_currency|currency", as_text, NULL, 0},
	{"error_code", "hint_type", as_text, NULL, 0},
	{"step", ".", step, NULL, 0},
	{0},
};

const struct field payment_properties[] = {
	{"order_id", ".", order_id_known, NULL, 0},
	{"order_name", "@order.name", as_text, NULL, 0},
	{"checkout_id", "@order.checkout_token", as_text, NULL, 0},
	{"checkoutId", "@order.checkout_token", as_text, NULL, 0},
	{"transaction_id", "id", as_text, NULL, 0},
	{"payment_method", "gateway", as_text, NULL, 0},
	{"amount", "amount", as_money, NULL, 0},
	{"value", "amount", as_money, NULL, 0},
	{"currency", ".", currency, NULL, 0},
	{"error_code", "error_code", as_text, NULL, 0},
	{"error_message", "message", message, NULL, 0},
	{"kind", "kind", as_text, NULL, 0},
	{"step", ".", step, NULL, 0},
	{0},
};
