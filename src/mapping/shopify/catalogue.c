/* The shop's products, as far as their topics have shown them (docs/events.md, Products).
 *
 * One record for each product, with what the lines of orders lack; VARIANTS_MAX limits its size. */
#include "mapping/shopify/catalogue.h"

#include "base/clock.h"
#include "base/json_index.h"
#include "mapping/recharge/recharge_common.h"

#include <string.h>

enum { VARIANTS_MAX = 250 };

/* A product that was looked up for this delivery; NULL value when there is no record. */
struct cached_product {
	const cJSON *value;
};

bool catalogue_handles(const struct work *work)
{
	return strncmp(work->in->delivery->topic, "products/", strlen("products/")) == 0;
}

/* ---- updating ---- */

/* Shopify gives this title to the only variant of a product without variants. */
static bool is_named(const char *title)
{
	return title != NULL && strcmp(title, "Default Title") != 0;
}

static void keep_variant(struct text *json, const cJSON *variant)
{
	const char *title = json_text(variant, "title");

	json_add_comma(json);
	json_add_string(json, json_text(variant, "id"));
	text_put(json, ":{");
	if (is_named(title))
		json_add_member(json, "title", title);
	json_add_member(json, "compare_at_price", json_text(variant, "compare_at_price"));
	text_put(json, "}");
}

static void keep_variants(struct work *work, struct text *json, const cJSON *stored)
{
	const cJSON *variants = json_at(work->in->payload, "variants");
	const cJSON *variant;
	int count = 0;

	json_add_key(json, "variants");
	if (variants == NULL && stored != NULL) {
		json_add_value(json, stored);
		return;
	}
	text_put(json, "{");
	cJSON_ArrayForEach (variant, variants) {
		bool has_value = is_named(json_text(variant, "title")) ||
				 json_text(variant, "compare_at_price") != NULL;

		if (has_value && json_text(variant, "id") != NULL && count++ < VARIANTS_MAX)
			keep_variant(json, variant);
	}
	text_put(json, "}");
}

/* An empty value does not replace a stored one. */
static void keep(struct work *work, struct text *json, const char *key, const char *value,
	const struct recalled *stored)
{
	json_add_member(json, key, work_cut(work, text_or(value, json_text(stored->value, key))));
}

/* The first image, in any version of the API. */
static const char *image_of(const cJSON *product)
{
	const cJSON *images = json_at(product, "images");
	const cJSON *media = json_at(product, "media");
	const char *image = json_text(product, "image.src");

	if (image == NULL && images != NULL)
		image = json_text(images->child, "src");
	if (image == NULL && media != NULL)
		image = json_text(media->child, "preview_image.src|src");
	return image;
}

static bool is_older(const struct work *work, const struct recalled *stored)
{
	int64_t stored_at = time_at(stored->value, "updated_at");
	int64_t update_at = time_at(work->in->payload, "updated_at");

	return stored_at != TIME_UNKNOWN && update_at != TIME_UNKNOWN && update_at < stored_at;
}

void catalogue_update(struct work *work)
{
	const char *id = topic_id(work->in->payload, work->in->topic->id);
	struct recalled stored = work_recall(work, "product", id);
	struct text json = {0};

	if (strcmp(work->in->delivery->topic, "products/delete") == 0) {
		if (stored.json != NULL)
			work_forget(work, "product", id);
		return;
	}
	if (is_older(work, &stored))
		return;
	text_put(&json, "{");
	keep(work, &json, "updated_at", json_text(work->in->payload, "updated_at"), &stored);
	keep(work, &json, "title", json_text(work->in->payload, "title"), &stored);
	keep(work, &json, "product_type", json_text(work->in->payload, "product_type"), &stored);
	keep(work, &json, "handle", json_text(work->in->payload, "handle"), &stored);
	keep(work, &json, "image", image_of(work->in->payload), &stored);
	keep_variants(work, &json, json_at(stored.value, "variants"));
	text_put(&json, "}");
	work_remember(work, "product", id, &json, stored.json);
	text_free(&json);
}

/* ---- looking up ---- */

const cJSON *catalogue_product(struct work *work, const cJSON *line)
{
	const char *id = json_text(line, "product_id|" RECHARGE_PRODUCT);
	struct cached_product *cached;
	void **place;

	if (id == NULL)
		return NULL;
	work->scratch.products.arena = work->arena;
	place = string_map_place(&work->scratch.products, id, strlen(id));
	if (place != NULL && *place != NULL)
		return ((struct cached_product *)*place)->value;
	cached = arena_alloc(work->arena, sizeof(*cached));
	if (cached == NULL || place == NULL) {
		work_fail(work, "no memory");
		return NULL;
	}
	cached->value = work_recall(work, "product", id).value;
	*place = cached;
	return cached->value;
}

const cJSON *catalogue_variant(struct work *work, const cJSON *line)
{
	const char *id = json_text(line, "variant_id|" RECHARGE_VARIANT);
	const cJSON *variants = json_at(catalogue_product(work, line), "variants");

	return id != NULL ? json_find(variants, id, strlen(id)) : NULL;
}
