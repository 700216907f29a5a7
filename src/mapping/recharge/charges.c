/* Order Processed, Charge Failed, Charge Max Tries Reached (docs/events.md, Subscriptions). */
#include "mapping/recharge/charges.h"

#include "mapping/recharge/recharge_common.h"
#include "mapping/recharge/subscription_states.h"

#include <string.h>

static const char closed[] = "CLOSED_MAX_RETRIES_REACHED";

static bool says(const cJSON *object, const char *key, const char *value)
{
	const char *text = json_text(object, key);

	return text != NULL && strcasecmp(text, value) == 0;
}

/* ---- selectors ---- */

struct selection order_processed(struct work *work)
{
	const cJSON *order = recharge_resource(work);

	if (!says(order, "status", "success"))
		return select_none("the topic says processed, the body does not");
	if (!says(order, "type", "recurring"))
		return select_none("the order of a checkout is emitted from Shopify's webhook");
	return select_one(work, recharge_view(work, order, "processed_at|updated_at"));
}

bool charge_is_given_up(const cJSON *charge)
{
	return says(charge, "status", "error") && says(charge, "error_type", closed);
}

static struct selection charge(struct work *work)
{
	const cJSON *charge = recharge_resource(work);
	cJSON *view = recharge_view(work, charge, CHARGE_TIME);

	/* the natural key: the number of the try, or else its time; and the day that it was due */
	work_set(work, view, "try",
		text_or(json_text(charge, CHARGE_TRIES),
			recharge_second(work, charge, CHARGE_TIME)));
	work_set(work, view, "due",
		arena_format(work->arena, "%.10s", text_or(json_text(charge, "scheduled_at"), "")));
	return select_one(work, view);
}

struct selection charge_failed(struct work *work)
{
	const cJSON *resource = recharge_resource(work);

	if (!says(resource, "status", "error"))
		return select_none("the topic says failed, the body does not");
	return charge_is_given_up(resource) ? select_none(NULL) : charge(work);
}

struct selection charge_given_up(struct work *work)
{
	return charge_is_given_up(recharge_resource(work)) ? charge(work) : select_none(NULL);
}

/* Shopify's attempt to bill a contract. Its ids are null in some versions of the API. */
static struct selection attempt(struct work *work)
{
	cJSON *view = recharge_view(work, work->in->payload, ".");
	const char *id = json_text(work->in->payload, "id|idempotency_key");

	if (id == NULL || topic_id(work->in->payload, work->in->topic->subscription) == NULL)
		return select_none("the body does not say what it is about");
	work_set(work, view, "id", id);
	work_set(work, view, "source", "shopify");
	return select_one(work, view);
}

/* Both topics have the same members, but only a failure has an error. */
struct selection contract_billed(struct work *work)
{
	if (json_text(work->in->payload, "error_code") != NULL)
		return select_none("the topic says success, the body does not");
	return work->identity->order_id != NULL ? attempt(work)
						: select_none("the body names no order");
}

struct selection contract_not_billed(struct work *work)
{
	return attempt(work);
}

/* ---- lines ---- */

/* The ids of the subscriptions, each once. */
static void subscriptions(struct scope *scope, const struct field *row, const cJSON *lines)
{
	cJSON *ids = work_list(scope->work);
	struct string_map stored = {.arena = scope->work->arena};
	const cJSON *line;
	int count = 0;

	cJSON_ArrayForEach (line, lines) {
		const char *id = states_line_subscription(line);

		if (count++ == CHARGE_LINES_MAX)
			break;
		if (id != NULL && work_note(scope->work, &stored, id, ids))
			work_append(scope->work, ids,
				json_at(line, json_at(line, "subscription_id") != NULL
						      ? "subscription_id"
						      : "purchase_item_id"));
	}
	as_texts(scope, row, ids);
}

static void contract(struct scope *scope, const struct field *row, const cJSON *attempt)
{
	const char *id = topic_id(attempt, scope->work->in->topic->subscription);

	json_add_key(scope->out, row->property);
	text_put(scope->out, "[");
	json_add_string(scope->out, id);
	text_put(scope->out, "]");
}

static void shipping(struct scope *scope, const struct field *row, const cJSON *lines)
{
	if (cJSON_IsArray(lines))
		field_money(scope, row->property, sum_of(lines, "price"));
	else
		work_invalid_field(scope->work, row->property);
}

static void codes(struct scope *scope, const struct field *row, const cJSON *discounts)
{
	field_joined(scope, row, discounts, "code");
}

/* ---- the order ---- */

/* As in Order Completed, by the shop's option order_id: from the record of Shopify's order, else
 * from ReCharge's. */
static void order_id_of(struct scope *scope, const struct field *row, const cJSON *order)
{
	static const char *const stored[] = {
		[ORDER_ID_ID] = "id", [ORDER_ID_NAME] = "name", [ORDER_ID_NUMBER] = "order_number"};
	static const char number[] = "external_order_number.ecommerce|shopify_order_number";
	enum order_id_from from = scope->work->in->shop->order_id;
	const char *id = json_text(scope->work->stored->order.value, stored[from]);

	if (from == ORDER_ID_NAME)
		id = text_or(id, json_text(order, "external_order_name.ecommerce"));
	if (from != ORDER_ID_ID && id == NULL && json_text(order, number) != NULL)
		id = arena_format(scope->work->arena, "%s%s", from == ORDER_ID_NAME ? "#" : "",
			json_text(order, number));
	field_text(scope, row->property, text_or(id, scope->work->identity->order_id));
}

