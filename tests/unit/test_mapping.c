/* The mapping's rules beyond what golden cases show: names, sizes, ids, odd payloads, a store that
 * fails. */
#include "unit.h"

#include "base/clock.h"
#include "config/events.h"
#include "mapping/context.h"
#include "mapping/rules.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a memory of one record, and one that fails ---- */

struct one_record {
	char kind[32];
	char key[64];
	char json[4096];
	bool fails;
	int puts;
	int64_t due; /* of the timer that was set last */
};

static int get(
	void *context, const char *kind, const char *key, struct arena *arena, const char **json)
{
	struct one_record *record = context;

	*json = NULL;
	if (record->fails)
		return -1;
	if (strcmp(record->kind, kind) == 0 && strcmp(record->key, key) == 0)
		*json = arena_copy(arena, record->json);
	return 0;
}

static int put(void *context, const char *kind, const char *key, const char *json)
{
	struct one_record *record = context;

	if (record->fails)
		return -1;
	record->puts++;
	if (strcmp(kind, record->kind) == 0 && strcmp(key, record->key) == 0)
		(void)snprintf(record->json, sizeof(record->json), "%s", json);
	return 0;
}

static int set_timer(void *context, const char *kind, const char *key, int64_t due)
{
	struct one_record *record = context;

	(void)kind, (void)key;
	record->due = due;
	return record->fails ? -1 : 0;
}

/* ---- one delivery ---- */

struct given {
	struct config *config;
	struct arena *arena;
	struct one_record record;
	struct mapped mapped;
	struct error error;
};

static struct shop *shop_of(struct given *given)
{
	return &given->config->shops[0];
}

static int set_up(void **state)
{
	struct given *given = calloc(1, sizeof(*given));

	assert_non_null(given);
	given->config = config_defaults("aurora.myshopify.com");
	given->arena = arena_create(4096);
	assert_non_null(given->config);
	*state = given;
	return 0;
}

static int tear_down(void **state)
{
	struct given *given = *state;

	arena_destroy(given->arena);
	config_release(given->config);
	free(given);
	return 0;
}

static int map(struct given *given, const char *topic, const char *body)
{
	struct record_store memory = {
		.get = get, .put = put, .set_timer = set_timer, .context = &given->record};
	struct delivery delivery = {
		.shop = shop_of(given)->domain,
		.topic = topic,
		.received = time_parse("2026-11-23T12:00:00Z"),
		.triggered_at = "2026-11-23T11:59:58.123456789Z",
	};
	cJSON *payload = json_parse(given->arena, body, strlen(body), &given->error);

	assert_non_null(payload);
	return map_delivery(&delivery, payload, shop_of(given), &memory, given->arena,
		&given->mapped, &given->error);
}

/* The one call that was made. */
static const char *only_call(struct given *given)
{
	assert_int_equal(given->mapped.status, MAP_EVENTS);
	assert_non_null(given->mapped.calls);
	assert_null(given->mapped.calls->next);
	return given->mapped.calls->json;
}

static void assert_has(const char *json, const char *part)
{
	if (strstr(json, part) == NULL)
		fail_msg("%s\nhas no %s", json, part);
}

static void assert_has_not(const char *json, const char *part)
{
	if (strstr(json, part) != NULL)
		fail_msg("%s\nhas %s", json, part);
}

/* ---- the tables ---- */

