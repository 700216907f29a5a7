/* Checkout Started, Checkout Step Completed, Payment Info Entered (docs/events.md, Checkouts). */
#include "mapping/shopify/checkouts.h"

#include "mapping/identity/identity.h"
#include "mapping/rules.h"

#include <stdlib.h>
#include <string.h>

enum { CONTACT = 1, SHIPPING = 2, PAYMENT = 3, STEPS = 3 };

/* ---- steps ---- */

static bool is_checkout(const struct work *work)
{
	return work->in->topic->checkout != NULL && !work->in->topic->is_order &&
	       !work->in->topic->is_hint;
}

static bool has_contact(const cJSON *checkout)
{
	return json_text(checkout, "email|phone|customer.id") != NULL;
}

/* Shopify sends [] for an address that is not known yet. */
static bool has_shipping(const cJSON *checkout)
{
	return json_at(checkout, "shipping_lines") != NULL &&
	       cJSON_IsObject(json_at(checkout, "shipping_address"));
}

static bool needs_shipping(const cJSON *checkout)
{
	const cJSON *line;

	cJSON_ArrayForEach (line, json_at(checkout, "line_items")) {
		if (!cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(line, "requires_shipping")))
			return true;
	}
	return json_at(checkout, "line_items") == NULL;
}

/* The last step that a checkout shows as done; earlier steps are done, too. No member says that
 * payment details were entered: a gateway or the completion implies it. */
static int step_of(const cJSON *checkout)
{
	if (json_at(checkout, "completed_at|gateway") != NULL)
		return PAYMENT;
	if (has_shipping(checkout) || (has_contact(checkout) && !needs_shipping(checkout)))
		return SHIPPING;
	return has_contact(checkout) ? CONTACT : 0;
}

/* Reads a stored step. */
static int known_step(const char *text)
{
	long step = text != NULL ? strtol(text, NULL, 10) : 0;

	return step >= 0 && step <= STEPS ? (int)step : 0;
}

void checkouts_recall(struct work *work, struct stored *stored)
{
	if (work->in->topic->checkout != NULL)
		stored->checkout = work_recall(work, "checkout", work->identity->checkout_id);
}

/* An order completes a checkout that was seen. */
static int step_now(const struct work *work)
{
	if (is_checkout(work))
		return identity_order(work) != NULL ? PAYMENT : step_of(work->in->payload);
	return work->in->topic->is_order && work->stored->checkout.value != NULL ? PAYMENT : 0;
}

struct progress checkouts_progress(const struct work *work)
{
	return (struct progress){
		.before = known_step(json_text(work->stored->checkout.value, "step")),
		.now = step_now(work),
	};
}

/* ---- the payload that a later hint emits ---- */

/* More bytes are stored without the lines. */
enum { SEEN_MAX = 32768 };

static const char *const checkout_keeps[] = {"token", "cart_token", "currency",
	"presentment_currency", "subtotal_price", "total_price", "total_tax", "total_discounts",
	"total_duties", "taxes_included", "gateway", "source_name", "location_id", "shipping_lines",
	"discount_codes", "discount_applications", NULL};
static const char *const line_keeps[] = {"product_id", "variant_id", "sku", "title",
	"variant_title", "vendor", "price", "compare_at_price", "quantity", "discount_allocations",
	"gift_card", NULL};

static cJSON *kept_of(struct work *work, const cJSON *object, const char *const *keeps)
{
	cJSON *kept = work_object(work);

	for (; *keeps != NULL && !work->failed; keeps++)
		work_refer(work, kept, *keeps, json_at(object, *keeps));
	return kept;
}

static void keep_seen(struct work *work, struct text *json)
{
	cJSON *seen = kept_of(work, work->in->payload, checkout_keeps);
	cJSON *lines = work_list(work);
	size_t before = json->length;
	const cJSON *line;

	cJSON_ArrayForEach (line, json_at(work->in->payload, "line_items")) {
		work_append(work, lines, kept_of(work, line, line_keeps));
	}
	if (work->failed)
		return;
	work_refer(work, seen, "line_items", lines);
	json_add_key(json, "seen");
	json_add_value(json, seen);
	if (json->length - before <= SEEN_MAX || work->failed)
		return;
	text_cut(json, before);
	json_remove(seen, "line_items");
	json_add_key(json, "seen");
	json_add_value(json, seen);
	if (json->length - before > SEEN_MAX)
		text_cut(json, before);
}