static void order_name_of(struct scope *scope, const struct field *row, const cJSON *order)
{
	const char *stored = json_text(scope->work->stored->order.value, "name");

	field_text(scope, row->property,
		text_or(stored, json_text(order, "external_order_name.ecommerce")));
}

/* ---- errors ---- */

/* Errors of the shop, the stock or the address, as ReCharge lists them; all others are errors of
 * the payment. */
static const char *const other_parts[] = {"INVENTORY", "VARIANT", "SHIPPING", "TAX_RATE",
	"DISCOUNT", "LINE_ITEM", "PICK_UP_LOCATION", "PHONE_NUMBER", "CONTRACT_", "REGEN", NULL};
static const char *const other_errors[] = {"SHOPIFY_REJECTED", "TEST_MODE", "THROTTLE",
	"NO_JSON_FOUND", "NON_TEST_ORDER_LIMIT_REACHED", "EMPTY_CHARGE_ENTRY", "MERCHANT_RULE",
	"MERCHANT_ACCOUNT_ERROR", "BLOCKED_FROM_AUTOMATIC_PROCESSING",
	"CARD_UPDATED_NOW_PENDING_NEXT_ATTEMPT", NULL};

bool charge_is_payment_error(const char *type)
{
	for (const char *const *part = other_parts; *part != NULL; part++)
		if (strcasestr(type, *part) != NULL)
			return false;
	for (const char *const *error = other_errors; *error != NULL; error++)
		if (strcasecmp(type, *error) == 0)
			return false;
	return true;
}

static void is_payment_error(struct scope *scope, const struct field *row, const cJSON *type)
{
	if (cJSON_IsString(type))
		json_add_flag(
			scope->out, row->property, charge_is_payment_error(type->valuestring));
}

/* ---- properties ---- */

/* clang-format off */
#define SALE \
	{"subscription_ids", "line_items", subscriptions, NULL, SHRINK_TEXTS},                      \
	{"total", "total_price", as_money, NULL, 0},                                     \
	{"subtotal", "subtotal_price|sub_total", as_money, NULL, 0},                     \
	{"shipping", "shipping_lines", shipping, NULL, 0},                               \
	{"tax", "total_tax", as_money, NULL, 0},                                         \
	{"discount", "total_discounts", as_money, NULL, 0},                              \
	{"currency", ".", recharge_currency, NULL, 0},                                   \
	{"coupon", "discounts|discount_codes", codes, NULL, 0},                          \
	{"affiliation", "tags", as_tags, NULL, 0},                                       \
	{"payment_method",                                                               \
		"charge.payment_processor_name|payment_processor|processor_name", as_text, NULL, 0}, \
	{"products", "line_items", as_list, subscribed_properties, 0}
#define FAILED \
	{"charge_id", "id", as_text, NULL, 0},               \
	{"error_type", "error_type", as_upper, NULL, 0},     \
	{"attempt", CHARGE_TRIES, as_count, NULL, 0}
/* clang-format on */

/* Has no revenue: the event of Shopify's order has it. */
const struct field order_processed_properties[] = {
	{"order_id", ".", order_id_of, NULL, 0},
	{"order_name", ".", order_name_of, NULL, 0},
	{"shopify_order_id", "external_order_id.ecommerce|shopify_order_id", as_text, NULL, 0},
	{"charge_id", "charge.id|charge_id", as_text, NULL, 0},
	{"is_prepaid", "is_prepaid", as_boolean_digit, NULL, 0},
	SALE,
	{0},
};

const struct field charge_failed_properties[] = {
	{"is_payment_error", "error_type", is_payment_error, NULL, 0},
	{"retry_date", "retry_date", as_date, NULL, 0},
	FAILED,
	SALE,
	{0},
};

/* ReCharge leaves the date of a next try, although there is none. */
const struct field charge_given_up_properties[] = {
	FAILED,
	SALE,
	{0},
};

/* Shopify's attempts carry the ids of order and contract only. */
const struct field contract_billed_properties[] = {
	{"order_id", ".", order_id_of, NULL, 0},
	{"order_name", "@order.name", as_text, NULL, 0},
	{"shopify_order_id", "order_id", as_text, NULL, 0},
	{"subscription_ids", ".", contract, NULL, 0},
	{"total", "@order.total_price", as_money, NULL, 0},
	{"currency", "@order.currency", as_text, NULL, 0},
	{"coupon", "@order.coupon", as_text, NULL, 0},
	{"affiliation", "@order.affiliation", as_text, NULL, 0},
	{0},
};

const struct field contract_not_billed_properties[] = {
	{"subscription_ids", ".", contract, NULL, 0},
	{"error_type", "error_code", as_upper, NULL, 0},
	{"is_payment_error", "error_code", is_payment_error, NULL, 0},
	{0},
};
