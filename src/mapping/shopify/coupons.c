/* Coupon Applied (docs/events.md, Coupon Applied). */
#include "mapping/rules.h"

#include "base/steps.h"
#include "mapping/shopify/checkouts.h"

#include <string.h>

/* The applications of an order, by their index. */
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

/* A code, and the sum of what was found that it took off. */
struct discount {
	const cJSON *view; /* the payload with the code; NULL before it is told */
	struct money sum;
	bool found;
	bool is_listed; /* found by the list of codes */
};

/* All codes of a payload, by their names. */
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
	/* what the lines tell counts first */
	if (is_listed && discount->found && !discount->is_listed)
		return;
	discount->sum = money_add(discount->sum, amount_at(item, "amount"));
	discount->found = true;
	discount->is_listed = is_listed;
}

/* What each code took off each line; of shipping that was removed it took nothing. */
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

/* What the codes took off: by the lines, whose amounts are certainly the shop's; by the list of
 * codes, which does not say in which currency it is, where the lines do not tell. */
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

/* discount_codes lists titles of automatic discounts, too; where there are applications, they say
 * what is a code. */
static bool is_code(const cJSON *item, bool is_application)
{
	const char *type = json_text(item, "type");

	if (json_text(item, "code") == NULL)
		return false;
	return !is_application || (type != NULL && strcmp(type, "discount_code") == 0);
}

/* The payload once for each code, with `code` and `amount`. */
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

/* With any payload of a checkout that has a step done, whichever told the step: so it does not
 * matter in which order they come. */
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
