/* What ties the carts, checkouts and orders of one buyer together (docs/events.md, People).
 *
 * A link is a record by token: the cart's where there is one, else the checkout's. The storefront
 * may leave another one under the checkout's token: a hint. */
#include "mapping/links.h"

#include "mapping/people.h"

#include <string.h>

void links_recall(struct work *work)
{
	const char *token = people_first(work->cart_id, work->checkout_id);

	work->link = work_recall(work, "link", token);
	if (work->cart_id != NULL)
		work->hint = work_recall(work, "link", work->checkout_id);
}

static const char *said(const struct work *work, const char *key)
{
	return people_first(json_text(work->hint.value, key), json_text(work->link.value, key));
}

const char *links_customer(const struct work *work)
{
	return said(work, "customer_id");
}

const char *links_order(const struct work *work)
{
	return said(work, "order");
}

/* What others have written there stays: it is not ours to know all members. */
static cJSON *begin(struct work *work)
{
	return work->link.value != NULL ? work_view(work, work->link.value) : work_object(work);
}

void links_remember(struct work *work)
{
	const char *token = people_first(work->cart_id, work->checkout_id);
	bool made_up = work->made_up_told || json_is_true(work->link.value, "made_up");
	const struct person *person = &work->person;
	struct text json = {0};
	cJSON *link;

	if (token == NULL)
		return;
	link = begin(work);
	work_set(work, link, "customer_id", person->customer_id);
	work_set(work, link, "email", person->email);
	work_set(work, link, "anonymous_id", people_browser_id(work));
	work_set(work, link, "google_client_id", person->google_client_id);
	work_set(work, link, "google_session_id", person->google_session_id);
	if (work->topic->is_order)
		work_set(work, link, "order", work->order_id);
	if (made_up)
		work_flag(work, link, "made_up");
	if (work->failed || link->child == NULL)
		return;
	json_add_value(&json, link);
	work_remember(work, "link", token, &json, work->link.json);
	text_free(&json);
}
