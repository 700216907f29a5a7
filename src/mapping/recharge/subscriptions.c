/* Subscription Created, Subscription Updated, Subscription Cancelled (docs/events.md,
 * Subscriptions). */
#include "mapping/recharge/subscriptions.h"

#include "base/clock.h"
#include "mapping/recharge/charges.h"
#include "mapping/recharge/recharge_common.h"
#include "mapping/recharge/subscription_states.h"

#include <string.h>

/* An older cancellation is not emitted: some later change shows it. */
static const int64_t MISSED_CANCELLATION = 2 * DAY;

/* Why the body cannot be emitted; NULL when it can. */
static const char *why_skipped(const cJSON *subscription)
{
	const char *status = json_text(subscription, "status");

	if (!recharge_is_whole(subscription))
		return "the body has the subscription's id alone";
	if (status != NULL && strcasecmp(status, "onetime") == 0)
		return "a one-time purchase is not a subscription";
	return NULL;
}

/* For Shopify's contracts, `source` keeps their ids apart from ReCharge's, and the revision
 * replaces a time. */
static cJSON *subscription_view(struct work *work, const cJSON *subscription, const char *time)
{
	cJSON *view = recharge_view(work, subscription, time);

	work_set(work, view, "id", topic_id(work->in->payload, work->in->topic->subscription));
	if (work->in->topic->resource == NULL) {
		work_set(work, view, "source", "shopify");
		work_set(work, view, "updated", json_text(subscription, "revision_id"));
	}
	return view;
}

/* ---- selectors ---- */

struct selection subscription_created(struct work *work)
{
	const cJSON *subscription = recharge_resource(work);
	const char *why_not = why_skipped(subscription);

	if (why_not != NULL)
		return select_none(why_not);
	return select_one(work, subscription_view(work, subscription, "created_at|updated_at"));
}

/* The name of an action, and when it is emitted. */
static const struct action {
	const char *names; /* ReCharge's, Shopify's */
	const char *type;
	enum { IF_CHANGED, UNLESS_STORED, ALWAYS } when;
} actions[] = {
	{"activated|activate", "activated", UNLESS_STORED},
	{"swapped", "swapped", UNLESS_STORED},
	{"paused", "paused", ALWAYS}, /* the body stays active */
	{"pause", "paused", UNLESS_STORED},
	{"skipped", "skipped", ALWAYS},
	{"unskipped", "unskipped", ALWAYS},
	{"fail", "failed", UNLESS_STORED},
	{"updated|update|cancelled|cancel|expire", "updated", IF_CHANGED},
};

static const struct action *action_of(const struct work *work)
{
	const char *name = recharge_action(work);
	size_t i = 0;

	while (i + 1 < sizeof(actions) / sizeof(actions[0]) &&
		!topic_is_among(actions[i].names, name))
		i++;
	return &actions[i];
}

/* Whether the update of this same change arrived first, and emitted nothing because no state was
 * stored. */
static bool was_first_seen(const cJSON *stored, const cJSON *view)
{
	const char *first_update = json_text(stored, "first_seen");
	const char *updated = json_text(view, "updated");

	return first_update != NULL && updated != NULL && strcmp(first_update, updated) == 0;
}

/* An update and an activation of the same change have the same natural key: only the first is
 * emitted. */
static bool is_emitted(struct work *work, const cJSON *view, const struct action *action)
{
	const cJSON *stored = work->stored->subscription.value;

	if (action->when == ALWAYS)
		return true;
	if (stored == NULL || states_is_older(work, view))
		return action->when == UNLESS_STORED && !states_is_shown(work, view);
	return states_is_changed(work, view) ||
	       (action->when == UNLESS_STORED && was_first_seen(stored, view));
}

static const char *why_not_emitted(const struct work *work)
{
	if (strcmp(recharge_action(work), "cancelled") == 0)
		return "the topic says cancelled, the body does not";
	if (work->stored->subscription.value == NULL)
		return "the previous state of the subscription is not known";
	return "neither status, interval, quantity, product, variant nor price changed";
}

struct selection subscription_updated(struct work *work)
{
	const cJSON *subscription = recharge_resource(work);
	const struct action *action = action_of(work);
	const char *why_not = why_skipped(subscription);
	cJSON *view;