/* Segment's Ecommerce Spec v2, reserved traits, and the additions of the catalogue. */
static const char *const known_names[] = {"order_id", "order_name", "checkout_id", "checkoutId",
	"cart_id", "userId", "affiliation", "subtotal", "revenue", "shipping", "tax", "duties",
	"tip", "discount", "total", "currency", "presentment_currency", "presentment_total",
	"coupon", "payment_method", "shipping_method", "source_name", "location_id",
	"cancel_reason", "purchase_count", "lifetime_revenue", "products", "product_id",
	"shopify_product_id", "variant_id", "shopify_variant_id", "sku", "name", "variant", "brand",
	"category", "price", "quantity", "position", "product_properties", "gift_card", "refund_id",
	"full_refund", "order_total", "fulfillment_id", "status", "shipment_status",
	"tracking_company", "tracking_numbers", "tracking_urls", "tracking_number", "tracking_url",
	"customer_id", "verified_email", "state", "email", "phone", "firstName", "lastName",
	"createdAt", "description", "address", "street", "city", "postalCode", "country",
	"customerLifetimeValue", "purchaseCount", "marketingOptIn", "email_consent_state",
	"email_opt_in_level", "sms_consent_state", "sms_opt_in_level", "tags", "compare_at_price",
	"url", "image_url", "value", "step", "coupon_id", "coupon_name", "transaction_id", "amount",
	"error_code", "error_message", "kind", "subscriptionId", "subscription_id", "update_type",
	"order_interval_unit", "order_interval_frequency", "charge_interval_frequency",
	"subscription_revenue", "next_charge_scheduled_at", "is_prepaid", "cancellation_reason",
	"cancellation_reason_comments", "cancelled_at", "charge_id", "subscription_ids",
	"shopify_order_id", "error_type", "is_payment_error", "attempt", "retry_date",
	"has_valid_payment_method", "reason_not_valid", "in_dunning", "subscriptions_active",
	"subscriptions_total", "subscriptionsActive", "subscriptionsTotal"};

static void assert_known(const struct field *rows)
{
	for (const struct field *row = rows; row->property != NULL; row++) {
		bool found = false;

		for (size_t i = 0; i < COUNT_OF(known_names) && !found; i++)
			found = strcmp(known_names[i], row->property) == 0;
		if (!found)
			fail_msg("\"%s\" is no property that the catalogue names", row->property);
		assert_non_null(row->convert);
		if (row->items != NULL)
			assert_known(row->items);
	}
}

static void every_property_is_in_the_catalogue(void **state)
{
	(void)state;
	for (const struct rule *rule = rules; rule->topics != NULL; rule++)
		if (rule->properties != NULL)
			assert_known(rule->properties);
	assert_known(customer_traits);
}

/* The operator's disable, enable and rename take just the names that the rules speak of. */
static void every_event_has_a_rule_and_every_rule_an_event(void **state)
{
	(void)state;
	for (const struct rule *rule = rules; rule->topics != NULL; rule++)
		if (rule->call == TRACK && events_find(rule->event, strlen(rule->event)) == NULL)
			fail_msg("the event \"%s\" is not in event_names", rule->event);
	for (const struct event_name *event = event_names; event->name != NULL; event++) {
		const struct rule *rule = rules;

		while (rule->topics != NULL && strcmp(rule->event, event->name) != 0)
			rule++;
		if ((rule->topics == NULL) != ((event->flags & EVENT_IN_BROWSER) != 0))
			fail_msg("no rule, or one in spite of the browser, speaks of the event "
				 "\"%s\"",
				event->name);
	}
}

static void topics_match_as_a_whole(void **state)
{
	(void)state;
	assert_true(map_knows("orders/create"));
	assert_true(map_knows("customers/disable"));
	assert_false(map_knows("orders/creat"));
	assert_false(map_knows("orders/created"));
	assert_false(map_knows(""));
	assert_false(map_knows("orders/create|orders/paid"));
	assert_false(map_knows("cart")); /* a timer of ours, which no webhook may pass for */
}

/* ---- names ---- */

static struct uuid id_at(const struct destination *destination, const struct segment_call *call)
{
	struct uuid id;

	assert_int_equal(message_id_of(&destination->space, "a.myshopify.com", call, &id), 0);
	return id;
}

static void a_messageid_is_stable(void **state)
{
	struct given *given = *state;
	struct segment_call call = {.call = TRACK, .event = "Order Completed", .key = "123"};
	struct destination other = {.space = uuid_of_name(&uuid_segrelay, "other", 5)};
	struct uuid track = id_at(&given->config->destinations[0], &call);
	struct uuid again = id_at(&given->config->destinations[0], &call);
	struct uuid elsewhere = id_at(&other, &call);
	struct uuid identify;
	char text[UUID_TEXT];

	call.call = IDENTIFY;
	identify = id_at(&given->config->destinations[0], &call);
	assert_memory_equal(&track, &again, sizeof(track));
	assert_memory_not_equal(&track, &elsewhere, sizeof(track));
	assert_memory_not_equal(&track, &identify, sizeof(track));
	/* Changing this changes every messageId ever sent: repetitions would be told again. */
	uuid_format(&track, text);
	assert_string_equal(text, "9bed029c-8fcb-5c2e-9dd8-a1069c26e715");
}

