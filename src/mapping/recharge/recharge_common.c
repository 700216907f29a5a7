/* What ReCharge's bodies have in common, in both versions of its API (docs/events.md,
 * Subscriptions). */
#include "mapping/recharge/recharge_common.h"

#include "base/clock.h"
#include "mapping/order_texts.h"

#include <ctype.h>
#include <string.h>

/* Times of API version 2021-11 may be New York's marked as UTC: four or five hours wrong. An event
 * whose time is this close to its arrival is taken to have happened on arrival. */
static const int64_t DOUBT = 6 * HOUR;

const cJSON *recharge_resource(const struct work *work)
{
	const cJSON *resource = work->in->payload;

	if (work->in->topic->resource != NULL)
		resource = json_at(work->in->payload, work->in->topic->resource);
	return cJSON_IsObject(resource) ? resource : NULL;
}

bool recharge_is_whole(const cJSON *resource)
{
	const cJSON *member;

	cJSON_ArrayForEach (member, resource) {
		if (strcmp(member->string, "id") != 0)
			return true;
	}
	return false;
}

const char *recharge_action(const struct work *work)
{
	const char *slash = strchr(work->in->delivery->topic, '/');

	return slash != NULL ? slash + 1 : "";
}

static int64_t moment(const cJSON *object, const char *path)
{
	return time_parse_new_york(json_text(object, path));
}

/* ---- the customer ---- */

/* The customer object: the resource itself, beside it, or in it. */
static const cJSON *customer_of(const struct work *work)
{
	const cJSON *resource = recharge_resource(work);
	const cJSON *customer = json_at(work->in->payload, "customer");

	return customer != NULL ? customer : json_at(resource, "customer|include.customer");
}

/* A century early: older than all of Shopify's data, but in ReCharge's order. */
static const char *time_of_person(struct work *work, const cJSON *customer)
{
	static const int64_t CENTURY = 36524 * DAY;
	int64_t time = moment(customer, "updated_at");
	char text[TIME_TEXT];

	if (time == TIME_UNKNOWN)
		time = moment(recharge_resource(work), "updated_at");
	if (time == TIME_UNKNOWN)
		return "1900-01-01T00:00:00Z";
	time_format(time - CENTURY, text);
	return work_copy(work, text);
}

/* Shopify's data of a customer is preferred: ReCharge's fills only missing values. */
const cJSON *recharge_person(struct work *work)
{
	static const struct {
		const char *key;
		const char *path;
	} of_customer[] =
		{
			{"email", "email"},
			{"first_name", "first_name"},
			{"last_name", "last_name"},
			{"phone", "phone|billing_phone"},
			{"subscriptions_active",
				"subscriptions_active_count|number_active_subscriptions"},
			{"subscriptions_total", "subscriptions_total_count|number_subscriptions"},
		},
	  of_address[] = {
		  {"address1", "billing_address1"},
		  {"address2", "billing_address2"},
		  {"city", "billing_city"},
		  {"province", "billing_province"},
		  {"zip", "billing_zip"},
		  {"country", "billing_country"},
	  };
	const cJSON *customer = customer_of(work);
	cJSON *person = work_object(work);
	cJSON *address = work_object(work);

	for (size_t i = 0; i < sizeof(of_customer) / sizeof(of_customer[0]); i++) {
		const char *path = of_customer[i].path;

		/* charges and orders of the old version have the name, too */
		work_refer(
			work, person, of_customer[i].key, json_at(recharge_resource(work), path));
		work_refer(work, person, of_customer[i].key, json_at(customer, path));
	}
	for (size_t i = 0; i < sizeof(of_address) / sizeof(of_address[0]); i++)
		work_refer(work, address, of_address[i].key, json_at(customer, of_address[i].path));
	work_set(work, person, "email", json_text(work->in->payload, work->in->topic->email));
	work_refer(work, person, "default_address", json_at(address, "."));
	work_set(work, person, "updated_at", time_of_person(work, customer));
	work_set(work, person, "subscriptions_at", recharge_second(work, customer, "updated_at"));
	return person;
}

const char *recharge_browser_id(struct work *work)
{
	const cJSON *attributes =
		json_at(recharge_resource(work), "order_attributes|note_attributes");

	if (attributes != NULL && work->scratch.browser.from != attributes)
		work->scratch.browser = (struct made_once){.from = attributes,
			.text = attribute_value(
				attributes, &work->in->shop->anonymous_id_attributes)};
	return attributes != NULL ? work->scratch.browser.text : NULL;
}

/* ---- times ---- */

