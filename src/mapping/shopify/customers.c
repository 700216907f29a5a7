/* Customer Created, Customer Enabled, and the traits of identify (docs/events.md, Customers). */
#include "mapping/rules.h"

#include "mapping/identity/identity.h"

struct selection newly_enabled(struct work *work)
{
	return identity_turned_enabled(work) ? whole_payload(work) : select_none(NULL);
}

/* Customer Enabled has its own identify. */
struct selection not_newly_enabled(struct work *work)
{
	return identity_turned_enabled(work) ? select_none(NULL) : whole_payload(work);
}

const struct field customer_properties[] = {
	{"customer_id", "id", as_text, NULL, 0},
	{"verified_email", "verified_email", as_flag, NULL, 0},
	{"state", "state", as_text, NULL, 0},
	{0},
};

/* Both lines of the street, because Segment's address has one; not more of them than a message
 * holds. */
static void street(struct scope *scope, const struct field *row, const cJSON *address)
{
	const char *first = json_text(address, "address1");
	const char *second = json_text(address, "address2");

	if (first != NULL && second != NULL)
		first = arena_format(
			scope->work->arena, "%.*s, %.*s", MESSAGE_MAX, first, MESSAGE_MAX, second);
	field_text(scope, row->property, first != NULL ? first : second);
}

static const struct field address_traits[] = {
	{"street", ".", street, NULL, 0},
	{"city", "city", as_text, NULL, 0},
	{"state", "province", as_text, NULL, 0},
	{"postalCode", "zip", as_text, NULL, 0},
	{"country", "country", as_text, NULL, 0},
	{0},
};

const struct field customer_traits[] = {
	{"email", "email", as_text, NULL, 0},
	{"phone", "phone", as_text, NULL, 0},
	{"firstName", "first_name", as_text, NULL, 0},
	{"lastName", "last_name", as_text, NULL, 0},
	{"createdAt", "created_at", as_time, NULL, 0},
	{"description", "note", as_text, NULL, 0},
	{"address", "default_address", as_object, address_traits, 0},
	{"customerLifetimeValue", "total_spent", as_money, NULL, 0},
	{"purchaseCount", "orders_count", as_count, NULL, 0},
	{"marketingOptIn",
		"marketing_opt_in_level|email_marketing_consent.opt_in_level|buyer_accepts_"
		"marketing",
		as_flag_text, NULL, 0},
	{"email_consent_state", "email_marketing_consent.state", as_text, NULL, 0},
	{"email_opt_in_level", "email_marketing_consent.opt_in_level", as_text, NULL, 0},
	{"sms_consent_state", "sms_marketing_consent.state", as_text, NULL, 0},
	{"sms_opt_in_level", "sms_marketing_consent.opt_in_level", as_text, NULL, 0},
	{"tags", "tags", as_text, NULL, 0},
	{"state", "state", as_text, NULL, 0},
	{"verified_email", "verified_email", as_flag, NULL, 0},
	{"subscriptionsActive", "subscriptions_active", as_count, NULL, 0},
	{"subscriptionsTotal", "subscriptions_total", as_count, NULL, 0},
	{0},
};