/* ---- odd payloads ---- */

static void payloads_that_cannot_be_told_once_are_set_aside(void **state)
{
	struct given *given = *state;
	static const char *const bodies[] = {"[]", "\"x\"", "{}", "{\"id\":null}",
		"{\"id\":\"x1\"}", "{\"id\":1.5}", "{\"id\":-1}", "{\"id\":{\"a\":1}}",
		"{\"id\":123456789012345678901}"};

	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		assert_int_equal(map(given, "orders/create", bodies[i]), 0);
		assert_int_equal(given->mapped.status, MAP_INVALID);
		assert_non_null(given->mapped.reason);
		assert_null(given->mapped.calls);
	}
}

static void fields_of_the_wrong_kind_are_left_out_and_named(void **state)
{
	struct given *given = *state;
	const char *json;

	assert_int_equal(
		map(given, "orders/create",
			"{\"id\":1,\"created_at\":\"2026-11-23T10:00:00Z\",\"total_price\":"
			"\"12,50\",\"total_tax\":{\"x\":1},\"line_items\":{\"a\":1},"
			"\"customer\":[],\"shipping_lines\":\"x\",\"tags\":7,\"note_attributes\":"
			"{},\"payment_gateway_names\":[1,null,\"\"],\"name\":[\"x\"]}"),
		0);
	json = only_call(given);
	assert_has_not(json, "\"total\"");
	assert_has_not(json, "null");
	assert_has(json, "\"affiliation\":\"7\"");
	assert_non_null(given->mapped.invalid_fields);
	assert_has(given->mapped.invalid_fields, "total");
	assert_has(given->mapped.invalid_fields, "order_name");
}

static void a_currency_of_the_wrong_kind_is_left_out(void **state)
{
	struct given *given = *state;
	static const char *const currencies[] = {"{\"a\":1}", "[\"USD\"]", "true"};
	char body[256];

	for (size_t i = 0; i < COUNT_OF(currencies); i++) {
		(void)snprintf(body, sizeof(body),
			"{\"id\":1,\"order_id\":2,\"kind\":\"sale\",\"status\":\"failure\","
			"\"created_at\":\"2026-11-23T10:00:00Z\",\"currency\":%s}",
			currencies[i]);
		assert_int_equal(map(given, "order_transactions/create", body), 0);
		assert_has_not(only_call(given), "currency");
		assert_has(given->mapped.invalid_fields, "currency");
	}
}

static void lines_that_say_nothing_are_none(void **state)
{
	struct given *given = *state;

	assert_int_equal(
		map(given, "orders/create", "{\"id\":1,\"line_items\":[null,1,\"x\",[],{}]}"), 0);
	assert_has_not(only_call(given), "products");
	assert_int_equal(map(given, "orders/create",
				 "{\"id\":2,\"line_items\":[null,{},{\"title\":\"Mug\"},[]]}"),
		0);
	assert_has(only_call(given),
		"\"products\":[{\"name\":\"Mug\",\"category\":\"all\",\"position\":1}]");
}

static void times_of_the_future_are_taken_as_now(void **state)
{
	struct given *given = *state;

	assert_int_equal(
		map(given, "orders/create", "{\"id\":1,\"created_at\":\"2031-01-01T00:00:00Z\"}"),
		0);
	assert_has(only_call(given), "\"timestamp\":\"2026-11-23T12:00:00.000Z\"");
}

static void without_a_time_shopifys_header_tells_it(void **state)
{
	struct given *given = *state;

	assert_int_equal(map(given, "orders/create", "{\"id\":1,\"line_items\":[]}"), 0);
	assert_has(only_call(given), "\"timestamp\":\"2026-11-23T11:59:58.123Z\"");
}

/* ---- size ---- */

/* An order of `count` lines, each with a property of its own. */
static char *order_of_lines(int count, size_t note_size)
{
	struct text body = {0};
	char note[20000] = {0};

	memset(note, 'x', note_size);
	text_put(&body, "{\"id\":1,\"line_items\":[");
	for (int i = 0; i < count; i++)
		text_format(&body,
			"%s{\"product_id\":%d,\"title\":\"Kettle\",\"price\":\"9.95\",\"quantity\":"
			"1,"
			"\"properties\":[{\"name\":\"Engraving\",\"value\":\"%s\"}]}",
			i > 0 ? "," : "", i + 1, note);
	text_put(&body, "]}");
	return text_take(&body);
}

