/* Coupon Applied (docs/events.md, Coupons). */
#include "mapping/rules.h"

#include <string.h>

/* A sum of what was found. */
struct taken {
	struct money sum;
	bool found;
};

static void take(struct taken *taken, const cJSON *item)
{
	if (json_at(item, "amount") == NULL)
		return;
	taken->sum = money_add(taken->sum, amount_at(item, "amount"));
	taken->found = true;
}

/* What a code took off each line; of shipping that was removed it took nothing. */
static void take_allocations(
	const struct work *work, const char *list, const char *code, struct taken *taken)
{
	const cJSON *line;
	const cJSON *item;

	cJSON_ArrayForEach (line, json_at(work->payload, list)) {
		if (json_is_true(line, "is_removed"))
			continue;
		cJSON_ArrayForEach (item, json_at(line, "discount_allocations")) {
			const char *name = json_text(application_of(work->payload, item), "code");

			if (name != NULL && strcmp(name, code) == 0)
				take(taken, item);
		}
	}
}

/* The same by the list of codes. */
static void take_listed(const struct work *work, const char *code, struct taken *taken)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, json_at(work->payload, "discount_codes")) {
		const char *name = json_text(item, "code");

		if (name != NULL && strcmp(name, code) == 0)
			take(taken, item);
	}
}

/* What a code took off: by the lines, whose amounts are certainly the shop's; by the list of codes,
 * which does not say in which currency it is, where the lines do not tell. */
static void set_amount(struct work *work, cJSON *view, const char *code)
{
	struct taken taken = {.sum = MONEY_ZERO};
	struct text amount = {0};

	take_allocations(work, "line_items", code, &taken);
	take_allocations(work, "shipping_lines", code, &taken);
	if (!taken.found)
		take_listed(work, code, &taken);
	if (!taken.sum.known)
		work_unreadable(work, "discount");
	if (!taken.found || !taken.sum.known)
		return;
	money_write(taken.sum, &amount);
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

/* Whether one of the views is of the code already. */
static bool is_among(const struct subjects *subjects, const char *code)
{
	for (size_t i = 0; i < subjects->count; i++)
		if (strcmp(json_text(subjects->items[i], "code"), code) == 0)
			return true;
	return false;
}

/* The payload once for each code, with `code` and `amount`. */
static struct subjects codes(struct work *work)
{
	const cJSON *applications = json_at(work->payload, "discount_applications");
	const cJSON *list =
		applications != NULL ? applications : json_at(work->payload, "discount_codes");
	size_t most = (size_t)cJSON_GetArraySize(list);
	const cJSON **views = arena_alloc(work->arena, (most + 1) * sizeof(*views));
	struct subjects subjects = {.items = views};
	const cJSON *item;

	if (views == NULL) {
		work_fail(work, "no memory");
		return silent("no memory");
	}
	cJSON_ArrayForEach (item, list) {
		const char *code = json_text(item, "code");
		cJSON *view;

		if (!is_code(item, applications != NULL) || is_among(&subjects, code))
			continue;
		view = work_view(work, work->payload);
		work_set(work, view, "code", code);
		set_amount(work, view, code);
		if (work->failed)
			return silent("no memory");
		views[subjects.count++] = view;
	}
	return subjects;
}

/* With any payload of a checkout that has a step done, whichever told the step: so it does not
 * matter in which order they come. */
struct subjects codes_of_checkout(struct work *work)
{
	return work->progress.now > 0 ? codes(work) : silent(NULL);
}

struct subjects codes_of_order(struct work *work)
{
	return order_is_placed(work) ? codes(work) : silent(NULL);
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
