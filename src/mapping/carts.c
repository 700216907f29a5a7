/* Product Added, Product Removed (docs/events.md, Carts).
 *
 * A cart webhook is a snapshot of the whole cart. The record holds the newest snapshot's lines and
 * the lines as they were told last; when the cart has rested, a timer tells the difference. */
#include "mapping/carts.h"

#include "base/clock.h"
#include "mapping/links.h"
#include "mapping/rules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINES_MAX = 500,        /* as many as Shopify allows a cart */
	PROPERTIES_MOST = 2000, /* bytes of a line's, of which so many would be cut anyway */
	SETTLE_MOST = MINUTE,   /* so long a cart may keep changing until it is told */
};

/* ---- lines ---- */

static int64_t count_of(const cJSON *line)
{
	const char *text = json_text(line, "quantity");
	struct money count = money_parse(text);

	return count.known && count.scale == 0 && count.units > 0 ? count.units : 0;
}

static const char *key_of(const cJSON *line)
{
	return json_text(line, "key|variant_id|id|title");
}

/* The line with the same key as `line`, NULL for none. */
static const cJSON *same_line(const cJSON *lines, const cJSON *line)
{
	const char *key = key_of(line);
	const cJSON *other;

	cJSON_ArrayForEach (other, lines) {
		const char *other_key = key_of(other);

		if (key != NULL && other_key != NULL && strcmp(key, other_key) == 0)
			return other;
	}
	return NULL;
}

/* Whether each line of `a` is in `b` with the same quantity. */
static bool holds_all(const cJSON *a, const cJSON *b)
{
	const cJSON *line;

	cJSON_ArrayForEach (line, a) {
		if (count_of(same_line(b, line)) != count_of(line))
			return false;
	}
	return true;
}

static bool are_same(const cJSON *a, const cJSON *b)
{
	return holds_all(a, b) && holds_all(b, a);
}

/* ---- a snapshot ---- */

/* What is kept of a line: what its product is told by, amounts in the shop's currency. */
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

