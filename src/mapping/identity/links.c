/* Links: records that connect the carts, checkouts and orders of one buyer (docs/events.md,
 * Identity).
 *
 * The key of a link is a token: the cart's if there is one, else the checkout's. A checkout that
 * has a cart may have a second link under its own token. ReCharge's deliveries have a record under
 * ReCharge's customer id. */
#include "mapping/identity/identity_private.h"

#include "base/clock.h"
#include "mapping/recharge/recharge_common.h"

#include <string.h>

#define ACCOUNT "recharge_customer"
#define FIRST_BROWSER "first_anonymous_id"

void links_recall(struct work *work, struct stored *stored)
{
	const char *token = text_or(work->identity->cart_id, work->identity->checkout_id);

	if (work->identity->account_id != NULL) {
		stored->link = work_recall(work, ACCOUNT, work->identity->account_id);
		return;
	}
	stored->link = work_recall(work, "link", token);
	if (work->identity->cart_id != NULL)
		stored->checkout_link = work_recall(work, "link", work->identity->checkout_id);
	if (!work->in->topic->is_hint)
		return;
	browser_join(work, &stored->link);
	if (work->identity->cart_id != NULL && work->identity->checkout_id != NULL)
		browser_join(work, &stored->checkout_link);
}

static const char *stored_text(const struct work *work, const char *key)
{
	return text_or(json_text(work->stored->checkout_link.value, key),
		json_text(work->stored->link.value, key));
}

const char *links_customer(const struct work *work)
{
	return stored_text(work, "customer_id");
}

const char *identity_order(const struct work *work)
{
	return stored_text(work, "order");
}

const char *identity_ordered_at(struct work *work, const char *cart_id)
{
	return json_text(work_recall(work, "link", cart_id).value, "ordered_at");
}

const char *links_first_browser(struct work *work)
{
	if (work_has_refused(work) || identity_has_refused(work))
		return NULL;
	return text_or(stored_text(work, FIRST_BROWSER), recharge_browser_id(work));
}

const char *identity_derived_id(const struct work *work)
{
	return stored_text(work, "derived_id");
}

bool identity_is_joined(const struct work *work)
{
	const char *joined = json_text(work->stored->link.value, "joined");

	return joined != NULL && work->identity->person.user_id != NULL &&
	       strcmp(joined, work->identity->person.user_id) == 0;
}

/* A hint does not copy the derived id from one of its tokens to the other. */
static void set_join(struct work *work, cJSON *link)
{
	if (work->emitted->under_derived_id || !work->in->topic->is_hint)
		work_set(work, link, "derived_id",
			work->emitted->under_derived_id ? work->identity->person.anonymous_id
							: identity_derived_id(work));
	if (work->emitted->joined)
		work_set(work, link, "joined", work->identity->person.user_id);
}

/* The order that the cart became. */
static void set_order(struct work *work, cJSON *link)
{
	if (!work->in->topic->is_order)
		return;
	work_set(work, link, "order", work->identity->order_id);
	work_set(work, link, "ordered_at", json_text(work->in->payload, "created_at|processed_at"));
}

/* Values that only hints have are not copied: a later hint may change them. */
static const char *unless_hinted(const struct work *work, const char *key, const char *value)
{
	return value != identity_browser_text(work, key) ? value : NULL;
}

/* The person, as webhooks show it. A hint does not set it, because a hint can combine any tokens.
 */
static void set_person(struct work *work, cJSON *link)
{
	const struct person *person = &work->identity->person;

	if (work->in->topic->is_hint)
		return;
	work_set(work, link, "customer_id", person->customer_id);
	work_set(work, link, "email", person->email);
	work_set(work, link, "anonymous_id",
		unless_hinted(work, "anonymous_id", work_browser_id(work)));
	work_set(work, link, "google_client_id",
		unless_hinted(work, "google_client_id", person->google_client_id));
	work_set(work, link, "google_session_id",
		unless_hinted(work, "google_session_id", person->google_session_id));
}

