/* A customer's traits: the record, and how a delivery changes it (docs/events.md, Customers).
 *
 * Several topics carry parts of a customer, each with its own time. So the record has groups: the
 * newer state of a group replaces the older one, and an empty value never replaces a stored one. */
#include "mapping/identity/identity_private.h"

#include "base/clock.h"
#include "mapping/recharge/recharge_common.h"
#include "mapping/user_ids.h"

#include <string.h>

/* The most merges that are followed from one customer to the next. */
enum { MERGES_MAX = 200 };

/* ---- the groups ---- */

struct group {
	const char *at;                  /* in the record: the time of this state */
	const char *const *keeps;        /* texts and flags */
	const char *object;              /* and one object, NULL for none */
	const char *const *object_keeps; /* of which these are kept */
};

static const char *const basics[] = {"email", "phone", "first_name", "last_name", "created_at",
	"note", "state", "verified_email", NULL};
static const char *const address[] = {
	"address1", "address2", "city", "province", "zip", "country", NULL};
static const char *const summary[] = {"total_spent", "orders_count", NULL};
static const char *const opt_in_level[] = {"marketing_opt_in_level", NULL};
static const char *const consent[] = {"state", "opt_in_level", NULL};
static const char *const order_consent[] = {"buyer_accepts_marketing", NULL};
static const char *const subscriptions[] = {"subscriptions_active", "subscriptions_total", NULL};
static const char *const nothing[] = {NULL};

static const struct group groups[] = {
	{"updated_at", basics, "default_address", address},
	{"summary_at", summary, NULL, NULL},
	{"email_consent_at", opt_in_level, "email_marketing_consent", consent},
	{"sms_consent_at", nothing, "sms_marketing_consent", consent},
	{"order_consent_at", order_consent, NULL, NULL},
	{"subscriptions_at", subscriptions, NULL, NULL},
};

enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

/* ---- merging ---- */

/* Two objects with the same members; the newer one is read first. */
struct sources {
	const cJSON *newer;
	const cJSON *older;
};

static const cJSON *newest(const struct sources *sources, const char *key)
{
	const cJSON *value = json_at(sources->newer, key);

	return value != NULL ? value : json_at(sources->older, key);
}

static void collect(
	struct work *work, cJSON *object, const struct sources *sources, const char *const *keeps)
{
	for (; *keeps != NULL; keeps++) {
		const cJSON *value = newest(sources, *keeps);

		if (cJSON_IsString(value) &&
			work_cut(work, value->valuestring) != value->valuestring)
			work_set(work, object, *keeps, work_cut(work, value->valuestring));
		else if (cJSON_IsString(value) || cJSON_IsBool(value))
			work_refer(work, object, *keeps, value);
	}
}

/* An object (an address, a consent) is replaced as a whole. */
static void collect_object(
	struct work *work, cJSON *object, const struct sources *sources, const struct group *group)
{
	struct sources part = {0};
	cJSON *collected;

	if (group->object != NULL)
		part.newer = newest(sources, group->object);
	if (!cJSON_IsObject(part.newer))
		return;
	collected = work_object(work);
	collect(work, collected, &part, group->object_keeps);
	work_refer(work, object, group->object, collected);
}

static bool has_values(const cJSON *update, const struct group *group)
{
	for (const char *const *key = group->keeps; *key != NULL; key++)
		if (json_at(update, *key) != NULL)
			return true;
	return group->object != NULL && cJSON_IsObject(json_at(update, group->object));
}

/* A customer who was merged into another one only adds values that the other one lacks. */
static bool stored_counts_first(const struct work *work, int64_t stored, int64_t update)
{
	bool both = stored != TIME_UNKNOWN && update != TIME_UNKNOWN;

	return (both && stored > update) || work->identity->is_of_merged;
}

static void join_group(
	struct work *work, cJSON *customer, const struct group *group, const cJSON *update)
{
	const cJSON *stored = work->stored->customer.value;
	const char *stored_at = json_text(stored, group->at);
	const char *update_at = json_text(update, group->at);
	int64_t stored_time = time_parse(stored_at);
	int64_t update_time = time_parse(update_at);
	struct sources sources = {.newer = update, .older = stored};