/* What the buyer entered, as far as it could be told: any visitor of the shop can make this up. */
static const cJSON *kept_properties(struct work *work, const cJSON *properties)
{
	cJSON *kept = work_object(work);
	size_t bytes = 0;
	const cJSON *item;

	if (!cJSON_IsObject(properties))
		return NULL;
	cJSON_ArrayForEach (item, properties) {
		const char *value = json_text(item, ".");

		if (item->string[0] == '_' || value == NULL)
			continue;
		bytes += strlen(item->string) + strlen(value);
		if (bytes > PROPERTIES_MOST)
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

/* The lines of a snapshot. One without a quantity is none; two of one key are one. */
static cJSON *kept_lines(struct work *work)
{
	cJSON *lines = work_list(work);
	const cJSON *line;
	int count = 0;

	cJSON_ArrayForEach (line, json_at(work->payload, "line_items")) {
		cJSON *kept;
		const cJSON *before;

		if (count_of(line) == 0 || key_of(line) == NULL || count >= LINES_MAX)
			continue;
		kept = kept_line(work, line);
		before = same_line(lines, kept);
		if (before != NULL) {
			struct text sum = {0};

			text_number(&sum, (uint64_t)(count_of(before) + count_of(kept)), 1);
			work_set(work, (cJSON *)(uintptr_t)before, "quantity",
				work_keep(work, &sum));
			continue;
		}
		work_append(work, lines, kept);
		count++;
	}
	return lines;
}

/* What is remembered of a cart. Times in ms since 1970 are ours, texts are Shopify's. */
struct cart {
	const char *updated_at; /* of the newest snapshot */
	const char *changed_at; /* of the snapshot that brought these lines */
	const char *told_at;    /* of the snapshot that was told last */
	const char *currency;
	const cJSON *lines; /* of the newest snapshot */
	const cJSON *told;  /* as they were told last */
	int64_t since;      /* when the first change came that is not told yet, 0 for none */
};

static struct cart read_cart(const cJSON *record)
{
	const char *since = json_text(record, "since");

	return (struct cart){
		.updated_at = json_text(record, "updated_at"),
		.changed_at = json_text(record, "changed_at"),
		.told_at = json_text(record, "told_at"),
		.currency = json_text(record, "currency"),
		.lines = json_at(record, "lines"),
		.told = json_at(record, "told"),
		.since = since != NULL ? strtoll(since, NULL, 10) : 0,
	};
}

static void write_lines(struct text *json, const char *key, const cJSON *lines)
{
	if (lines == NULL || lines->child == NULL)
		return;
	json_add_key(json, key);
	json_add_value(json, lines);
}

static void remember(struct work *work, const struct cart *cart, const struct recalled *before)
{
	const char *token = topic_id(work->payload, work->topic->cart);
	struct text json = {0};

	text_put(&json, "{");
	json_add_member(&json, "token", token);
	json_add_member(&json, "updated_at", cart->updated_at);
	json_add_member(&json, "changed_at", cart->changed_at);
	json_add_member(&json, "told_at", cart->told_at);
	json_add_member(&json, "currency", cart->currency);
	if (cart->since != 0)
		json_add_number(&json, "since", cart->since);
	write_lines(&json, "lines", cart->lines);
	write_lines(&json, "told", cart->told);
	text_put(&json, "}");
	work_remember(work, "cart", token, &json, before->json);
	text_free(&json);
}

bool carts_is_snapshot(const struct work *work)
{
	return strncmp(work->delivery->topic, "carts/", strlen("carts/")) == 0;
}

static void set_timer(struct work *work, int64_t due)
{
	const char *token = topic_id(work->payload, work->topic->cart);

	if (!work->failed &&
		work->memory->set_timer(work->memory->context, "cart", token, due) != 0)
		work_fail(work, "a timer cannot be set");
}

/* A cart that is older than what is remembered at all was told before, and forgotten since. */
static bool was_forgotten(const struct work *work, const struct recalled *known)
{
	int64_t created = time_at(work->payload, "created_at");
	int64_t updated = time_at(work->payload, "updated_at");

	return known->value == NULL && created != TIME_UNKNOWN && updated != TIME_UNKNOWN &&
	       updated - created > work->shop->cart_ttl;
}

/* An older snapshot with the lines of the newest one tells when they were changed; nothing else of
 * it is news. */
static void learn_older(
	struct work *work, struct cart *cart, const cJSON *lines, const struct recalled *known)
{
	int64_t updated = time_at(work->payload, "updated_at");

	if (cart->since == 0 || !are_same(lines, cart->lines) ||
		updated >= time_parse(cart->changed_at) ||
		(cart->told_at != NULL && updated <= time_parse(cart->told_at)))
		return;
	cart->changed_at = json_text(work->payload, "updated_at");
	remember(work, cart, known);
}

/* Without the payload's time, that of the webhook. */
static const char *time_of_snapshot(struct work *work)
{
	const char *time = json_text(work->payload, "updated_at");
	char now[TIME_TEXT];

	if (time != NULL || work->delivery->triggered_at != NULL)
		return time != NULL ? time : work->delivery->triggered_at;
	time_format(work->delivery->received, now);
	return work_copy(work, now);
}

static void learn_newer(
	struct work *work, struct cart *cart, const cJSON *lines, const struct recalled *known)
{
	static const char path[] = "price_set.shop_money.currency_code";
	int64_t now = work->delivery->received;
	const cJSON *items = json_at(work->payload, "line_items");
	const char *currency = items != NULL ? json_text(items->child, path) : NULL;
	bool is_changed = !are_same(lines, cart->lines);

	cart->updated_at = time_of_snapshot(work);
	if (currency != NULL)
		cart->currency = currency;
	if (is_changed || cart->changed_at == NULL)
		cart->changed_at = cart->updated_at;
	cart->lines = lines;
	if (was_forgotten(work, known))
		cart->told = lines;
	if (are_same(lines, cart->told)) {
		cart->since = 0;
		set_timer(work, TIME_UNKNOWN);
	} else if (is_changed) {
		int64_t due = now + work->shop->cart_settle;

		if (cart->since == 0)
			cart->since = now;
		set_timer(work, due < cart->since + SETTLE_MOST ? due : cart->since + SETTLE_MOST);
	}
	remember(work, cart, known);
}

/* What becomes of a cart after its order is no change of the buyer's. */
static bool is_past_order(struct work *work)
{
	int64_t updated = time_at(work->payload, "updated_at");
	int64_t ordered;

	work->cart_id = topic_id(work->payload, work->topic->cart);
	links_recall(work);
	ordered = time_parse(links_ordered_at(work));
	return ordered != TIME_UNKNOWN && updated != TIME_UNKNOWN && updated > ordered;
}

void carts_learn(struct work *work)
{
	const char *token = topic_id(work->payload, work->topic->cart);
	struct recalled known = work_recall(work, "cart", token);
	struct cart cart = read_cart(known.value);
	const cJSON *lines = kept_lines(work);
	int64_t newest = time_parse(cart.updated_at);
	int64_t updated = time_at(work->payload, "updated_at");

	if (work->failed || is_past_order(work))
		return;
	if (newest != TIME_UNKNOWN && updated != TIME_UNKNOWN && updated < newest)
		learn_older(work, &cart, lines, &known);
	else
		learn_newer(work, &cart, lines, &known);
}

void carts_settle(struct work *work)
{
	struct recalled known = {.value = work->payload};
	struct cart cart = read_cart(work->payload);

	cart.told = cart.lines;
	cart.told_at = cart.updated_at;
	cart.since = 0;
	remember(work, &cart, &known);
}

/* ---- what is told, once the timer came ---- */

/* A line whose quantity changed by `change`: as it is, but for that. */
static const cJSON *changed_line(struct work *work, const cJSON *line, int64_t change, int64_t left)
{
	cJSON *view = work_view(work, line);
	struct text number = {0};

	/* what is said of the whole line says nothing of a part */
	if (view != NULL && change != count_of(line))
		json_remove(view, "total_discount");
	text_number(&number, (uint64_t)change, 1);
	work_set(work, view, "quantity", work_keep(work, &number));
	text_number(&number, (uint64_t)left, 1);
	work_set(work, view, "new_quantity", work_keep(work, &number));
	work_set(work, view, "token", json_text(work->payload, "token"));
	work_set(work, view, "changed_at", json_text(work->payload, "changed_at"));
	return view;
}

/* The lines of `lines` that have more than in `others`, by how much more. With `gains` they are
 * what the cart has now, else what it had. */
static struct subjects differences(
	struct work *work, const cJSON *lines, const cJSON *others, bool gains)
{
	size_t most = (size_t)cJSON_GetArraySize(lines);
	const cJSON **views = arena_alloc(work->arena, (most + 1) * sizeof(*views));
	struct subjects subjects = {.items = views};
	const cJSON *line;

	if (views == NULL) {
		work_fail(work, "no memory");
		return silent("no memory");
	}
	cJSON_ArrayForEach (line, lines) {
		int64_t here = count_of(line);
		int64_t there = count_of(same_line(others, line));

		if (here > there && !work->failed)
			views[subjects.count++] =
				changed_line(work, line, here - there, gains ? here : there);
	}
	return subjects;
}

struct subjects lines_added(struct work *work)
{
	return differences(
		work, json_at(work->payload, "lines"), json_at(work->payload, "told"), true);
}

/* An order ends its cart: what leaves it then was bought. */
struct subjects lines_removed(struct work *work)
{
	if (links_order(work) != NULL)
		return silent("the cart became an order");
	return differences(
		work, json_at(work->payload, "told"), json_at(work->payload, "lines"), false);
}
