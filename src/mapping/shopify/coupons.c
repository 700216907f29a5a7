/* Coupon Applied (docs/events.md, Coupon Applied). */
#include "mapping/rules.h"

#include "base/steps.h"
#include "mapping/shopify/checkouts.h"

#include <string.h>

/* The discount applications of an order, by index. */
struct applications {
	const cJSON *first;
	size_t count;
	const cJSON *items[];
};

static const struct applications *applications_of(struct work *work, const cJSON *order)
{
	const cJSON *list = json_at(order, "discount_applications");
	size_t count = (size_t)cJSON_GetArraySize(list);
	struct applications *made = work->scratch.applications;
	const cJSON *item;

	if (list == NULL || (made != NULL && made->first == list->child))
		return list != NULL ? made : NULL;
	made = arena_alloc(work->arena, sizeof(*made) + count * sizeof(made->items[0]));
	if (made == NULL) {
		work_fail(work, "no memory");
		return NULL;
	}
	*made = (struct applications){.first = list->child};
	cJSON_ArrayForEach (item, list) {
		made->items[made->count++] = item;
	}
	steps_add(count);
	work->scratch.applications = made;
	return made;
}

const cJSON *application_of(struct work *work, const cJSON *order, const cJSON *allocation)
{
	struct money index = amount_at(allocation, "discount_application_index");
	const struct applications *applications;

	if (!index.known || index.scale != 0 || index.units < 0)
		return NULL;
	applications = applications_of(work, order);
	return applications != NULL && (uint64_t)index.units < applications->count
		       ? applications->items[index.units]
		       : NULL;
}

/* A code, and the sum of its discounts. */
struct discount {
	const cJSON *view; /* the payload with the code; NULL until it is selected */
	struct money sum;
	bool found;
	bool is_listed; /* from discount_codes */
};

/* All codes of a payload, by name. */
struct codes {
	struct work *work;
	struct string_map discounts;
};

static struct discount *discount_of(struct codes *codes, const char *code)
{
	void **place = string_map_place(&codes->discounts, code, strlen(code));
	struct discount *discount;

	if (place != NULL && *place != NULL)
		return *place;
	discount = arena_alloc(codes->work->arena, sizeof(*discount));
	if (place == NULL || discount == NULL) {
		work_fail(codes->work, "no memory");
		return NULL;
	}
	*discount = (struct discount){.sum = MONEY_ZERO};
	*place = discount;
	return discount;
}

static void add_discount(struct codes *codes, const char *code, const cJSON *item, bool is_listed)
{
	struct discount *discount = code != NULL ? discount_of(codes, code) : NULL;

	if (discount == NULL || json_at(item, "amount") == NULL)
		return;
	/* amounts of lines are preferred */
	if (is_listed && discount->found && !discount->is_listed)
		return;
	discount->sum = money_add(discount->sum, amount_at(item, "amount"));
	discount->found = true;
	discount->is_listed = is_listed;
}

/* Adds the discount of each code on each line. A removed shipping line has none. */
static void add_allocations(struct codes *codes, const char *list)
{
	struct work *work = codes->work;
	const cJSON *line;
	const cJSON *item;

	cJSON_ArrayForEach (line, json_at(work->in->payload, list)) {
		if (json_is_true(line, "is_removed"))
			continue;
		cJSON_ArrayForEach (item, json_at(line, "discount_allocations")) {
			const cJSON *application = application_of(work, work->in->payload, item);

			add_discount(codes, json_text(application, "code"), item, false);
		}
	}
}

/* Adds the discounts of all codes: from the lines, whose amounts are in the shop's currency; from
 * discount_codes, whose currency is not stated, only when the lines have none. */
static void add_all(struct codes *codes)
{
	const cJSON *item;

	add_allocations(codes, "line_items");
	add_allocations(codes, "shipping_lines");
	cJSON_ArrayForEach (item, json_at(codes->work->in->payload, "discount_codes")) {
		add_discount(codes, json_text(item, "code"), item, true);
	}
}

static void set_amount(struct work *work, cJSON *view, const struct discount *discount)
{
	struct text amount = {0};

	if (!discount->sum.known)
		work_invalid_field(work, "discount");
	if (!discount->found || !discount->sum.known)
		return;
	money_write(discount->sum, &amount);
	work_set(work, view, "amount", work_keep(work, &amount));
}

/* discount_codes has the titles of automatic discounts, too; when there are applications, they show
 * which ones are codes. */
static bool is_code(const cJSON *item, bool is_application)
{
	const char *type = json_text(item, "type");

	if (json_text(item, "code") == NULL)
		return false;
	return !is_application || (type != NULL && strcmp(type, "discount_code") == 0);
}

/* A view of the payload for each code, with `code` and `amount`. */
static struct selection codes(struct work *work)
{
	const cJSON *applications = json_at(work->in->payload, "discount_applications");
	const cJSON *list =
		applications != NULL ? applications : json_at(work->in->payload, "discount_codes");
	size_t most = (size_t)cJSON_GetArraySize(list);
	const cJSON **views = arena_alloc(work->arena, (most + 1) * sizeof(*views));
	struct selection selection = {.items = views};
	struct codes found = {.work = work, .discounts = {.arena = work->arena}};
	const cJSON *item;

	if (views == NULL) {
		work_fail(work, "no memory");
		return select_none("no memory");
	}
	if (list != NULL)
		add_all(&found);
	cJSON_ArrayForEach (item, list) {
		struct discount *discount;
		cJSON *view;

		if (!is_code(item, applications != NULL))
			continue;
		discount = discount_of(&found, json_text(item, "code"));
		if (discount != NULL && discount->view != NULL)
			continue;
		view = work_overlay(work, work->in->payload);
		if (view == NULL || discount == NULL || !work_goes_on(work))
			return select_none("no memory");
		work_refer(work, view, "code", json_at(item, "code"));
		set_amount(work, view, discount);
		discount->view = view;
		views[selection.count++] = view;
	}
	return selection;
}

/* Every payload of a checkout with a step done emits its codes, not only the one that emits the
 * step: so the order of arrival does not matter. */
struct selection codes_of_checkout(struct work *work)
{
	return checkouts_progress(work).now > 0 ? codes(work) : select_none(NULL);
}

struct selection codes_of_order(struct work *work)
{
	return order_is_placed(work) ? codes(work) : select_none(NULL);
}

/* clang-format off */
#define COUPON_ROWS \
	{"coupon_id", "code", as_text, NULL, 0},    \
	{"coupon_name", "code", as_text, NULL, 0},  \
	{"coupon", "code", as_text, NULL, 0},       \
	{"discount", "amount", as_money, NULL, 0},  \
	{"cart_id", "cart_token", as_text, NULL, 0}
/* clang-format on */

const struct field order_coupon_properties[] = {
	{"order_id", ".", order_id, NULL, 0},
	{"order_name", "name", as_text, NULL, 0},
	{"checkout_id", "checkout_token", as_text, NULL, 0},
	{"checkoutId", "checkout_token", as_text, NULL, 0},
	COUPON_ROWS,
	{"currency", "currency", as_text, NULL, 0},
	{0},
};

const struct field checkout_coupon_properties[] = {
	{"checkout_id", "token", as_text, NULL, 0},
	{"checkoutId", "token", as_text, NULL, 0},
	COUPON_ROWS,
	{"currency", "presentment_currency|currency", as_text, NULL, 0},
	{0},
};