static void a_large_message_loses_what_matters_least_first(void **state)
{
	struct given *given = *state;
	char *body = order_of_lines(100, 300);
	const char *json;

	assert_int_equal(map(given, "orders/create", body), 0);
	free(body);
	json = only_call(given);
	assert_has_not(json, "product_properties");
	assert_has_not(json, "products_truncated");
	assert_has(json, "\"position\":100");
}

static void a_larger_one_is_cut_and_says_so(void **state)
{
	struct given *given = *state;
	char *body = order_of_lines(1000, 10);
	struct text whole = {0};
	const char *json;

	assert_int_equal(map(given, "orders/create", body), 0);
	free(body);
	json = only_call(given);
	assert_has(json, "\"products_truncated\":true,\"products_count\":1000");
	message_write(given->mapped.calls, "Order Completed", &uuid_segrelay, &whole);
	assert_true(whole.length <= 32000);
	assert_true(whole.length > 31000);
	text_free(&whole);
}

static void texts_are_cut_at_last(void **state)
{
	struct given *given = *state;
	char *body = order_of_lines(3, 19000);
	struct text large = {0};
	const char *json;

	assert_int_equal(map(given, "orders/create", body), 0);
	free(body);
	text_put(&large, "{\"id\":2,\"line_items\":[],\"tags\":\"");
	for (int i = 0; i < 20000; i++)
		text_put(&large, "\xc3\xa9");
	text_put(&large, "\"}");
	assert_int_equal(map(given, "orders/create", text_string(&large)), 0);
	text_free(&large);
	json = only_call(given);
	assert_true(strlen(json) < 2000);
	assert_has(json, "\xc3\xa9\"");
}

/* ---- the store fails ---- */

static void a_store_that_fails_makes_the_result_void(void **state)
{
	struct given *given = *state;

	given->record.fails = true;
	assert_int_equal(map(given, "orders/create", "{\"id\":1,\"line_items\":[]}"), -1);
	assert_has(given->error.text, "record cannot be read");
}

static void what_is_known_already_is_not_written_again(void **state)
{
	struct given *given = *state;
	const char *body =
		"{\"id\":7,\"updated_at\":\"2026-11-01T10:00:00Z\",\"email\":\"a@b.example\"}";

	(void)snprintf(given->record.kind, sizeof(given->record.kind), "customer");
	(void)snprintf(given->record.key, sizeof(given->record.key), "7");
	(void)snprintf(given->record.json, sizeof(given->record.json), "{}");
	assert_int_equal(map(given, "customers/update", body), 0);
	assert_int_equal(given->record.puts, 1);
	assert_int_equal(map(given, "customers/update", body), 0);
	assert_int_equal(given->record.puts, 1);
}

static void an_older_state_does_not_overwrite_a_newer_one(void **state)
{
	struct given *given = *state;

	(void)snprintf(given->record.kind, sizeof(given->record.kind), "customer");
	(void)snprintf(given->record.key, sizeof(given->record.key), "7");
	(void)snprintf(given->record.json, sizeof(given->record.json),
		"{\"updated_at\":\"2026-11-02T10:00:00+01:00\",\"email\":\"new@b.example\"}");
	assert_int_equal(map(given, "customers/update",
				 "{\"id\":7,\"updated_at\":\"2026-11-02T08:59:59Z\","
				 "\"email\":\"old@b.example\",\"phone\":\"+4930000000\"}"),
		0);
	assert_has(only_call(given),
		"\"traits\":{\"email\":\"new@b.example\",\"phone\":\"+4930000000\"}");
}

/* ---- addresses ---- */