	if (!has_values(update, group))
		update_at = NULL;
	if (stored_counts_first(work, stored_time, update_time)) {
		sources = (struct sources){.newer = stored, .older = update};
		update_at = NULL;
	}
	collect(work, customer, &sources, group->keeps);
	collect_object(work, customer, &sources, group);
	work_set(work, customer, group->at, update_at != NULL ? update_at : stored_at);
}

/* ---- the update of a payload ---- */

/* A customer object in the shape of the groups. If it is part of a larger object with a newer
 * state, then that time is used. */
static const cJSON *of_object(struct work *work, const cJSON *customer)
{
	static const struct {
		const char *at;
		const char *path;
	} times[] = {
		{"updated_at", "updated_at"},
		{"summary_at", "updated_at"},
		{"email_consent_at", "email_marketing_consent.consent_updated_at|updated_at"},
		{"sms_consent_at", "sms_marketing_consent.consent_updated_at|updated_at"},
		{"tags_at", "updated_at"},
	};
	/* the first is its older name; of two states the newer one's is used, under either name */
	static const char opt_in[] = "marketing_opt_in_level|email_marketing_consent.opt_in_level";
	cJSON *update = work_overlay(work, customer);
	const char *otherwise = json_text(work->in->payload, "updated_at|created_at");
	size_t count = cJSON_IsObject(customer) ? sizeof(times) / sizeof(times[0]) : 0;

	for (size_t i = 0; i < count; i++) {
		const char *at = json_text(customer, times[i].path);

		work_set(work, update, times[i].at, at != NULL ? at : otherwise);
	}
	if (update != NULL)
		work_set(work, update, "marketing_opt_in_level", json_text(customer, opt_in));
	if (work->in->topic->is_order && update != NULL) {
		work_refer(work, update, "buyer_accepts_marketing",
			json_at(work->in->payload, "buyer_accepts_marketing"));
		work_set(work, update, "order_consent_at",
			json_text(work->in->payload, "created_at|processed_at"));
	}
	return update;
}

/* The members of topics that carry a part of a customer, since API version 2025-01; `path` in the
 * payload is `key` of a customer. */
static const struct {
	const char *topic;
	const char *key;
	const char *path;
} parts[] = {
	{"customers/purchasing_summary", "total_spent", "amountSpent.amount"},
	{"customers/purchasing_summary", "orders_count", "numberOfOrders"},
	{"customers/purchasing_summary", "summary_at", "occurredAt"},
	{"customers_email_marketing_consent/update", "email", "email_address"},
	{"customers_email_marketing_consent/update", "email_marketing_consent",
		"email_marketing_consent"},
	{"customers_email_marketing_consent/update", "marketing_opt_in_level",
		"email_marketing_consent.opt_in_level"},
	{"customers_email_marketing_consent/update", "email_consent_at",
		"email_marketing_consent.consent_updated_at"},
	{"customers_marketing_consent/update", "phone", "phone"},
	{"customers_marketing_consent/update", "sms_marketing_consent", "sms_marketing_consent"},
	{"customers_marketing_consent/update", "sms_consent_at",
		"sms_marketing_consent.consent_updated_at"},
};

static const cJSON *of_parts(struct work *work)
{
	cJSON *update = work_object(work);

	/* E-mail and phone have no time there: they only fill missing values, and do not replace
	 * those of ReCharge either (recharge_person). */
	work_set(work, update, "updated_at", "1800-01-01T00:00:00Z");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(parts[i].topic, work->in->delivery->topic) == 0)
			work_refer(work, update, parts[i].key,
				json_at(work->in->payload, parts[i].path));
	return update;
}

static const cJSON *update_of(struct work *work)
{
	if (work->stored->merged.value != NULL)
		return work->stored->merged.value;
	if (work->in->topic->resource != NULL)
		return recharge_person(work);
	if (work->in->topic->customer != NULL)
		return of_object(work, json_at(work->in->payload, work->in->topic->customer));
	return of_parts(work);
}

/* ---- reading and writing ---- */

