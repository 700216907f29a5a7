/* Who a delivery is about (docs/events.md, People). */
#include "mapping/people.h"

#include "base/digest.h"
#include "base/url.h"

#include <string.h>

/* A value that a shopper's browser chose is not taken when it is longer. */
enum { ATTRIBUTE_MAX = 255 };

static bool topic_begins(const struct work *work, const char *prefix)
{
	return strncmp(work->delivery->topic, prefix, strlen(prefix)) == 0;
}

bool people_is_order(const struct work *work)
{
	return topic_begins(work, "orders/");
}

const char *people_order(const struct work *work)
{
	return json_text(work->payload, people_is_order(work) ? "id" : "order_id");
}

const cJSON *people_customer(const struct work *work)
{
	if (topic_begins(work, "customers/"))
		return work->payload;
	return json_at(work->payload, "customer");
}

const char *people_first(const char *a, const char *b)
{
	return a != NULL ? a : b;
}

/* The value of the first of the configured attributes that the cart carried. */
static const char *attribute(const struct work *work, const struct strings *names)
{
	const cJSON *attributes = json_at(work->payload, "note_attributes");
	const cJSON *item;

	for (size_t i = 0; i < names->count; i++) {
		cJSON_ArrayForEach (item, attributes) {
			const char *name = json_text(item, "name");
			const char *value = json_text(item, "value");

			if (name != NULL && value != NULL && strcmp(name, names->items[i]) == 0 &&
				strlen(value) <= ATTRIBUTE_MAX && url_is_clean_text(value))
				return value;
		}
	}
	return NULL;
}

const char *people_browser_id(const struct work *work)
{
	return people_first(attribute(work, &work->shop->anonymous_id_attributes),
		json_text(work->order, "anonymous_id"));
}

/* The customer's own e-mail names the user; the contact of an order need not be it. */
static const char *user_id(struct work *work)
{
	const char *email = people_first(json_text(work->customer, "email"), work->person.email);
	char md5[MD5_TEXT];

	switch (work->shop->user_id) {
	case USER_ID_CUSTOMER_ID:
		return work->person.customer_id;
	case USER_ID_EMAIL:
		return email;
	case USER_ID_MD5_EMAIL:
		if (email == NULL)
			return NULL;
		if (digest_md5(email, md5) != 0)
			work_fail(work, "OpenSSL gives no MD5");
		return work_copy(work, md5);
	case USER_ID_NONE:
		break;
	}
	return NULL;
}

/* The same for the cart, the checkout and the order of one buyer. */
static const char *made_up_id(struct work *work)
{
	static const char tokens[] = "cart_token|checkout_token";
	const char *token = json_text(work->payload, tokens);
	struct uuid uuid;
	char text[UUID_TEXT];
	const char *name;

	token = people_first(token, json_text(work->order, tokens));
	token = people_first(token, people_order(work));
	token = people_first(token, json_text(work->payload, "id"));
	name = arena_format(work->arena, "%s|%s", work->delivery->shop, token);
	if (name == NULL) {
		work_fail(work, "no memory");
		return NULL;
	}
	uuid = uuid_of_name(&uuid_segrelay, name, strlen(name));
	uuid_format(&uuid, text);
	return work_copy(work, text);
}

/* The e-mail of the order's contact, else of the customer. */
static const char *email_of(const struct work *work)
{
	const char *email = json_text(work->payload, "email|contact_email|customer.email");

	email = people_first(email, json_text(work->order, "email"));
	return people_first(email, json_text(work->customer, "email"));
}

void people_find(struct work *work)
{
	const struct shop *shop = work->shop;
	struct person *person = &work->person;

	person->anonymous_id = people_browser_id(work);
	person->google_client_id = people_first(attribute(work, &shop->google_client_id_attributes),
		json_text(work->order, "google_client_id"));
	person->google_session_id =
		people_first(attribute(work, &shop->google_session_id_attributes),
			json_text(work->order, "google_session_id"));
	person->email = email_of(work);
	if (work->customer != NULL)
		person->user_id = user_id(work);
	if (person->user_id == NULL && person->anonymous_id == NULL)
		person->anonymous_id = made_up_id(work);
}