static void write_record(struct work *work, const char *kind, const char *key, const cJSON *record,
	const struct recalled *before)
{
	struct text json = {0};

	if (work->failed || record->child == NULL)
		return;
	json_add_value(&json, record);
	work_remember(work, kind, key, &json, before->json);
	text_free(&json);
}

/* A quote in a JSON text has a backslash before it, so a name between quotes is a member. All
 * members but the first are those of links from before "named" was written. */
bool links_are_named(const char *json)
{
	static const char *const members[] = {"\"named\":\"true\"",
		"\"customer_id\":", "\"email\":", "\"order\":", "\"derived_id\":", "\"joined\":"};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strstr(json, members[i]) != NULL)
			return true;
	return false;
}

/* A hint does not make a link a webhook's; but a webhook may have shown the cart or the checkout
 * before. */
static void set_named(
	struct work *work, cJSON *link, const char *token, const struct recalled *before)
{
	bool is_named = !work->in->topic->is_hint ||
			(before->json != NULL && links_are_named(before->json));

	if (work->failed)
		return;
	if (!is_named)
		is_named = work_recall(work, "cart", token).json != NULL ||
			   work_recall(work, "checkout", token).json != NULL;
	if (is_named && link->child != NULL)
		work_set(work, link, "named", "true");
}

/* Keeps the members that other code has written. */
static void remember(struct work *work, const char *token, const struct recalled *before)
{
	cJSON *link = before->value != NULL ? work_view(work, before->value) : work_object(work);

	set_person(work, link);
	set_join(work, link);
	set_order(work, link);
	set_named(work, link, token, before);
	write_record(work, "link", token, link, before);
}

/* The browser's id is that of the first checkout, perhaps years old. It has a member of its own, so
 * that any other id is used first. */
static void remember_account(struct work *work)
{
	enum { MONTH = 7 };
	const struct recalled *before = &work->stored->link;
	char seen[TIME_TEXT];
	cJSON *link = before->value != NULL ? work_view(work, before->value) : work_object(work);

	if (links_first_browser(work) == NULL)
		json_remove(link, FIRST_BROWSER);
	work_set(work, link, "customer_id", work->identity->person.customer_id);
	work_set(work, link, "email", work->identity->person.email);
	work_set(work, link, FIRST_BROWSER, links_first_browser(work));
	time_format(work->in->delivery->received, seen);
	seen[MONTH] = '\0';
	work_set(work, link, "seen", seen); /* each month with a delivery renews the record */
	set_join(work, link);
	write_record(work, ACCOUNT, work->identity->account_id, link, before);
}

/* A refusal in the storefront is valid for the subscriber, too. */
static void refuse_account(struct work *work)
{
	const char *account = work_account(work);
	struct recalled stored = work_recall(work, ACCOUNT, account);
	cJSON *link;

	if (json_at(stored.value, FIRST_BROWSER) == NULL)
		return;
	link = work_view(work, stored.value);
	json_remove(link, FIRST_BROWSER);
	write_record(work, ACCOUNT, account, link, &stored);
}

/* An order may arrive without its cart's token: so a checkout has a link under its own token, too.
 */
void identity_remember_links(struct work *work)
{
	const char *token = text_or(work->identity->cart_id, work->identity->checkout_id);
	bool is_checkout = work->in->topic->checkout != NULL && !work->in->topic->is_order;

	if (work->identity->account_id != NULL) {
		remember_account(work);
		return;
	}
	if (identity_has_refused(work) && work->identity->customer != NULL)
		refuse_account(work);
	if (token == NULL)
		return;
	remember(work, token, &work->stored->link);
	if (work->identity->cart_id != NULL && work->identity->checkout_id != NULL &&
		(is_checkout || work->stored->checkout_link.value != NULL))
		remember(work, work->identity->checkout_id, &work->stored->checkout_link);
}