/* Follows the merges of a customer to the last one. */
static const char *recall_customer(struct work *work, struct stored *stored, const char *id)
{
	for (int i = 0; i < MERGES_MAX; i++) {
		const char *into;

		stored->customer = work_recall(work, "customer", id);
		into = json_text(stored->customer.value, "merged_into");
		if (into == NULL)
			return id;
		id = into;
	}
	work_invalid_field(work, "(customers merged too often)");
	return id;
}

void traits_recall(struct work *work, struct stored *stored, struct identity *identity,
	const char *customer_id)
{
	const cJSON *update;
	cJSON *customer;

	if (customer_id == NULL)
		return;
	identity->person.customer_id = recall_customer(work, stored, customer_id);
	identity->is_of_merged = stored->merged.value != NULL ||
				 strcmp(identity->person.customer_id, customer_id) != 0;
	update = update_of(work);
	customer = work_object(work);
	identity->customer = customer;
	if (work->failed)
		return;
	work_set(work, customer, "id", identity->person.customer_id);
	for (size_t i = 0; i < GROUPS; i++)
		join_group(work, customer, &groups[i], update);
	tags_join(work, customer, update);
}

bool traits_are_enabled(const cJSON *customer)
{
	const char *state = json_text(customer, "state");

	return state != NULL && strcmp(state, "enabled") == 0;
}

bool identity_turned_enabled(const struct work *work)
{
	const cJSON *stored = work->stored->customer.value;

	if (json_is_true(stored, "enabled_emitted"))
		return false;
	if (strcmp(work->in->delivery->topic, "customers/enable") == 0)
		return true;
	return traits_are_enabled(work->in->payload) && json_at(stored, "state") != NULL &&
	       !traits_are_enabled(stored);
}

/* Whether Customer Enabled is emitted now, as its rule says (rules.c). */
static bool is_newly_enabled(const struct work *work)
{
	return work->emitted->follows_rules &&
	       topic_is_among("customers/enable|customers/update", work->in->delivery->topic) &&
	       identity_turned_enabled(work);
}

/* Whether Customer Enabled was emitted since the customer was disabled last. customers/enable may
 * show the state of before, and keeps it for customers who sign in without a password. */
static bool enabled_stays_emitted(const struct work *work)
{
	bool is_new = is_newly_enabled(work);
	bool was_emitted = is_new || json_is_true(work->stored->customer.value, "enabled_emitted");
	bool is_disabled = strcmp(work->in->delivery->topic, "customers/disable") == 0 ||
			   (traits_are_enabled(work->stored->customer.value) && !is_new);

	return was_emitted && (traits_are_enabled(work->identity->customer) || !is_disabled);
}

/* The userId of the pair that was aliased last; NULL when it is the customer's id. */
static const char *aliased_as(const struct work *work)
{
	const char *user = work->emitted->aliased
				   ? work->identity->person.user_id
				   : json_text(work->stored->customer.value, "aliased_as");

	return user != NULL && strcmp(user, work->identity->person.customer_id) != 0 ? user : NULL;
}

void traits_remember(struct work *work)
{
	const cJSON *stored = work->stored->customer.value;
	const struct person *person = &work->identity->person;
	const char *browser = text_or(work_browser_id(work),
		identity_has_refused(work) ? NULL : json_text(stored, "anonymous_id"));
	struct text json = {0};

	json_add_value(&json, work->identity->customer);
	text_cut(&json, json.length - 1);
	if (enabled_stays_emitted(work))
		json_add_flag(&json, "enabled_emitted", true);
	if (identity_has_refused(work) || work_has_refused(work))
		json_add_flag(&json, "refused", true);
	json_add_member(&json, "account", work_account(work));
	json_add_member(&json, "identified",
		work->emitted->is_identified ? work->emitted->identified
					     : json_text(stored, "identified"));
	json_add_member(&json, "anonymous_id", browser);
	json_add_member(&json, "aliased",
		work->emitted->aliased ? person->anonymous_id : json_text(stored, "aliased"));
	json_add_member(&json, "aliased_as", aliased_as(work));
	user_ids_write(work, &json, stored, person->customer_id, person->user_id);
	text_put(&json, "}");
	work_remember(work, "customer", person->customer_id, &json, work->stored->customer.json);
	text_free(&json);
}
