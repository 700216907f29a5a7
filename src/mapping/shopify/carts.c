/* Product Added, Product Removed (docs/events.md, Carts).
 *
 * A cart webhook is a snapshot of the whole cart. The record has the lines of the newest snapshot,
 * and the lines that were emitted last. When the cart has not changed for cart_settle, a timer
 * emits the difference. */
#include "mapping/shopify/carts.h"

#include "base/clock.h"
#include "mapping/identity/identity.h"
#include "mapping/rules.h"
#include "mapping/shopify/cart_lines.h"

#include <inttypes.h>
#include <string.h>

/* A cart that keeps changing is emitted after this time. */
static const int64_t SETTLE_MOST = MINUTE;

/* ---- a snapshot ---- */

/* The record of a cart. Times in ms since 1970 are the relay's, texts are Shopify's. */
struct cart {
	const char *updated_at; /* of the newest snapshot */
	const char *changed_at; /* of the snapshot that changed the lines */
	const char *emitted_at; /* of the snapshot that was emitted last */
	const char *currency;
	const cJSON *lines;   /* of the newest snapshot */
	const cJSON *emitted; /* as they were emitted last */
	int64_t since;        /* when the first change that was not emitted arrived, 0 for none */
};

static struct cart read_cart(const cJSON *record)
{
	return (struct cart){
		.updated_at = json_text(record, "updated_at"),
		.changed_at = json_text(record, "changed_at"),
		.emitted_at = json_text(record, "emitted_at"),
		.currency = json_text(record, "currency"),
		.lines = json_at(record, "lines"),
		.emitted = json_at(record, "emitted"),
		.since = work_milliseconds(record, "since"),
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
	const char *token = topic_id(work->in->payload, work->in->topic->cart);
	struct text json = {0};

	text_put(&json, "{");
	json_add_member(&json, "token", token);
	json_add_member(&json, "updated_at", cart->updated_at);
	json_add_member(&json, "changed_at", cart->changed_at);
	json_add_member(&json, "emitted_at", cart->emitted_at);
	json_add_member(&json, "currency", cart->currency);
	if (cart->since != 0)
		json_add_number(&json, "since", cart->since);
	write_lines(&json, "lines", cart->lines);
	write_lines(&json, "emitted", cart->emitted);
	text_put(&json, "}");
	work_remember(work, "cart", token, &json, before->json);
	text_free(&json);
}

bool carts_is_snapshot(const struct work *work)
{
	return strncmp(work->in->delivery->topic, "carts/", strlen("carts/")) == 0;
}

static void set_timer(struct work *work, int64_t due)
{
	work_set_timer(work, "cart", topic_id(work->in->payload, work->in->topic->cart), due);
}

/* The record of a cart that is older than cart_ttl has expired: the cart was emitted before. */
static bool has_expired(const struct work *work, const struct recalled *stored)
{
	int64_t created = time_at(work->in->payload, "created_at");
	int64_t updated = time_at(work->in->payload, "updated_at");

	return stored->value == NULL && created != TIME_UNKNOWN && updated != TIME_UNKNOWN &&
	       updated - created > work->in->shop->cart_ttl;
}

/* An older snapshot with the lines of the newest one shows when the lines changed; the rest of it
 * is not used. */
static void update_older(
	struct work *work, struct cart *cart, const cJSON *lines, const struct recalled *stored)
{
	int64_t updated = time_at(work->in->payload, "updated_at");

	if (cart->since == 0 || !cart_lines_are_same(work, lines, cart->lines) ||
		updated >= time_parse(cart->changed_at) ||
		(cart->emitted_at != NULL && updated <= time_parse(cart->emitted_at)))
		return;
	cart->changed_at = json_text(work->in->payload, "updated_at");
	remember(work, cart, stored);
}

/* The time of the payload, or else of the webhook. */
static const char *time_of_snapshot(struct work *work)
{
	const char *time = time_like(json_text(work->in->payload, "updated_at"));
	char now[TIME_TEXT];

	if (time != NULL || work->in->delivery->triggered_at != NULL)
		return time != NULL ? time : work->in->delivery->triggered_at;
	time_format(work->in->delivery->received, now);
	return work_copy(work, now);
}

static void update_newer(
	struct work *work, struct cart *cart, const cJSON *lines, const struct recalled *stored)
{
	static const char path[] = "price_set.shop_money.currency_code";
	int64_t now = work->in->delivery->received;
	const cJSON *items = json_at(work->in->payload, "line_items");
	const char *currency = items != NULL ? json_text(items->child, path) : NULL;
	bool is_changed = !cart_lines_are_same(work, lines, cart->lines);