const char *recharge_second(struct work *work, const cJSON *object, const char *path)
{
	int64_t time = moment(object, path);
	char text[TIME_TEXT];

	if (time == TIME_UNKNOWN)
		return time_like(json_text(object, path));
	time_format(time - ((time % SECOND) + SECOND) % SECOND, text);
	return work_copy(work, text);
}

const char *recharge_came(struct work *work)
{
	char text[TIME_TEXT];

	if (work->in->delivery->triggered_at != NULL)
		return work->in->delivery->triggered_at;
	time_format(work->in->delivery->received, text);
	return work_copy(work, text);
}

const char *recharge_time(struct work *work, const cJSON *object, const char *path)
{
	int64_t time = moment(object, path);
	int64_t came = time_parse(work->in->delivery->triggered_at);
	char text[TIME_TEXT];

	if (came == TIME_UNKNOWN)
		came = work->in->delivery->received;
	if (time == TIME_UNKNOWN || (time > came - DOUBT && time < came + DOUBT))
		return NULL;
	time_format(time, text);
	return work_copy(work, text);
}

cJSON *recharge_view(struct work *work, const cJSON *object, const char *path)
{
	/* members of the body under these names are not used */
	static const char *const ours[] = {
		"at", "updated", "source", "update_type", "change", "ended", "try", "due", NULL};
	cJSON *view = work_overlay(work, object);

	if (view == NULL)
		return NULL;
	for (const char *const *name = ours; *name != NULL; name++)
		work_hide(work, view, *name);
	work_set(work, view, "at", recharge_time(work, object, path));
	work_set(work, view, "updated",
		text_or(recharge_second(work, object, "updated_at"), recharge_came(work)));
	return view;
}

/* ---- converters ---- */

static char *changed_case(struct work *work, const char *text, int (*change)(int))
{
	char *copy = arena_copy(work->arena, text);

	for (char *at = copy; at != NULL && *at != '\0'; at++)
		if ((unsigned char)*at < 0x80)
			*at = (char)change((unsigned char)*at);
	return copy;
}

const char *recharge_unit(struct work *work, const char *unit)
{
	char *copy = changed_case(work, unit, tolower);
	size_t length = copy != NULL ? strlen(copy) : 0;

	if (length > 1 && copy[length - 1] == 's')
		copy[length - 1] = '\0';
	return copy;
}

void as_lower(struct scope *scope, const struct field *row, const cJSON *value)
{
	field_text(scope, row->property, changed_case(scope->work, json_text(value, "."), tolower));
}

void as_upper(struct scope *scope, const struct field *row, const cJSON *value)
{
	field_text(scope, row->property, changed_case(scope->work, json_text(value, "."), toupper));
}

void as_unit(struct scope *scope, const struct field *row, const cJSON *value)
{
	field_text(scope, row->property, recharge_unit(scope->work, json_text(value, ".")));
}

void as_boolean_digit(struct scope *scope, const struct field *row, const cJSON *value)
{
	const char *text = cJSON_IsString(value) ? value->valuestring : "";

	if (strcmp(text, "0") == 0 || strcmp(text, "1") == 0)
		json_add_flag(scope->out, row->property, text[0] == '1');
	else
		as_flag(scope, row, value);
}

void as_date(struct scope *scope, const struct field *row, const cJSON *value)
{
	static const char form[] = "dddd-dd-dd";
	const char *text = cJSON_IsString(value) ? value->valuestring : "";
	char day[sizeof(form)] = "";

	for (size_t i = 0; i + 1 < sizeof(form); i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != form[i]) {
			work_invalid_field(scope->work, row->property);
			return;
		}
		day[i] = text[i];
	}
	field_text(scope, row->property, day);
}

void as_new_york_time(struct scope *scope, const struct field *row, const cJSON *value)
{
	int64_t time = moment(value, ".");
	char text[TIME_TEXT];

	if (time == TIME_UNKNOWN) {
		work_invalid_field(scope->work, row->property);
		return;
	}
	time_format(time, text);
	field_text(scope, row->property, text);
}

void as_tags(struct scope *scope, const struct field *row, const cJSON *value)
{
	if (cJSON_IsArray(value))
		as_joined(scope, row, value);
	else
		field_text(scope, row->property, order_affiliation(scope->work, scope->root));
}

void recharge_currency(struct scope *scope, const struct field *row, const cJSON *object)
{
	const char *own = json_text(object, RECHARGE_CURRENCY);

	field_text(scope, row->property, text_or(own, scope->work->in->shop->recharge_currency));
}
