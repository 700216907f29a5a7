/* The lines of a cart's snapshot: what the record keeps of them, and when two are equal. */
#include "mapping/shopify/cart_lines.h"

#include "mapping/fields.h"

#include <string.h>

enum {
	LINES_MAX = 500,        /* the most lines that Shopify allows a cart */
	PROPERTIES_MOST = 2000, /* bytes of a line's properties; more would be cut anyway */
	PROPERTIES_MAX = 250,
};

int64_t cart_line_count(const cJSON *line)
{
	const char *text = json_text(line, "quantity");
	struct money count = money_parse(text);

	return count.known && count.scale == 0 && count.units > 0 ? count.units : 0;
}

static const char *key_of(const cJSON *line)
{
	return json_text(line, "key|variant_id|id|title");
}

struct string_map cart_lines_by_key(struct work *work, const cJSON *lines)
{
	struct string_map map = {.arena = work->arena};
	const cJSON *line;

	cJSON_ArrayForEach (line, lines) {
		const char *key = key_of(line);

		if (key != NULL)
			(void)work_note(work, &map, key, line);
	}
	return map;
}

const cJSON *cart_line_like(const struct string_map *lines, const cJSON *line)
{
	const char *key = key_of(line);

	return key != NULL ? string_map_get(lines, key, strlen(key)) : NULL;
}

/* Whether the other list has each of the lines with the same quantity. */
static bool holds_all(const cJSON *lines, const struct string_map *others)
{
	const cJSON *line;

	cJSON_ArrayForEach (line, lines) {
		if (cart_line_count(cart_line_like(others, line)) != cart_line_count(line))
			return false;
	}
	return true;
}

bool cart_lines_are_same(struct work *work, const cJSON *a, const cJSON *b)
{
	struct string_map of_a = cart_lines_by_key(work, a);
	struct string_map of_b = cart_lines_by_key(work, b);

	return holds_all(a, &of_b) && holds_all(b, &of_a);
}

/* The members of a line that are stored: those that describe its product, and amounts in the shop's
 * currency. */
static const struct {
	const char *key;
	const char *path;
} line_keeps[] = {
	{"key", "key|variant_id|id"},
	{"product_id", "product_id"},
	{"variant_id", "variant_id|id"},
	{"sku", "sku"},
	{"title", "title"},
	{"vendor", "vendor"},
	{"quantity", "quantity"},
	{"price", "price_set.shop_money.amount|price|original_price"},
	{"line_price", "line_price_set.shop_money.amount|line_price"},
	{"total_discount", "total_discount_set.shop_money.amount|total_discount"},
	{"gift_card", "gift_card"},
};

/* The properties of a line, up to a limit: any visitor of the shop can invent them. */
static const cJSON *kept_properties(struct work *work, const cJSON *properties)
{
	cJSON *kept = work_object(work);
	size_t bytes = 0;
	size_t count = 0;
	const cJSON *item;

	if (!cJSON_IsObject(properties))
		return NULL;
	cJSON_ArrayForEach (item, properties) {
		const char *value = json_text(item, ".");

		if (item->string[0] == '_' || value == NULL)
			continue;
		bytes += strlen(item->string) + strlen(value);
		if (bytes > PROPERTIES_MOST || count++ == PROPERTIES_MAX)
			break;
		work_refer(work, kept, item->string, item);
	}
	return json_at(kept, ".");
}

static cJSON *kept_line(struct work *work, const cJSON *line)
{
	cJSON *kept = work_object(work);

	work_refer(work, kept, "properties", kept_properties(work, json_at(line, "properties")));

	for (size_t i = 0; i < sizeof(line_keeps) / sizeof(line_keeps[0]); i++)
		work_refer(work, kept, line_keeps[i].key, json_at(line, line_keeps[i].path));
	return kept;
}

/* Merges another line of the same key into a stored one. An amount that one of them lacks is not
 * known. */
static void add_line(struct work *work, cJSON *kept, const cJSON *line)
{
	static const char *const sums[] = {"quantity", "line_price", "total_discount"};

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		struct money sum = money_add(amount_at(kept, sums[i]), amount_at(line, sums[i]));
		struct text text = {0};

		if (!sum.known) {
			json_remove(kept, sums[i]);
			continue;
		}
		money_write(sum, &text);
		work_set(work, kept, sums[i], work_keep(work, &text));
	}
}

/* The lines of a snapshot. A line without a quantity is left out; two with one key are merged. */
cJSON *cart_lines_of(struct work *work)
{
	cJSON *lines = work_list(work);
	struct string_map by_key = {.arena = work->arena};
	const cJSON *line;
	int count = 0;

	cJSON_ArrayForEach (line, json_at(work->in->payload, "line_items")) {
		cJSON *kept;
		const cJSON *before;

		if (cart_line_count(line) == 0 || key_of(line) == NULL || count >= LINES_MAX)
			continue;
		kept = kept_line(work, line);
		before = cart_line_like(&by_key, kept);
		if (before != NULL) {
			add_line(work, (cJSON *)(uintptr_t)before, kept);
			continue;
		}
		work_append(work, lines, kept);
		if (!work_goes_on(work))
			break;
		if (key_of(kept) != NULL) /* the copy that the list has */
			(void)work_note(work, &by_key, key_of(kept), lines->child->prev);
		count++;
	}
	return lines;
}