	if (why_not != NULL)
		return select_none(why_not);
	if (states_is_over(subscription))
		return select_none(NULL);
	view = subscription_view(work, subscription, "updated_at");
	if (!is_emitted(work, view, action))
		return select_none(why_not_emitted(work));
	work_set(work, view, "update_type", action->type);
	work_set(work, view, "change",
		action->when == ALWAYS ? action->type : states_name(work, view));
	return select_one(work, view);
}

static bool is_recent(const struct work *work, const char *time)
{
	int64_t cancelled = time_parse(time);

	return cancelled != TIME_UNKNOWN &&
	       work->in->delivery->received - cancelled < MISSED_CANCELLATION;
}

static bool says_cancelled(const cJSON *subscription)
{
	const char *status = json_text(subscription, "status");

	return status != NULL && strcasecmp(status, "cancelled") == 0;
}

/* A cancellation with a time has a natural key, so it may be selected again. */
static const char *why_not_ended(struct work *work, const char *cancelled)
{
	const cJSON *stored = work->stored->subscription.value;
	bool was_running = stored != NULL && !states_is_over(stored);

	if (json_is_true(stored, "given_up"))
		return "already emitted when the last try of its charge failed";
	if (cancelled == NULL)
		return states_is_over(stored) ? "already emitted" : NULL;
	if (states_is_over(stored) && !says_cancelled(stored) &&
		!states_is_older(work, recharge_resource(work)))
		return "the subscription had expired before";
	if (strcmp(recharge_action(work), "cancelled") == 0 || was_running ||
		is_recent(work, cancelled))
		return NULL;
	return "the subscription was cancelled over two days ago";
}

struct selection subscription_ended(struct work *work)
{
	const cJSON *subscription = recharge_resource(work);
	const char *cancelled = recharge_second(work, subscription, "cancelled_at");
	const char *why_not = why_skipped(subscription);
	cJSON *view;

	if (why_not != NULL || !states_is_over(subscription))
		return select_none(why_not);
	why_not = why_not_ended(work, cancelled);
	if (why_not != NULL)
		return select_none(why_not);
	view = subscription_view(work, subscription, "cancelled_at|updated_at");
	work_set(work, view, "ended", cancelled != NULL ? cancelled : json_text(view, "updated"));
	return select_one(work, view);
}

/* ---- charges that are given up ---- */

/* A view of a line of a charge as its subscription: the stored state fills what the charge lacks.
 */
static cJSON *line_as_subscription(struct work *work, const cJSON *charge, const cJSON *line)
{
	static const char *const of_charge[][2] = {
		{"currency", RECHARGE_CURRENCY}, {"cancellation_reason", "error_type"}};
	static const char *const keeps[] = {"order_interval_unit", "order_interval_frequency",
		"charge_interval_frequency", NULL};
	const char *id = states_line_subscription(line);
	const cJSON *stored = states_stored(work, id).value;
	cJSON *view = recharge_view(work, line, ".");

	if (states_is_over(stored))
		return NULL;
	for (const char *const *keep = keeps; *keep != NULL; keep++)
		if (json_text(stored, *keep) != NULL)
			work_refer(work, view, *keep, json_at(stored, *keep));
	work_set(work, view, "id", id);
	work_set(work, view, "at", recharge_time(work, charge, CHARGE_TIME));
	work_set(work, view, "ended",
		arena_format(work->arena, "charge %s", json_text(charge, "id")));
	work_set(work, view, "status", "cancelled");
	for (size_t i = 0; i < sizeof(of_charge) / sizeof(of_charge[0]); i++)
		if (json_text(charge, of_charge[i][1]) != NULL)
			work_refer(work, view, of_charge[i][0], json_at(charge, of_charge[i][1]));
	return view;
}

/* Whether the charge's subscriptions end with its last try. */
static bool gives_up(const struct work *work)
{
	return topic_is_among(CHARGE_FAILURES, work->in->delivery->topic) &&
	       work->in->shop->cancel_on_max_retries && charge_is_given_up(recharge_resource(work));
}

struct selection subscriptions_given_up(struct work *work)
{
	const cJSON *charge = recharge_resource(work);
	const cJSON *lines = json_at(charge, "line_items");
	const cJSON **views = arena_alloc(work->arena, CHARGE_LINES_MAX * sizeof(*views));
	struct selection selection = {.items = views};
	const cJSON *line;
	int count = 0;