	cart->updated_at = time_of_snapshot(work);
	if (currency != NULL)
		cart->currency = currency;
	if (is_changed || cart->changed_at == NULL)
		cart->changed_at = cart->updated_at;
	cart->lines = lines;
	if (has_expired(work, stored))
		cart->emitted = lines;
	if (cart_lines_are_same(work, lines, cart->emitted)) {
		cart->since = 0;
		set_timer(work, TIME_UNKNOWN);
	} else if (is_changed) {
		int64_t due = now + work->in->shop->cart_settle;

		if (cart->since == 0)
			cart->since = now;
		set_timer(work, due < cart->since + SETTLE_MOST ? due : cart->since + SETTLE_MOST);
	}
	remember(work, cart, stored);
}

/* Whether the change came after the cart's order: then the buyer did not make it. */
static bool is_past_order(struct work *work)
{
	int64_t updated = time_at(work->in->payload, "updated_at");
	int64_t ordered;

	ordered = time_parse(
		identity_ordered_at(work, topic_id(work->in->payload, work->in->topic->cart)));
	return ordered != TIME_UNKNOWN && updated != TIME_UNKNOWN && updated > ordered;
}

void carts_update(struct work *work)
{
	const char *token = topic_id(work->in->payload, work->in->topic->cart);
	struct recalled stored = work_recall(work, "cart", token);
	struct cart cart = read_cart(stored.value);
	const cJSON *lines = cart_lines_of(work);
	int64_t newest = time_parse(cart.updated_at);
	int64_t updated = time_at(work->in->payload, "updated_at");

	if (work->failed || is_past_order(work))
		return;
	if (newest != TIME_UNKNOWN && updated != TIME_UNKNOWN && updated < newest)
		update_older(work, &cart, lines, &stored);
	else
		update_newer(work, &cart, lines, &stored);
}

void carts_mark_emitted(struct work *work)
{
	struct recalled stored = {.value = work->in->payload};
	struct cart cart = read_cart(work->in->payload);

	cart.emitted = cart.lines;
	cart.emitted_at = cart.updated_at;
	cart.since = 0;
	remember(work, &cart, &stored);
}

/* ---- what the timer emits ---- */

/* A view of a line whose quantity changed by `change`. */
static const cJSON *changed_line(struct work *work, const cJSON *line, int64_t change, int64_t left)
{
	cJSON *view = work_overlay(work, line);
	struct text number = {0};

	/* the discount of the whole line is not that of a part */
	if (view != NULL && change != cart_line_count(line))
		work_hide(work, view, "total_discount");
	text_number(&number, (uint64_t)change, 1);
	work_set(work, view, "quantity", work_keep(work, &number));
	text_number(&number, (uint64_t)left, 1);
	work_set(work, view, "new_quantity", work_keep(work, &number));
	work_refer(work, view, "token", json_at(work->in->payload, "token"));
	work_refer(work, view, "changed_at", json_at(work->in->payload, "changed_at"));
	return view;
}

/* The lines of `lines` with a higher quantity than in `others`, each with the difference. With
 * `gains`, `lines` are those of the cart now, otherwise those before. */
static struct selection differences(
	struct work *work, const cJSON *lines, const cJSON *others, bool gains)
{
	size_t most = (size_t)cJSON_GetArraySize(lines);
	const cJSON **views = arena_alloc(work->arena, (most + 1) * sizeof(*views));
	struct selection selection = {.items = views};
	struct string_map by_key = cart_lines_by_key(work, others);
	const cJSON *line;

	if (views == NULL) {
		work_fail(work, "no memory");
		return select_none("no memory");
	}
	cJSON_ArrayForEach (line, lines) {
		int64_t here = cart_line_count(line);
		int64_t there = cart_line_count(cart_line_like(&by_key, line));

		if (here > there && work_goes_on(work))
			views[selection.count++] =
				changed_line(work, line, here - there, gains ? here : there);
	}
	return selection;
}

struct selection lines_added(struct work *work)
{
	return differences(work, json_at(work->in->payload, "lines"),
		json_at(work->in->payload, "emitted"), true);
}

/* An order empties its cart: its lines were bought, not removed. */
struct selection lines_removed(struct work *work)
{
	if (identity_order(work) != NULL)
		return select_none("the cart became an order");
	return differences(work, json_at(work->in->payload, "emitted"),
		json_at(work->in->payload, "lines"), false);
}
