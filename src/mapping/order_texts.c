/* Texts that both an order's events and its record have: coupon codes and tags. */
#include "mapping/order_texts.h"

#include "mapping/joined.h"

#include <string.h>

/* Whether the text was joined from this value before; notes the value. */
static bool is_joined_from(struct made_once *joined, const cJSON *value)
{
	const void *from = value == NULL ? NULL : value->child;

	if (value != NULL && cJSON_IsString(value))
		from = value->valuestring;
	if (from != NULL && joined->from == from)
		return true;
	joined->from = from;
	return false;
}

/* A code has one application for each thing that it discounts: lines, shipping. discount_codes has
 * the titles of discounts without a code, too, so it is read only when there are no applications
 * (Shopify's reference of the order). */
const char *order_coupon(struct work *work, const cJSON *order)
{
	const cJSON *applications = json_at(order, "discount_applications");
	const cJSON *codes_only;
	const cJSON *item;
	struct joined codes = {.arena = work->arena};

	codes_only = applications == NULL ? json_at(order, "discount_codes") : NULL;
	if (is_joined_from(&work->scratch.coupon, applications != NULL ? applications : codes_only))
		return work->scratch.coupon.text;
	cJSON_ArrayForEach (item, applications) {
		const char *type = json_text(item, "type");
		const char *code = json_text(item, "code");

		if (type != NULL && strcmp(type, "discount_code") == 0 && code != NULL)
			joined_add(&codes, code, strlen(code));
	}
	cJSON_ArrayForEach (item, codes_only) {
		const char *code = json_text(item, "code");

		if (code != NULL)
			joined_add(&codes, code, strlen(code));
	}
	work->scratch.coupon.text = work_keep(work, &codes.text);
	return work->scratch.coupon.text;
}

const char *order_affiliation(struct work *work, const cJSON *order)
{
	const cJSON *value = json_at(order, "tags");
	const char *tags = json_text(value, ".");
	struct joined joined = {.arena = work->arena};

	if (is_joined_from(&work->scratch.affiliation, value))
		return work->scratch.affiliation.text;
	while (tags != NULL && *tags != '\0' && !joined_is_full(&joined)) {
		size_t length;

		tags += strspn(tags, ", ");
		length = strcspn(tags, ",");
		joined_add(&joined, tags, length);
		tags += length;
	}
	if (joined.text.length == 0)
		text_put(&joined.text, "Shopify");
	work->scratch.affiliation.text = work_keep(work, &joined.text);
	return work->scratch.affiliation.text;
}