static void addresses_are_checked_and_made_anonymous(void **state)
{
	static const struct {
		const char *in;
		bool anonymize;
		const char *out;
	} cases[] = {
		{"203.0.113.77", false, "203.0.113.77"},
		{"203.0.113.77", true, "203.0.113.0"},
		{"2001:DB8:1:2:3:4:5:6", false, "2001:db8:1:2:3:4:5:6"},
		{"2001:db8:1:2:3:4:5:6", true, "2001:db8:1::"},
		{"unknown", false, NULL},
		{"203.0.113", false, NULL},
	};
	char ip[46];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool is_address = context_ip(cases[i].in, cases[i].anonymize, ip);

		assert_int_equal(is_address, cases[i].out != NULL);
		if (is_address)
			assert_string_equal(ip, cases[i].out);
	}
}

/* The first name: as many letters as given, then the rest. The note makes the message too large. */
static void assert_cut(struct given *given, int letters, const char *rest, const char *kept)
{
	struct text body = {0};
	struct text expected = {0};
	struct text whole = {0};

	text_put(&body, "{\"id\":7,\"first_name\":\"");
	text_put(&expected, "\"firstName\":\"");
	for (int i = 0; i < letters; i++) {
		text_put(&body, "a");
		text_put(&expected, "a");
	}
	text_format(&body, "%s\",\"note\":\"n", rest);
	text_format(&expected, "%s\"", kept);
	for (int i = 0; i < 17000; i++)
		text_put(&body, "\xc3\xa9");
	text_put(&body, "\"}");
	assert_int_equal(map(given, "customers/update", text_string(&body)), 0);
	assert_has(only_call(given), text_string(&expected));
	text_cut(&expected, 0);
	text_put(&expected, "\"description\":\"n");
	for (int i = 0; i < 249; i++) /* 1 + 2 * 249 bytes */
		text_put(&expected, "\xc3\xa9");
	text_put(&expected, "\"");
	assert_has(only_call(given), text_string(&expected));
	message_write(given->mapped.calls, "identify", &uuid_segrelay, &whole);
	assert_true(whole.length <= 32000);
	text_free(&whole);
	text_free(&expected);
	text_free(&body);
}

static void a_text_is_cut_at_500_bytes_between_characters(void **state)
{
	static const struct {
		int letters;
		const char *rest;
		const char *kept;
	} cases[] = {
		{499, "", ""},
		{500, "", ""},
		{500, "a", ""},
		{500, "aaaa", ""},
		{498, "\xc3\xa9", "\xc3\xa9"}, /* 2 bytes a character */
		{498, "\xc3\xa9z", "\xc3\xa9"},
		{499, "\xc3\xa9", ""},
		{500, "\xc3\xa9", ""},
		{497, "\xe2\x82\xac", "\xe2\x82\xac"}, /* 3 bytes */
		{497, "\xe2\x82\xacz", "\xe2\x82\xac"},
		{498, "\xe2\x82\xac", ""},
		{499, "\xe2\x82\xac", ""},
		{500, "\xe2\x82\xac", ""},
		{496, "\xf0\x9f\xa7\xa6", "\xf0\x9f\xa7\xa6"}, /* 4 bytes */
		{496, "\xf0\x9f\xa7\xa6z", "\xf0\x9f\xa7\xa6"},
		{497, "\xf0\x9f\xa7\xa6", ""},
		{498, "\xf0\x9f\xa7\xa6", ""},
		{499, "\xf0\x9f\xa7\xa6", ""},
		{500, "\xf0\x9f\xa7\xa6", ""},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_cut(*state, cases[i].letters, cases[i].rest, cases[i].kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_property_is_in_the_catalogue),
		cmocka_unit_test(every_event_has_a_rule_and_every_rule_an_event),
		cmocka_unit_test(topics_match_as_a_whole),
		cmocka_unit_test(addresses_are_checked_and_made_anonymous),
		cmocka_unit_test_setup_teardown(a_messageid_is_stable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			payloads_that_cannot_be_told_once_are_set_aside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			fields_of_the_wrong_kind_are_left_out_and_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_currency_of_the_wrong_kind_is_left_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lines_that_say_nothing_are_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			times_of_the_future_are_taken_as_now, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			without_a_time_shopifys_header_tells_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_large_message_loses_what_matters_least_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_larger_one_is_cut_and_says_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(texts_are_cut_at_last, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_store_that_fails_makes_the_result_void, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_known_already_is_not_written_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_older_state_does_not_overwrite_a_newer_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_text_is_cut_at_500_bytes_between_characters, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
