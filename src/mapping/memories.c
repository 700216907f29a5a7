/* What the relay learns from a delivery and knows when the next one comes: orders and customers. */
#include "mapping/memories.h"

#include "base/clock.h"
#include "mapping/people.h"

#include <string.h>

/* ---- an order's texts ---- */

static void add_joined(struct text *joined, const char *value, size_t length)
{
	if (length == 0)
		return;
	if (joined->length > 0)
		text_put(joined, ",");
	text_add(joined, value, length);
}

static const char *keep_text(struct work *work, struct text *text)
{
	const char *kept = text->length > 0 ? work_copy(work, text_string(text)) : NULL;

	if (text->failed)
		work_fail(work, "no memory");
	text_free(text);
	return kept;
}

/* discount_codes also lists the titles of discounts without a code, so it serves only where the
 * applications are not there (Shopify's reference of the order). */
const char *order_coupon(struct work *work, const cJSON *order)
{
	const cJSON *applications = json_at(order, "discount_applications");
	const cJSON *codes_only;
	const cJSON *item;
	struct text codes = {0};

	cJSON_ArrayForEach (item, applications) {
		const char *type = json_text(item, "type");
		const char *code = json_text(item, "code");

		if (type != NULL && strcmp(type, "discount_code") == 0 && code != NULL)
			add_joined(&codes, code, strlen(code));
	}
	codes_only = applications == NULL ? json_at(order, "discount_codes") : NULL;
	cJSON_ArrayForEach (item, codes_only) {
		const char *code = json_text(item, "code");

		if (code != NULL)
			add_joined(&codes, code, strlen(code));
	}
	return keep_text(work, &codes);
}

const char *order_affiliation(struct work *work, const cJSON *order)
{
	const char *tags = json_text(order, "tags");
	struct text joined = {0};

	while (tags != NULL && *tags != '\0') {
		size_t length;

		tags += strspn(tags, ", ");
		length = strcspn(tags, ",");
		add_joined(&joined, tags, length);
		tags += length;
	}
	if (joined.length == 0)
		text_put(&joined, "Shopify");
	return keep_text(work, &joined);
}

/* ---- the customer ---- */

/* What is kept of a customer: what the traits are made of, in Shopify's own shape. */
static const char *const customer_keeps[] = {"updated_at", "email", "phone", "first_name",
	"last_name", "created_at", "note", "state", "verified_email", "total_spent", "orders_count",
	"tags", "marketing_opt_in_level", NULL};
static const char *const address_keeps[] = {
	"address1", "address2", "city", "province", "zip", "country", NULL};
static const char *const consent_keeps[] = {"state", "opt_in_level", NULL};

static const struct {
	const char *key;
	const char *const *keeps;
} customer_objects[] = {
	{"default_address", address_keeps},
	{"email_marketing_consent", consent_keeps},
	{"sms_marketing_consent", consent_keeps},
};

/* Two objects that speak of the same thing; what the newer one says counts first. */
struct sources {
	const cJSON *newer;
	const cJSON *older;
};

static const cJSON *said(const struct sources *sources, const char *key)
{
	const cJSON *value = json_at(sources->newer, key);

	return value != NULL ? value : json_at(sources->older, key);
}

static void refer(struct work *work, cJSON *object, const char *key, const cJSON *value)
{
	if (value != NULL && json_refer(work->arena, object, key, value) != 0)
		work_fail(work, "no memory");
}

/* Collects what the sources say about the keys, texts and flags only. */
static void collect(
	struct work *work, cJSON *object, const struct sources *sources, const char *const *keeps)
{
	for (; *keeps != NULL; keeps++) {
		const cJSON *value = said(sources, *keeps);

		if (cJSON_IsString(value) || cJSON_IsBool(value))
			refer(work, object, *keeps, value);
	}
}

/* An address is one thing: a newer one replaces all of the older. */
static void collect_objects(struct work *work, cJSON *object, const struct sources *sources)
{
	for (size_t i = 0; i < sizeof(customer_objects) / sizeof(customer_objects[0]); i++) {
		struct sources part = {.newer = said(sources, customer_objects[i].key)};
		cJSON *collected = cJSON_IsObject(part.newer) ? json_object(work->arena) : NULL;

		if (collected == NULL)
			continue;
		collect(work, collected, &part, customer_objects[i].keeps);
		refer(work, object, customer_objects[i].key, collected);
	}
}

/* Whether what is known is of a later state than the payload's object. */
static bool known_is_newer(const struct work *work, const cJSON *customer)
{
	int64_t known = time_parse(json_text(work->known, "updated_at"));
	int64_t told = time_parse(json_text(customer, "updated_at"));

	return known != TIME_UNKNOWN && told != TIME_UNKNOWN && known > told;
}

/* Joins what is known with what the payload says; the later one wins where both say something, and
 * what says nothing never overwrites what is known. */
