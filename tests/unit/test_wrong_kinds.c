/* Payloads whose values are of another kind than Shopify's and ReCharge's: an object for a text, a
 * list for an object, a number out of range. Each value of the golden cases' payloads in turn. What
 * comes of it, and of the webhook after it, is told or left out: nothing ends the relay, or holds
 * it up, as the webhook would come again. */
#include "payloads.h"

#include "base/clock.h"
#include "base/json.h"
#include "commands/map_records.h"

enum { TRIES = 30 }; /* of the changes to a payload; which ones differs from payload to payload */

struct trial {
	const struct shop *shop;
	struct arena *kinds; /* of what is put in place of values */
	struct map_records memory;
	int changes;
};

static const char *const others[] = {"{\"id\":{\"id\":[]},\"amount\":true}", "{}", "[]",
	"[\"a\",1,null,{},[[]]]", "true", "null", "\"\"", "\"\xc3\xa9 |\\u0000 text\"", "-1",
	"1e400", "123456789012345678901234567890.123456789", "\"2026-02-30T25:61:61Z\""};

/* ---- mapping ---- */

static void check_calls(const struct mapped *mapped, struct arena *arena, const char *path)
{
	struct error error;

	for (const struct segment_call *call = mapped->calls; call != NULL; call = call->next)
		if (json_parse(arena, call->json, strlen(call->json), &error) == NULL)
			fail_msg("%s: %s: %s: %s", path, call->event, error.text, call->json);
}

static void map(struct trial *trial, const struct payload_file *file, const cJSON *payload)
{
	struct record_store memory = map_records_store(&trial->memory);
	struct arena *arena = arena_create(65536);
	struct delivery delivery = {.shop = trial->shop->domain,
		.topic = file->topic,
		.received = time_parse("2026-11-23T12:00:00Z"),
		.triggered_at = "2026-11-23T11:59:58.123456789Z"};
	struct mapped mapped;
	struct error error;

	if (map_delivery(&delivery, payload, trial->shop, &memory, arena, &mapped, &error) != 0)
		fail_msg("%s: %s", file->path, error.text);
	check_calls(&mapped, arena, file->path);
	arena_destroy(arena);
}

static void run_out(struct trial *trial, const char *path)
{
	struct record_store memory = map_records_store(&trial->memory);
	struct arena *arena = arena_create(65536);
	struct mapped mapped;
	struct timer timer;
	struct error error;

	while (map_records_take_timer(&trial->memory, INT64_MAX, arena, &timer)) {
		if (map_timer(&timer, timer.due, trial->shop, &memory, arena, &mapped, &error) != 0)
			fail_msg("%s: %s", path, error.text);
		check_calls(&mapped, arena, path);
	}
	arena_destroy(arena);
}

/* ---- changing ---- */

static size_t count_of(const cJSON *value)
{
	size_t count = 1;

	for (const cJSON *child = value->child; child != NULL; child = child->next)
		count += count_of(child);
	return count;
}

/* The value at a place, in the order of the text; *place counts down to it. */
static cJSON *value_at(cJSON *value, size_t *place)
{
	cJSON *found = *place == 0 ? value : NULL;

	(*place)--;
	for (cJSON *child = value->child; found == NULL && child != NULL; child = child->next)
		found = value_at(child, place);
	return found;
}

static void put_inside(cJSON *value, const cJSON *other)
{
	value->type = other->type;
	value->child = other->child;
	value->valuestring = other->valuestring;
}

/* Maps a payload with one value of another kind, then the webhook that follows. */
static void try_change(struct trial *trial, const struct payload_file *file, cJSON *payload,
	const struct payload_file *next, const cJSON *next_payload, size_t change)
{
	size_t place = change / COUNT_OF(others);
	const char *other = others[change % COUNT_OF(others)];
	cJSON *value = value_at(payload, &place);
	const cJSON before = *value;
	struct error error;

	put_inside(value, json_parse(trial->kinds, other, strlen(other), &error));
	map(trial, file, payload);
	put_inside(value, &before);
	if (next_payload != NULL)
		map(trial, next, next_payload);
	run_out(trial, file->path);
	map_records_free(&trial->memory);
	trial->memory = (struct map_records){0};
	arena_clear(trial->kinds);
	trial->changes++;
}

