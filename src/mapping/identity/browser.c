/* Hints: what the storefront's script and pixel post (docs/storefront.md, Hints). */
#include "mapping/identity/identity_private.h"

#include "mapping/order_texts.h"
#include "mapping/rules.h"

#include <stdlib.h>
#include <string.h>

/* ---- merging ---- */

/* Members that a hint replaces, each as a whole. A member that the hint lacks stays as it was. */
static const char *const members[] = {"google_client_id", "google_session_id", "page", "campaign",
	"locale", "user_agent", "ip", "consent"};

/* Members of a link that a webhook's attributes may have set. A refusal removes them, too. */
static const char *const webhook_members[] = {
	"anonymous_id", "google_client_id", "google_session_id"};

/* Of a hint, or of the stored hints. */
static bool is_refusal(const cJSON *browser)
{
	return cJSON_IsFalse(json_at(browser, "consent.analytics"));
}

static bool is_agreement(const cJSON *browser)
{
	return cJSON_IsTrue(json_at(browser, "consent.analytics"));
}

/* Once the buyer is known, a hint from another browser does not change the browser of the token. */
static bool may_name_browser(const struct work *work, const cJSON *link)
{
	const char *before = json_text(link, "browser.anonymous_id");
	const char *now = json_text(work->in->payload, "anonymous_id");

	return before == NULL || now == NULL || strcmp(before, now) == 0 ||
	       json_text(link, "customer_id|order") == NULL;
}

static bool is_event(const struct work *work, const char *name)
{
	const char *event = json_text(work->in->payload, "event.name");

	return event != NULL && strcmp(event, name) == 0;
}

/* A cart may have more than one checkout: an event belongs to the checkout that the hint names. */
static bool is_of_link(const struct work *work, const struct recalled *link)
{
	return link == &work->stored->checkout_link || work->identity->cart_id == NULL ||
	       work->identity->checkout_id == NULL;
}

/* The event may be emitted only after a webhook has shown the checkout or the order: until then its
 * time is stored. */
static void set_time_of(struct work *work, cJSON *browser, const char *key, const char *event)
{
	if (is_event(work, event) && json_at(browser, key) == NULL)
		work_set(work, browser, key, json_text(work->in->payload, "event.time"));
}

/* A card fails a few times; more failures of one checkout are invented. */
enum { FAILURES_MAX = 20 };

static long failures(const struct work *work)
{
	const char *count = text_or(json_text(work->stored->checkout_link.value, "failures"),
		json_text(work->stored->link.value, "failures"));

	return count != NULL ? strtol(count, NULL, 10) : 0;
}

static void count_failure(struct work *work, cJSON *link)
{
	long count = failures(work);

	if (is_event(work, "alert_displayed") && count <= FAILURES_MAX)
		work_set(work, link, "failures", arena_format(work->arena, "%ld", count + 1));
}

static void copy_members(struct work *work, cJSON *browser)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		work_refer(work, browser, members[i], json_at(work->in->payload, members[i]));
	work_refer(work, browser, "anonymous_id", json_at(work->in->payload, "anonymous_id"));
}

/* Removes all of the browser but the refusal. */
static cJSON *refuse(struct work *work, cJSON *link)
{
	cJSON *browser = work_object(work);

	for (size_t i = 0; link != NULL && i < sizeof(webhook_members) / sizeof(webhook_members[0]);
		i++)
		json_remove(link, webhook_members[i]);
	work_refer(work, browser, "consent", json_at(work->in->payload, "consent"));
	return browser;
}

static size_t size_of(struct work *work, const cJSON *value)
{
	struct text json = {0};
	size_t size;

	json_add_value(&json, value);
	size = json.length;
	if (json.failed)
		work_fail(work, "no memory");
	text_free(&json);
	return size;
}

/* Anyone can post hints: large values that no event needs are removed. */
static void bound(struct work *work, cJSON *browser)
{
	static const char *const large[] = {"page", "campaign", "user_agent", "locale"};

	for (size_t i = 0; !work->failed && i < sizeof(large) / sizeof(large[0]); i++)
		if (size_of(work, browser) > LINK_BROWSER_MAX && !work->failed)
			json_remove(browser, large[i]);
}

/* A refusal is valid until the visitor agrees. */
void browser_join(struct work *work, struct recalled *link)
{
	const cJSON *before = json_at(link->value, "browser");
	bool stays_refused = is_refusal(before) && !is_agreement(work->in->payload);
	cJSON *joined = link->value != NULL ? work_view(work, link->value) : work_object(work);
	cJSON *browser = before != NULL ? work_view(work, before) : work_object(work);

	if (is_refusal(work->in->payload))
		browser = refuse(work, joined);
	else if (!stays_refused && may_name_browser(work, link->value))
		copy_members(work, browser);
	if (is_of_link(work, link)) {
		set_time_of(work, browser, "payment_at", "payment_info_submitted");
		set_time_of(work, browser, "thanked_at", "checkout_completed");
		count_failure(work, joined);
	}
	bound(work, browser);
	if (!work->failed && browser->child != NULL)
		work_refer(work, joined, "browser", browser);
	link->value = joined;
}

