/* The person of a delivery (docs/events.md, Identity). */
#include "mapping/identity/identity_private.h"

#include "base/digest.h"
#include "mapping/fields.h"

#include <string.h>

/* The value of an attribute that the cart carried into the order. */
static const char *attribute(const struct work *work, const struct strings *names)
{
	return attribute_value(json_at(work->in->payload, "note_attributes"), names);
}

/* The stored value of a key: of the checkout's link, the cart's link or the order; else that of the
 * hints. */
static const char *stored_text(const struct work *work, const char *key)
{
	const char *found = json_text(work->stored->checkout_link.value, key);

	found = text_or(found, json_text(work->stored->link.value, key));
	found = text_or(found, json_text(work->stored->order.value, key));
	return text_or(found, identity_browser_text(work, key));
}

const char *map_user_id(
	const struct shop *shop, const char *customer_id, const char *email, struct arena *arena)
{
	char md5[MD5_TEXT];

	switch (shop->user_id) {
	case USER_ID_CUSTOMER_ID:
		return customer_id;
	case USER_ID_EMAIL:
		return email;
	case USER_ID_MD5_EMAIL:
		return email != NULL && digest_md5(email, md5) == 0 ? arena_copy(arena, md5) : NULL;
	case USER_ID_NONE:
		break;
	}
	return NULL;
}

const char *identity_user_id(struct work *work, const char *customer_id, const char *email)
{
	const char *id = map_user_id(work->in->shop, customer_id, email, work->arena);

	if (id == NULL && email != NULL && work->in->shop->user_id == USER_ID_MD5_EMAIL)
		work_fail(work, "no MD5, or no memory");
	return id;
}

/* The derived id, which is the same for the cart, the checkout and the order of one buyer. */
static const char *derive_id(struct work *work)
{
	struct uuid uuid;
	char text[UUID_TEXT];
	const char *token = text_or(work->identity->cart_id, work->identity->checkout_id);
	const char *name;

	if (identity_derived_id(work) != NULL)
		return identity_derived_id(work);
	if (work->identity->account_id != NULL)
		token = arena_format(
			work->arena, "recharge:customer:%s", work->identity->account_id);
	token = text_or(token, work->identity->order_id);
	token = text_or(token, work->identity->person.customer_id);
	token = text_or(token, topic_id(work->in->payload, work->in->topic->id));
	token = text_or(token, topic_id(work->in->payload, work->in->topic->subscription));
	name = arena_format(
		work->arena, "%s|%s", work->in->delivery->shop, token != NULL ? token : "");
	if (name == NULL) {
		work_fail(work, "no memory");
		return NULL;
	}
	uuid = uuid_of_name(&uuid_segrelay, name, strlen(name));
	uuid_format(&uuid, text);
	return work_copy(work, text);
}

/* The e-mail of the order's contact, or else of the customer. */
static const char *email_of(const struct work *work)
{
	const char *email = json_text(work->in->payload,
		text_or(work->in->topic->email, "email|contact_email|customer.email"));

	email = text_or(email, json_text(work->stored->order.value, "email"));
	email = text_or(email, json_text(work->stored->link.value, "email"));
	return text_or(email, json_text(work->identity->customer, "email"));
}

/* An id is derived when there is no other. Once an event was emitted under it alone, later events
 * of the cart have it beside the userId, so that Segment joins the two. */
static void find_anonymous_id(struct work *work, struct person *person)
{
	const char *browser = attribute(work, &work->in->shop->anonymous_id_attributes);

	browser = text_or(browser, stored_text(work, "anonymous_id"));
	browser = text_or(browser, json_text(work->stored->customer.value, "anonymous_id"));
	if (work->identity->customer != NULL && work->identity->account_id != NULL)
		browser = text_or(browser, links_first_browser(work));
	if (identity_has_refused(work))
		browser = NULL;
	person->anonymous_id = browser;
	person->is_derived =
		browser == NULL && (person->user_id == NULL || identity_derived_id(work) != NULL);
	if (person->is_derived)
		person->anonymous_id = derive_id(work);
}

static void find_google_ids(const struct work *work, struct person *person)
{
	const struct shop *shop = work->in->shop;

	person->google_client_id = text_or(attribute(work, &shop->google_client_id_attributes),
		stored_text(work, "google_client_id"));
	person->google_session_id = text_or(attribute(work, &shop->google_session_id_attributes),
		stored_text(work, "google_session_id"));
}

void user_find(struct work *work, struct person *person)
{
	if (!identity_has_refused(work))
		find_google_ids(work, person);
	person->email = email_of(work);
	/* The userId is made from the customer's own e-mail; the contact of an order may be another
	 * person. */
	if (work->identity->customer != NULL)
		person->user_id = identity_user_id(work, person->customer_id,
			text_or(json_text(work->identity->customer, "email"), person->email));
	find_anonymous_id(work, person);
}