static void try_file(struct trial *trial, const struct payload_file *file,
	const struct payload_file *next, size_t offset)
{
	struct arena *arena = arena_create(65536);
	struct error error;
	cJSON *payload = json_parse(arena, file->body, file->length, &error);
	const cJSON *next_payload =
		next != NULL ? json_parse(arena, next->body, next->length, &error) : NULL;
	size_t count = payload != NULL ? count_of(payload) * COUNT_OF(others) : 0;
	size_t step = getenv("EVERY_CHANGE") != NULL ? 1 : count / TRIES + 1;

	for (size_t change = offset % step; change < count; change += step)
		try_change(trial, file, payload, next, next_payload, change);
	arena_destroy(arena);
}

static void try_case(const char *folder, int offset, void *context)
{
	struct payload_file file;
	struct payload_file next;
	bool has_next;

	if (!payload_read(folder, 1, &file))
		return;
	for (int number = 2;; number++) {
		has_next = payload_read(folder, number, &next);
		try_file(context, &file, has_next ? &next : NULL,
			(size_t)offset * 97 + (size_t)number);
		free(file.body);
		if (!has_next)
			break;
		file = next;
	}
}

static void values_of_another_kind_do_no_harm(void **state)
{
	struct config *config = config_defaults("aurora-outfitters.myshopify.com");
	struct trial trial = {.shop = &config->shops[0], .kinds = arena_create(4096)};

	(void)state;
	each_case(try_case, &trial);
	assert_true(trial.changes > 1000);
	arena_destroy(trial.kinds);
	config_release(config);
}

/* ---- ids without a last part, lists for objects ---- */

static void map_text(struct trial *trial, const char *topic, const char *body)
{
	struct payload_file file;
	struct arena *arena = arena_create(4096);
	struct error error;

	(void)snprintf(file.path, sizeof(file.path), "%s", body);
	(void)snprintf(file.topic, sizeof(file.topic), "%s", topic);
	map(trial, &file, json_parse(arena, body, strlen(body), &error));
	arena_destroy(arena);
}

#define ATTEMPT(id)                                                   \
	"{\"id\":1,\"subscription_contract_id\":null,\"order_id\":5," \
	"\"admin_graphql_api_subscription_contract_id\":" id "}"
#define OF_ORDER(customer)                                           \
	"{\"id\":5,\"cart_token\":\"c1\",\"checkout_token\":\"k1\"," \
	"\"updated_at\":\"2026-11-23T10:00:00Z\",\"customer\":" customer "}"

static void an_attempt_without_the_id_of_a_contract(void **state)
{
	static const char *const ids[] = {ATTEMPT("\"gid://shopify/SubscriptionContract/\""),
		ATTEMPT("\"gid://\""), ATTEMPT("{}"), ATTEMPT("[1]"), ATTEMPT("\"/\""),
		ATTEMPT("true")};
	static const char *const topics[] = {
		"subscription_billing_attempts/success", "subscription_billing_attempts/failure"};
	struct config *config = config_defaults("aurora-outfitters.myshopify.com");
	struct trial trial = {.shop = &config->shops[0]};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ids) * COUNT_OF(topics); i++) {
		map_text(&trial, topics[i % COUNT_OF(topics)], ids[i / COUNT_OF(topics)]);
		run_out(&trial, ids[i / COUNT_OF(topics)]);
	}
	map_records_free(&trial.memory);
	config_release(config);
}

/* The buyer is known by the cart, so that what the payload says of them is looked at. */
static void an_order_whose_customer_is_no_object(void **state)
{
	static const char *const orders[] = {OF_ORDER("[\"x\"]"), OF_ORDER("[[]]"),
		OF_ORDER("\"x\""), OF_ORDER("true"), OF_ORDER("7"), OF_ORDER("[]"),
		OF_ORDER("{\"id\":[7],\"default_address\":[\"x\"],\"tags\":{}}")};
	struct config *config = config_defaults("aurora-outfitters.myshopify.com");
	struct trial trial = {.shop = &config->shops[0]};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		map_text(&trial, "checkouts/create",
			"{\"id\":3,\"token\":\"k1\",\"cart_token\":\"c1\",\"customer\":{\"id\":7}"
			"}");
		map_text(&trial, "orders/create", orders[i]);
		map_text(&trial, "orders/updated", orders[i]);
		map_text(&trial, "checkouts/update", orders[i]);
		map_records_free(&trial.memory);
		trial.memory = (struct map_records){0};
	}
	config_release(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_another_kind_do_no_harm),
		cmocka_unit_test(an_attempt_without_the_id_of_a_contract),
		cmocka_unit_test(an_order_whose_customer_is_no_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