/* A refusal under one of the tokens is valid for the other, because the script knows the cart's
 * token only. The order's record is read when neither token has a value. */
const cJSON *identity_browser_value(const struct work *work, const char *member)
{
	const cJSON *const sources[] = {json_at(work->stored->checkout_link.value, "browser"),
		json_at(work->stored->link.value, "browser"),
		json_at(work->stored->order.value, "browser")};
	const cJSON *value = NULL;

	if (is_refusal(sources[0]) || is_refusal(sources[1]))
		return json_at(sources[is_refusal(sources[0]) ? 0 : 1], member);
	for (size_t i = 0; value == NULL && i < sizeof(sources) / sizeof(sources[0]); i++)
		value = json_at(sources[i], member);
	return value;
}

const char *identity_browser_text(const struct work *work, const char *member)
{
	return json_text(identity_browser_value(work, member), ".");
}

bool identity_has_refused(const struct work *work)
{
	return cJSON_IsFalse(identity_browser_value(work, "consent.analytics"));
}

void identity_write_consent(const struct work *work, struct text *json)
{
	const cJSON *consent = identity_browser_value(work, "consent");

	if (consent == NULL)
		return;
	json_add_key(json, "browser");
	text_put(json, "{\"consent\":");
	json_add_value(json, consent);
	text_put(json, "}");
}

/* ---- events ---- */

/* A view of the checkout that a webhook has shown, with the time and id of the event. */
static struct selection with_event(struct work *work, const cJSON *shown)
{
	cJSON *view = work_overlay(work, shown);

	work_set(work, view, "hinted_at", json_text(work->in->payload, "event.time"));
	work_set(work, view, "hint_id", json_text(work->in->payload, "event.id"));
	work_set(work, view, "hint_type", json_text(work->in->payload, "event.type"));
	work_set(work, view, "step", "3"); /* all hints are about the payment step */
	return work->failed ? select_none("no memory") : select_one(work, view);
}

struct selection payment_hinted(struct work *work)
{
	const cJSON *seen = json_at(work->stored->checkout.value, "seen");

	if (!is_event(work, "payment_info_submitted"))
		return select_none(NULL);
	if (seen == NULL)
		return select_none("no webhook has shown the checkout yet, or it is completed");
	return with_event(work, seen);
}

/* A card that was declined in the checkout. No webhook shows that, because there is no order yet.
 */
struct selection failure_hinted(struct work *work)
{
	const cJSON *seen = json_at(work->stored->checkout.value, "seen");
	const char *type = json_text(work->in->payload, "event.type");

	if (!is_event(work, "alert_displayed") || type == NULL ||
		strcmp(type, "PAYMENT_ERROR") != 0)
		return select_none(NULL);
	if (seen == NULL || json_text(work->in->payload, "event.id") == NULL)
		return select_none("no webhook has shown the checkout yet, or it is completed");
	if (failures(work) > FAILURES_MAX)
		return select_none("too many failures of one checkout");
	return with_event(work, seen);
}

/* The same properties, whether the order or the hint came last. */
static struct selection select_order(struct work *work, const cJSON *order, const char *time)
{
	cJSON *view = work_overlay(work, order);
	const char *coupon = json_text(order, "coupon");

	work_set(work, view, "id", work->identity->order_id);
	work_set(work, view, "checkout_token", work->identity->checkout_id);
	work_set(work, view, "coupon", coupon != NULL ? coupon : order_coupon(work, order));
	work_set(work, view, "hinted_at", time);
	return work->failed ? select_none("no memory") : select_one(work, view);
}

struct selection thanked(struct work *work)
{
	const char *time = identity_browser_text(work, "thanked_at");
	const char *ordered;

	if (time == NULL || work->identity->checkout_id == NULL)
		return select_none(NULL);
	if (work->in->topic->is_order)
		return select_order(work, work->in->payload, time);
	if (work->stored->order.value == NULL)
		return select_none("no webhook has shown the order yet");
	/* A hint may name a checkout that does not belong to its cart. */
	ordered = json_text(work->stored->order.value, "checkout_token");
	if (ordered == NULL || strcmp(ordered, work->identity->checkout_id) != 0)
		return select_none("the order is of another checkout");
	return select_order(work, work->stored->order.value, time);
}

const struct field thank_you_properties[] = {
	{"order_id", ".", order_id, NULL, 0},
	{"order_name", "name", as_text, NULL, 0},
	{"checkout_id", "checkout_token", as_text, NULL, 0},
	{"checkoutId", "checkout_token", as_text, NULL, 0},
	{"cart_id", "cart_token", as_text, NULL, 0},
	{"userId", ".", order_user_id, NULL, 0},
	{"total", "total_price|total_price_set.shop_money.amount", as_money, NULL, 0},
	{"currency", "currency", as_text, NULL, 0},
	{"presentment_currency", "presentment_currency", as_text, NULL, 0},
	{"presentment_total", "presentment_total|total_price_set.presentment_money.amount", as_text,
		NULL, 0},
	{"coupon", "coupon", as_text, NULL, 0},
	{0},
};
