/* Payment Method Updated, Customer Update (docs/events.md, Subscriptions). What is not in a row is
 * not sent: neither a token, nor any part of a card, nor a link to the customer's portal. */
#include "mapping/recharge/recharge_common.h"

struct selection account_updated(struct work *work)
{
	const cJSON *customer = recharge_resource(work);

	if (!recharge_is_whole(customer))
		return select_none("the body has the customer's id alone");
	return select_one(work, recharge_view(work, customer, "updated_at"));
}

/* Shopify's bodies have no time: the time of the webhook is part of the key. */
struct selection payment_method_changed(struct work *work)
{
	cJSON *view = work_overlay(work, work->in->payload);

	work_set(work, view, "token", topic_id(work->in->payload, work->in->topic->id));
	work_set(work, view, "action", /* created, updated, revoked */
		arena_format(work->arena, "%sd", recharge_action(work)));
	work_set(work, view, "time", recharge_came(work));
	return select_one(work, view);
}

/* The default payment method, else the first, if they are included. */
static const cJSON *method_of(const struct work *work)
{
	const cJSON *methods =
		json_at(work->in->payload, "payment_methods|customer.include.payment_methods");
	const cJSON *method;

	cJSON_ArrayForEach (method, methods) {
		if (json_is_true(method, "default"))
			return method;
	}
	return methods != NULL ? methods->child : NULL;
}

static void payment_method(struct scope *scope, const struct field *row, const cJSON *customer)
{
	const char *own = json_text(customer, "processor_type");

	field_text(scope, row->property,
		text_or(own, json_text(method_of(scope->work), "processor_name|payment_type")));
}

static void reason(struct scope *scope, const struct field *row, const cJSON *customer)
{
	const char *own = json_text(customer, "reason_payment_method_not_valid");

	field_text(scope, row->property,
		text_or(own, json_text(method_of(scope->work), "status_reason")));
}

static void customer_id(struct scope *scope, const struct field *row, const cJSON *customer)
{
	(void)customer;
	field_text(scope, row->property, scope->work->identity->person.customer_id);
}

const struct field account_method_properties[] = {
	{"customer_id", ".", customer_id, NULL, 0},
	{"has_valid_payment_method", "has_valid_payment_method", as_boolean_digit, NULL, 0},
	{"payment_method", ".", payment_method, NULL, 0},
	{"reason_not_valid", ".", reason, NULL, 0},
	{"in_dunning", "has_payment_method_in_dunning|has_card_error_in_dunning", as_boolean_digit,
		NULL, 0},
	{0},
};

const struct field payment_method_properties[] = {
	{"customer_id", ".", customer_id, NULL, 0},
	{"payment_method", "payment_instrument.brand|instrument_type", as_text, NULL, 0},
	{"update_type", "action", as_text, NULL, 0},
	{0},
};

const struct field account_properties[] = {
	{"customer_id", ".", customer_id, NULL, 0},
	{"subscriptions_active", "subscriptions_active_count|number_active_subscriptions", as_count,
		NULL, 0},
	{"subscriptions_total", "subscriptions_total_count|number_subscriptions", as_count, NULL,
		0},
	{0},
};