	if (!gives_up(work))
		return select_none(NULL);
	if (views == NULL) {
		work_fail(work, "no memory");
		return select_none("no memory");
	}
	cJSON_ArrayForEach (line, lines) {
		const cJSON *view = NULL;

		if (count++ == CHARGE_LINES_MAX)
			break;
		if (states_line_subscription(line) != NULL && !work->failed)
			view = line_as_subscription(work, charge, line);
		if (view != NULL)
			views[selection.count++] = view;
	}
	return selection;
}

/* ---- writing ---- */

/* The time of an update that emits nothing because no state is stored; NULL for any other delivery.
 */
static const char *first_seen(struct work *work)
{
	const cJSON *subscription = recharge_resource(work);
	const struct action *action = action_of(work);

	if (work->stored->subscription.value != NULL || action->when != IF_CHANGED ||
		!topic_is_among(action->names, recharge_action(work)) ||
		work->in->topic->subscription == NULL || why_skipped(subscription) != NULL ||
		states_is_over(subscription))
		return NULL;
	return json_text(subscription_view(work, subscription, "updated_at"), "updated");
}

void subscriptions_remember(struct work *work)
{
	bool follows_rules = work->emitted->follows_rules;

	if (follows_rules && gives_up(work))
		states_remember_given_up(work);
	states_remember(work, follows_rules ? first_seen(work) : NULL);
}

/* ---- properties ---- */

static void revenue(struct scope *scope, const struct field *row, const cJSON *subscription)
{
	static const char price[] = "unit_price|price";
	static const struct money one = {.units = 1, .known = true};

	if (json_at(subscription, price) != NULL && json_at(subscription, "quantity") != NULL)
		field_money(scope, row->property,
			money_convert(amount_at(subscription, "quantity"), one,
				amount_at(subscription, price)));
}

/* Both frequencies need the same unit: otherwise it is left out. */
static void charge_every(struct scope *scope, const struct field *row, const cJSON *subscription)
{
	const cJSON *count = json_at(subscription, SUBSCRIPTION_CHARGE_EVERY);
	const char *ordered = json_text(subscription, SUBSCRIPTION_UNIT);
	const char *billed = json_text(subscription, SUBSCRIPTION_CHARGE_UNIT);

	if (count != NULL &&
		(ordered == NULL || billed == NULL || strcasecmp(ordered, billed) == 0))
		as_count(scope, row, count);
}

/* One product, as a list; contracts have none. */
static void product(struct scope *scope, const struct field *row, const cJSON *subscription)
{
	if (json_at(subscription, "product_title|title|sku|" RECHARGE_PRODUCT) == NULL)
		return;
	list_begin(scope, row->property);
	(void)field_item(scope, row->items, subscription);
	list_end(scope, row->property, 1);
}

/* clang-format off */
#define SUBSCRIPTION \
	{"subscriptionId", "id", as_text, NULL, 0},                                   \
	{"subscription_id", "id", as_text, NULL, 0},                                  \
	{"status", "status", as_lower, NULL, 0},                                      \
	{"order_interval_unit", SUBSCRIPTION_UNIT, as_unit, NULL, 0},                 \
	{"order_interval_frequency", SUBSCRIPTION_ORDER_EVERY, as_count, NULL, 0},    \
	{"charge_interval_frequency", ".", charge_every, NULL, 0},                    \
	{"subscription_revenue", ".", revenue, NULL, 0},                              \
	{"currency", ".", recharge_currency, NULL, 0},                                \
	{"next_charge_scheduled_at", "next_charge_scheduled_at", as_date, NULL, 0},   \
	{"is_prepaid", "is_prepaid", as_boolean_digit, NULL, 0},                             \
	{"products", ".", product, subscribed_properties, 0}
/* clang-format on */

const struct field subscription_properties[] = {
	SUBSCRIPTION,
	{0},
};

const struct field subscription_update_properties[] = {
	{"update_type", "update_type", as_text, NULL, 0},
	SUBSCRIPTION,
	{0},
};

const struct field subscription_end_properties[] = {
	{"cancellation_reason", "cancellation_reason", as_text, NULL, 0},
	{"cancellation_reason_comments", "cancellation_reason_comments", as_text, NULL, 0},
	{"cancelled_at", "cancelled_at", as_new_york_time, NULL, 0},
	SUBSCRIPTION,
	{0},
};
