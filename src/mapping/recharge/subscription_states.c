/* The newest stored state of a subscription: updates are compared with it (docs/events.md,
 * Subscriptions). */
#include "mapping/recharge/subscription_states.h"

#include "base/clock.h"
#include "mapping/recharge/charges.h"
#include "mapping/recharge/recharge_common.h"
#include "mapping/recharge/subscriptions.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ReCharge's subscriptions and Shopify's contracts may have the same ids. */
static const char *kind_of(const struct work *work)
{
	return work->in->topic->resource != NULL ? "subscription" : "contract";
}

void states_recall(struct work *work, struct stored *stored)
{
	stored->subscription = work_recall(
		work, kind_of(work), topic_id(work->in->payload, work->in->topic->subscription));
}

/* ReCharge's subscriptions have an account, which may change; contracts have a customer. */
const char *states_customer(const struct work *work)
{
	return work->identity->account_id == NULL
		       ? json_text(work->stored->subscription.value, "customer_id")
		       : NULL;
}

struct recalled states_stored(struct work *work, const char *id)
{
	return work_recall(work, "subscription", id);
}

bool states_is_over(const cJSON *state)
{
	const char *status = json_text(state, "status");

	return status != NULL &&
	       (strcasecmp(status, "cancelled") == 0 || strcasecmp(status, "expired") == 0);
}

/* ---- states ---- */

/* What an update may change, with the paths of both versions of ReCharge and of Shopify. */
static const struct {
	const char *key;
	const char *path;
} parts[] = {
	{"status", "status"},
	{"order_interval_unit", SUBSCRIPTION_UNIT},
	{"order_interval_frequency", SUBSCRIPTION_ORDER_EVERY},
	{"charge_interval_unit", SUBSCRIPTION_CHARGE_UNIT},
	{"charge_interval_frequency", SUBSCRIPTION_CHARGE_EVERY},
	{"quantity", "quantity"},
	{"product", RECHARGE_PRODUCT}, /* a variant may be null */
	{"variant", RECHARGE_VARIANT},
	{"price", "price"},
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static bool is_same(const char *a, const char *b)
{
	struct money difference = money_subtract(money_parse(a), money_parse(b));

	return difference.known ? difference.units == 0 : strcasecmp(a, b) == 0;
}

static const char *part_of(struct work *work, const cJSON *subscription, size_t i)
{
	const char *text = work_cut(work, json_text(subscription, parts[i].path));

	return strcmp(parts[i].key, "order_interval_unit") == 0 ? recharge_unit(work, text) : text;
}

/* A value that only one of the two has is not a change. */
bool states_is_changed(struct work *work, const cJSON *subscription)
{
	for (size_t i = 0; i < PARTS; i++) {
		const char *now = part_of(work, subscription, i);
		const char *before = json_text(work->stored->subscription.value, parts[i].key);

		if (now != NULL && before != NULL && !is_same(now, before))
			return true;
	}
	return false;
}

const char *states_name(struct work *work, const cJSON *subscription)
{
	struct text name = {0};

	for (size_t i = 0; i < PARTS; i++) {
		const char *part = part_of(work, subscription, i);
		struct money number = money_shorten(money_parse(part));

		text_put(&name, ";");
		if (number.known)
			money_write(number, &name);
		else if (part != NULL)
			text_put(&name, part);
	}
	for (size_t i = 0; i < name.length; i++)
		name.data[i] = (char)tolower((unsigned char)name.data[i]);
	return work_keep(work, &name);
}

/* Shopify's contracts have no time: the time of the webhook is used. */
static const char *state_time(struct work *work, const cJSON *subscription)
{
	const char *time = recharge_second(work, subscription, "updated_at|created_at");

	return text_or(time, recharge_came(work));
}

bool states_is_older(struct work *work, const cJSON *subscription)
{
	int64_t stored = time_at(work->stored->subscription.value, "at");
	int64_t time = time_parse(state_time(work, subscription));

	return stored != TIME_UNKNOWN && time != TIME_UNKNOWN && time < stored;
}

bool states_is_shown(struct work *work, const cJSON *subscription)
{
	int64_t before = time_at(work->stored->subscription.value, "was_at");

	return before != TIME_UNKNOWN && !states_is_changed(work, subscription) &&
	       time_parse(state_time(work, subscription)) > before;
}

/* ---- writing ---- */

static void remember(struct work *work, const char *id, cJSON *state, const char *before)
{
	struct text json = {0};

	json_add_value(&json, state);
	if (!work->failed)
		work_remember(work, kind_of(work), id, &json, before);
	text_free(&json);
}

/* An older state is not stored. */
static void remember_state(struct work *work, const cJSON *subscription, const char *first_seen)
{
	const struct recalled *stored = &work->stored->subscription;
	cJSON *state = stored->value != NULL ? work_view(work, stored->value) : work_object(work);

	if (work->failed || states_is_older(work, subscription))
		return;
	if (states_is_changed(work, subscription))
		work_set(work, state, "was_at", json_text(stored->value, "at"));
	for (size_t i = 0; i < PARTS; i++)
		work_set(work, state, parts[i].key, part_of(work, subscription, i));
	work_set(work, state, "at", state_time(work, subscription));
	work_set(work, state, "account", work->identity->account_id);
	work_set(work, state, "customer_id", work->identity->person.customer_id);
	work_set(work, state, "first_seen", first_seen);
	if (!states_is_over(subscription))
		json_remove(state, "given_up");
	remember(work, topic_id(work->in->payload, work->in->topic->subscription), state,
		stored->json);
}

const char *states_line_subscription(const cJSON *line)
{
	const char *type = json_text(line, "purchase_item_type");

	if (type != NULL && strcasecmp(type, "subscription") != 0)
		return NULL;
	return json_text(line, "subscription_id|purchase_item_id");
}

/* After the last try they count as cancelled (cancel_on_max_retries), unless the stored state is
 * newer. */
static bool keeps_stored(const cJSON *state, const char *tried)
{
	int64_t stored = time_at(state, "at");
	int64_t time = time_parse(tried);

	return states_is_over(state) ||
	       (stored != TIME_UNKNOWN && time != TIME_UNKNOWN && time < stored);
}

void states_remember_given_up(struct work *work)
{
	const cJSON *charge = recharge_resource(work);
	const char *tried = recharge_second(work, charge, CHARGE_TIME);
	const cJSON *line;
	int count = 0;

	cJSON_ArrayForEach (line, json_at(charge, "line_items")) {
		const char *id = states_line_subscription(line);
		struct recalled stored = states_stored(work, id);
		cJSON *state;

		if (count++ == CHARGE_LINES_MAX)
			break;
		if (id == NULL || work->failed || keeps_stored(stored.value, tried))
			continue;
		state = stored.value != NULL ? work_view(work, stored.value) : work_object(work);
		work_set(work, state, "status", "cancelled");
		work_set(work, state, "at", tried);
		work_set(work, state, "account", work->identity->account_id);
		work_flag(work, state, "given_up");
		remember(work, id, state, stored.json);
	}
}

void states_remember(struct work *work, const char *first_seen)
{
	const cJSON *resource = recharge_resource(work);

	/* an attempt to bill a contract has its id, but not its state */
	if (work->in->topic->subscription != NULL && work->in->topic->id != NULL &&
		json_at(resource, "status") != NULL)
		remember_state(work, resource, first_seen);
}