static void join_customer(struct work *work, const cJSON *customer)
{
	static const char consent[] = "buyer_accepts_marketing";
	struct sources sources = {.newer = customer, .older = work->known};
	const cJSON *order_consent = people_is_order(work) ? json_at(work->payload, consent) : NULL;

	if (known_is_newer(work, customer))
		sources = (struct sources){.newer = work->known, .older = customer};
	work->customer = json_object(work->arena);
	if (work->customer == NULL) {
		work_fail(work, "no memory");
		return;
	}
	if (json_put_string(work->arena, work->customer, "id", work->person.customer_id) != 0)
		work_fail(work, "no memory");
	collect(work, work->customer, &sources, customer_keeps);
	collect_objects(work, work->customer, &sources);
	if (order_consent == NULL)
		order_consent = json_at(work->known, consent);
	refer(work, work->customer, consent, order_consent);
}

void memories_recall(struct work *work)
{
	const cJSON *customer = people_customer(work);
	const char *order = people_order(work);

	if (order != NULL)
		work->order = work_recall(work, "order", order, &work->order_json);
	work->person.customer_id =
		people_first(json_text(customer, "id"), json_text(work->order, "customer_id"));
	if (work->person.customer_id != NULL) {
		work->known =
			work_recall(work, "customer", work->person.customer_id, &work->known_json);
		join_customer(work, customer);
	}
	people_find(work);
}

/* ---- remembering ---- */

/* Whether Customer Enabled was told since the customer was last seen in another state. */
static bool enabled_stays_told(const struct work *work)
{
	const char *state = json_text(work->customer, "state");
	bool told = work->enabled_told || json_is_true(work->known, "enabled_told");

	return told && state != NULL && strcmp(state, "enabled") == 0;
}

static void remember_customer(struct work *work)
{
	const char *identified =
		people_first(work->identified, json_text(work->known, "identified"));
	struct text json = {0};

	json_add_value(&json, work->customer);
	text_cut(&json, json.length - 1);
	if (enabled_stays_told(work))
		json_add_flag(&json, "enabled_told", true);
	json_add_member(&json, "identified", identified);
	text_put(&json, "}");
	work_remember(work, "customer", work->person.customer_id, &json, work->known_json);
	text_free(&json);
}

/* Keeps what the payload says under a path, else what is known. */
static void keep(struct work *work, struct text *json, const char *key, const char *path)
{
	json_add_member(json, key,
		people_first(json_text(work->payload, path), json_text(work->order, key)));
}

static void keep_flag(struct work *work, struct text *json, const char *key)
{
	if (json_is_true(work->payload, key) || json_is_true(work->order, key))
		json_add_flag(json, key, true);
}

/* The browser's id, not a made-up one: that is made again from the same token. */
static void keep_people(struct work *work, struct text *json)
{
	json_add_member(json, "customer_id", work->person.customer_id);
	json_add_member(json, "anonymous_id", people_browser_id(work));
	json_add_member(json, "google_client_id", work->person.google_client_id);
	json_add_member(json, "google_session_id", work->person.google_session_id);
}

/* What later refunds and fulfilments need of their order. */
static void keep_order(struct work *work, struct text *json)
{
	keep(work, json, "name", "name");
	keep(work, json, "order_number", "order_number");
	keep(work, json, "email", "email|contact_email|customer.email");
	keep(work, json, "currency", "currency");
	keep(work, json, "presentment_currency", "presentment_currency");
	keep(work, json, "total_price", "total_price|total_price_set.shop_money.amount");
	keep(work, json, "presentment_total", "total_price_set.presentment_money.amount");
	keep(work, json, "cart_token", "cart_token");
	keep(work, json, "checkout_token", "checkout_token");
	keep_flag(work, json, "taxes_included");
	keep_flag(work, json, "test");
	json_add_member(json, "coupon",
		people_first(order_coupon(work, work->payload), json_text(work->order, "coupon")));
	json_add_member(json, "affiliation", order_affiliation(work, work->payload));
}

static void keep_refunds(struct work *work, struct text *json)
{
	const cJSON *refunds = json_at(work->order, "refunds");
	const char *id = work->refund_total != NULL ? json_text(work->payload, "id") : NULL;
	const cJSON *refund;

	if (refunds == NULL && id == NULL)
		return;
	json_add_key(json, "refunds");
	text_put(json, "{");
	cJSON_ArrayForEach (refund, refunds) {
		if (id == NULL || strcmp(refund->string, id) != 0)
			json_add_member(json, refund->string, json_text(refund, "."));
	}
	if (id != NULL)
		json_add_member(json, id, work->refund_total);
	text_put(json, "}");
}

/* A refund that comes before its order is kept, too: the order joins it later. */
static void remember_order(struct work *work)
{
	struct text json = {0};
	const cJSON *member;

	text_put(&json, "{");
	if (people_is_order(work)) {
		keep_people(work, &json);
		keep_order(work, &json);
	} else {
		cJSON_ArrayForEach (member, work->order) {
			if (strcmp(member->string, "refunds") == 0)
				continue;
			json_add_key(&json, member->string);
			json_add_value(&json, member);
		}
	}
	keep_refunds(work, &json);
	text_put(&json, "}");
	if (json.length > 2)
		work_remember(work, "order", people_order(work), &json, work->order_json);
	text_free(&json);
}

void memories_remember(struct work *work)
{
	if (work->customer != NULL)
		remember_customer(work);
	if (people_order(work) != NULL)
		remember_order(work);
}