/* Without a storefront there are no hints. */
static bool may_be_hinted(const struct work *work, int step)
{
	return work->in->shop->storefront_origins.count > 0 && is_checkout(work) && step < PAYMENT;
}

void checkouts_remember(struct work *work)
{
	struct text json = {0};
	struct progress progress = checkouts_progress(work);
	int step = progress.now > progress.before ? progress.now : progress.before;

	if (work->identity->checkout_id == NULL || work->in->topic->is_hint ||
		(!is_checkout(work) && work->stored->checkout.value == NULL))
		return;
	text_format(&json, "{\"step\":%d", step);
	if (may_be_hinted(work, step))
		keep_seen(work, &json);
	text_put(&json, "}");
	work_remember(
		work, "checkout", work->identity->checkout_id, &json, work->stored->checkout.json);
	text_free(&json);
}

/* ---- events ---- */

struct selection checkout_started(struct work *work)
{
	return work->stored->checkout.value != NULL ? select_none(NULL) : whole_payload(work);
}

/* A view of the payload for each step from `first` to `last` that was not emitted. */
static struct selection steps(struct work *work, int first, int last)
{
	const cJSON **views = arena_alloc(work->arena, STEPS * sizeof(*views));
	struct selection selection = {.items = views};
	struct progress progress = checkouts_progress(work);

	if (views == NULL) {
		work_fail(work, "no memory");
		return select_none("no memory");
	}
	if (first <= progress.before)
		first = progress.before + 1;
	if (last > progress.now)
		last = progress.now;
	for (int step = first; step <= last && !work->failed; step++) {
		cJSON *view = work_overlay(work, work->in->payload);

		work_set(work, view, "step", (char[]){(char)('0' + step), '\0'});
		views[selection.count++] = view;
	}
	return selection;
}

struct selection steps_before_payment(struct work *work)
{
	return steps(work, CONTACT, SHIPPING);
}

struct selection step_of_payment(struct work *work)
{
	return steps(work, PAYMENT, PAYMENT);
}

/* A hint may have shown the payment before any webhook does. */
struct selection payment_entered(struct work *work)
{
	struct selection selection = step_of_payment(work);
	cJSON *view;

	if (selection.count > 0 || work->failed || checkouts_progress(work).before >= PAYMENT ||
		identity_browser_text(work, "payment_at") == NULL)
		return selection;
	view = work_overlay(work, work->in->payload);
	work_set(work, view, "step", "3");
	return work->failed ? select_none("no memory") : select_one(work, view);
}

/* ---- properties ---- */

/* clang-format off */
#define CHECKOUT_ROWS \
	{"checkout_id", "token", as_text, NULL, 0},                         \
	{"checkoutId", "token", as_text, NULL, 0},                          \
	{"cart_id", "cart_token", as_text, NULL, 0},                        \
	{"userId", ".", order_user_id, NULL, 0},                            \
	{"step", "step", as_count, NULL, 0},                                \
	{"subtotal", ".", order_net, NULL, 0},                              \
	{"revenue", ".", order_net, NULL, 0},                               \
	{"shipping", ".", order_shipping, NULL, 0},                         \
	{"tax", "total_tax", as_money, NULL, 0},                            \
	{"duties", "total_duties", as_positive_money, NULL, 0},             \
	{"discount", "total_discounts", as_money, NULL, 0},                 \
	{"total", "total_price", as_money, NULL, 0},                        \
	/* a checkout's amounts are in the buyer's currency (Shopify's reference) */    \
	{"currency", "presentment_currency|currency", as_text, NULL, 0},    \
	{"presentment_currency", "presentment_currency", as_text, NULL, 0}, \
	{"presentment_total", "total_price", as_text, NULL, 0},             \
	{"coupon", ".", order_coupons, NULL, 0},                            \
	{"payment_method", "gateway", as_text, NULL, 0},                    \
	{"shipping_method", ".", order_shipping_method, NULL, 0},           \
	{"source_name", "source_name", as_text, NULL, 0},                   \
	{"location_id", "location_id", as_text, NULL, 0},                   \
	{"products", "line_items", as_list, line_properties, 0}
/* clang-format on */

const struct field checkout_properties[] = {
	CHECKOUT_ROWS,
	{0},
};

const struct field checkout_started_properties[] = {
	{"value", "total_price", as_money, NULL, 0},
	CHECKOUT_ROWS,
	{0},
};
