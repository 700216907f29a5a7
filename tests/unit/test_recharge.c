/* ReCharge's bodies beyond what golden cases show: times, errors, bounds of what waits. */
#include "unit.h"

#include "base/clock.h"
#include "commands/map_records.h"
#include "mapping/recharge/charges.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct given {
	struct config *config;
	struct arena *arena;
	struct map_records memory;
	struct mapped mapped;
	struct error error;
	const char *triggered_at;
	bool test; /* by the header alone */
};

static int set_up(void **state)
{
	struct given *given = calloc(1, sizeof(*given));

	given->config = config_defaults("aurora.myshopify.com");
	given->arena = arena_create(4096);
	clock_hold(time_parse("2026-11-23T12:00:00Z"));
	*state = given;
	return 0;
}

static int tear_down(void **state)
{
	struct given *given = *state;

	clock_hold(TIME_UNKNOWN);
	arena_destroy(given->arena);
	config_release(given->config);
	map_records_free(&given->memory);
	free(given);
	return 0;
}

/* The number of calls that a webhook of ReCharge's makes. */
static int map(struct given *given, const char *topic, const char *body)
{
	struct record_store memory = map_records_store(&given->memory);
	struct delivery delivery = {.shop = given->config->shops[0].domain,
		.topic = topic,
		.received = clock_now(),
		.triggered_at = given->triggered_at,
		.test = given->test};
	cJSON *payload = json_parse(given->arena, body, strlen(body), &given->error);
	int count = 0;

	assert_non_null(payload);
	assert_int_equal(map_delivery(&delivery, payload, &given->config->shops[0], &memory,
				 given->arena, &given->mapped, &given->error),
		0);
	for (const struct segment_call *call = given->mapped.calls; call != NULL; call = call->next)
		count++;
	return count;
}

/* How many calls are made when time goes on by so much. */
static int let_pass(struct given *given, int64_t time)
{
	struct record_store memory = map_records_store(&given->memory);
	struct timer timer;
	int count = 0;

	clock_hold(clock_now() + time);
	while (map_records_take_timer(&given->memory, clock_now(), given->arena, &timer)) {
		assert_int_equal(map_timer(&timer, clock_now(), &given->config->shops[0], &memory,
					 given->arena, &given->mapped, &given->error),
			0);
		for (const struct segment_call *call = given->mapped.calls; call != NULL;
			call = call->next)
			count++;
	}
	return count;
}

/* ---- errors ---- */

static void errors_of_the_shop_are_no_payment_errors(void **state)
{
	static const char *const payment[] = {"CARD_DECLINED", "card_expired", "INSUFFICIENT_FUNDS",
		"DO_NOT_HONOR", "PAYPAL_ERROR_GENERAL", "SCA_CONFIRM_FAILED", "FRAUD_SUSPECTED",
		"TRANSIENT_ERROR", "CUSTOMER_NEEDS_TO_UPDATE_CARD", "SOMETHING_NEW"};
	static const char *const others[] = {"INVENTORY_ALLOCATIONS_NOT_FOUND",
		"UNEXPECTED_INVENTORY_LEVEL", "VARIANT_DOES_NOT_EXIST", "SHIPPING_RATE_ERROR",
		"TAX_RATE_ERROR", "invalid_discount", "TEST_MODE", "THROTTLE",
		"CONTRACT_NOT_AVAILABLE", "SHOPIFY_REJECTED", "MERCHANT_ACCOUNT_ERROR",
		"CARD_UPDATED_NOW_PENDING_NEXT_ATTEMPT"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(payment); i++)
		if (!charge_is_payment_error(payment[i]))
			fail_msg("%s is an error of the payment", payment[i]);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (charge_is_payment_error(others[i]))
			fail_msg("%s is no error of the payment", others[i]);
}

/* ---- times ---- */

#define CHARGE(time)                                                                             \
	"{\"charge\":{\"id\":1,\"status\":\"ERROR\",\"error_type\":\"CARD_DECLINED\","           \
	"\"number_times_tried\":1,\"customer_id\":6,\"last_charge_attempt_date\":\"" time "\"}," \
	"\"customer\":{\"id\":6,\"shopify_customer_id\":\"7\"}}"

static void a_time_near_the_webhooks_is_that_of_the_webhook(void **state)
{
	static const struct {
		const char *body;
		const char *triggered_at;
		const char *expected;
	} cases[] = {
		{CHARGE("2026-11-23T01:00:00"), NULL, "2026-11-23T06:00:00.000Z"},
		{CHARGE("2026-11-23T01:00:01"), NULL, "2026-11-23T12:00:00.000Z"},
		{CHARGE("2026-11-23T06:30:00"), NULL, "2026-11-23T12:00:00.000Z"},
		/* a late repetition: t is the time of the first try */
		{CHARGE("2026-11-22T06:30:00"), "2026-11-22T11:31:00.000Z",
			"2026-11-22T11:31:00.000Z"},
		{CHARGE("2026-11-20T06:30:00"), "2026-11-22T11:31:00.000Z",
			"2026-11-20T11:30:00.000Z"},
		{CHARGE("2027-11-20T06:30:00"), NULL, "2026-11-23T12:00:00.000Z"},
		{CHARGE("yesterday"), NULL, "2026-11-23T12:00:00.000Z"},
	};
	struct given *given = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		given->triggered_at = cases[i].triggered_at;
		assert_int_equal(map(given, "recharge:charge/failed", cases[i].body), 2);
		if (strstr(given->mapped.calls->next->json, cases[i].expected) == NULL)
			fail_msg("%s\nis not of %s", given->mapped.calls->next->json,
				cases[i].expected);
	}
}

/* The second one is no repetition of the first. */
static void what_says_no_time_is_named_by_that_of_its_webhook(void **state)
{
	static const char body[] = "{\"customer\":{\"id\":6,\"shopify_customer_id\":\"7\","
				   "\"has_valid_payment_method\":true,\"updated_at\":null}}";
	struct given *given = *state;
	const char *first;

	assert_int_equal(map(given, "recharge:customer/payment_method_updated", body), 2);
	first = given->mapped.calls->key;
	clock_hold(clock_now() + DAY);
	assert_int_equal(map(given, "recharge:customer/payment_method_updated", body), 2);
	assert_string_not_equal(given->mapped.calls->key, first);
}

/* ---- currencies ---- */

static bool is_told_in(const struct given *given, const char *event, const char *currency)
{
	for (const struct segment_call *call = given->mapped.calls; call != NULL; call = call->next)
		if (call->call == TRACK && strcmp(call->event, event) == 0)
			return strstr(call->json, currency) != NULL;
	return false;
}

static void what_is_given_up_has_the_currency_of_its_charge(void **state)
{
	static const char body[] =
		"{\"charge\":{\"id\":1,\"status\":\"ERROR\",\"error_type\":\"CLOSED_MAX_RETRIES_"
		"REACHED\","
		"\"number_times_tried\":8,\"has_uncommited_changes\":false,\"retry_date\":null,"
		"\"customer_id\":6,\"presentment_currency\":\"CAD\",\"total_price\":\"9.00\","
		"\"line_items\":[{\"subscription_id\":5,\"quantity\":1,\"price\":\"9.00\"}]},"
		"\"customer\":{\"id\":6,\"shopify_customer_id\":\"7\"}}";
	struct given *given = *state;

	given->config->shops[0].cancel_on_max_retries = true;
	given->config->shops[0].recharge_currency = strdup("USD");
	(void)map(given, "recharge:charge/max_retries_reached", body);
	assert_true(is_told_in(given, "Charge Max Tries Reached", "\"currency\":\"CAD\""));
	assert_true(is_told_in(given, "Subscription Cancelled", "\"currency\":\"CAD\""));
}

/* ---- what waits ---- */

/* A subscription of a customer without Shopify's id, with so much of a note; the caller frees it.
 */
static char *created(int id, size_t size)
{
	char *body = malloc(size + 256);
	int length = sprintf(body,
		"{\"subscription\":{\"id\":%d,\"customer_id\":6,\"status\":\"active\","
		"\"note\":\"",
		id);

	memset(body + length, 'x', size);
	(void)strcpy(body + length + size, "\"}}");
	return body;
}

static int map_created(struct given *given, int id, size_t size)
{
	char *body = created(id, size);
	int count = map(given, "recharge:subscription/created", body);

	free(body);
	return count;
}

static void what_waits_is_bounded(void **state)
{
	struct given *given = *state;

	for (int id = 1; id <= 16; id++)
		assert_int_equal(map_created(given, id, 10), 0);
	/* which teaches, and does not wait */
	assert_int_equal(map(given, "recharge:customer/created", "{\"customer\":{\"id\":6}}"), 0);
	assert_int_equal(let_pass(given, 9 * MINUTE), 0);
	assert_int_equal(map_created(given, 17, 10), 16);
	assert_int_equal(let_pass(given, 9 * MINUTE), 0);
	assert_int_equal(let_pass(given, MINUTE), 1);
	assert_int_equal(map_created(given, 18, 300000), 1);
	assert_int_equal(map_created(given, 19, 200000), 0);
	assert_int_equal(map_created(given, 20, 200000), 1);
	assert_int_equal(map_created(given, 21, 300000), 2);
	assert_int_equal(let_pass(given, DAY), 0);
}

/* The one that there is no room for is compared with those that waited. */
static void what_waits_goes_before_what_has_no_room(void **state)
{
	static const char updated[] = "{\"subscription\":{\"id\":1,\"customer_id\":6,"
				      "\"status\":\"active\",\"quantity\":%d,"
				      "\"updated_at\":\"2026-11-22T12:00:%02d+00:00\"}}";
	struct given *given = *state;
	char body[256];

	for (int i = 1; i <= 17; i++) {
		(void)snprintf(body, sizeof(body), updated, i, i);
		/* the first one is learnt, each of the others is a change */
		assert_int_equal(
			map(given, "recharge:subscription/updated", body), i == 17 ? 15 : 0);
	}
	assert_int_equal(let_pass(given, HOUR), 1);
}

static void later_bodies_do_not_make_the_first_wait_longer(void **state)
{
	struct given *given = *state;

	assert_int_equal(map_created(given, 1, 0), 0);
	assert_int_equal(let_pass(given, 9 * MINUTE), 0);
	assert_int_equal(map_created(given, 2, 0), 0);
	assert_int_equal(let_pass(given, MINUTE), 2);
}

/* As deep as JSON may be at all. */
static void the_deepest_body_may_wait(void **state)
{
	struct given *given = *state;
	char body[512] =
		"{\"subscription\":{\"id\":1,\"customer_id\":6,\"status\":\"active\",\"x\":";

	for (int i = 0; i < JSON_DEPTH_MAX - 2; i++)
		(void)strcat(body, "[");
	for (int i = 0; i < JSON_DEPTH_MAX - 2; i++)
		(void)strcat(body, "]");
	(void)strcat(body, "}}");
	assert_int_equal(map(given, "recharge:subscription/created", body), 0);
	assert_null(given->mapped.invalid_fields);
	assert_int_equal(let_pass(given, HOUR), 1);
	assert_null(given->mapped.invalid_fields);
}

/* The header is not signed: whoever posts the real webhook again with it must not have the waiting
 * ones emitted as tests. */
static void what_the_header_calls_a_test_ends_no_wait(void **state)
{
	static const enum send_or_skip choices[] = {SKIP, SEND};
	struct given *given = *state;

	for (size_t i = 0; i < COUNT_OF(choices); i++) {
		given->config->shops[0].test_orders = choices[i];
		assert_int_equal(map_created(given, (int)i + 1, 0), 0);
		given->test = true;
		(void)map(given, "recharge:charge/failed", CHARGE("2026-11-23T01:00:00"));
		given->test = false;
		assert_int_equal(let_pass(given, HOUR), 1);
	}
}

static void without_a_wait_it_goes_at_once(void **state)
{
	struct given *given = *state;

	given->config->shops[0].recharge_identity_wait = 0;
	assert_int_equal(map_created(given, 1, 0), 1);
	assert_int_equal(let_pass(given, DAY), 0);
}

/* It loses its products; and of what was made up not all ids are looked at. */
static void one_with_thousands_of_lines_is_told_with_the_others(void **state)
{
	struct given *given = *state;
	char *body = malloc(200000);
	int length = sprintf(body, "{\"charge\":{\"id\":3,\"customer_id\":6,\"status\":\"error\","
				   "\"charge_attempts\":1,\"line_items\":[");

	for (int i = 0; i < 8000; i++)
		length += sprintf(body + length, "%s{\"subscription_id\":%d}", i > 0 ? "," : "", i);
	(void)strcpy(body + length, "]}}");
	assert_int_equal(map_created(given, 1, 0), 0);
	assert_int_equal(map(given, "recharge:charge/failed", body), 0);
	free(body);
	assert_int_equal(map_created(given, 2, 0), 0);
	assert_int_equal(let_pass(given, HOUR), 3);
	assert_null(given->mapped.invalid_fields);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(errors_of_the_shop_are_no_payment_errors),
		TEST(a_time_near_the_webhooks_is_that_of_the_webhook),
		TEST(what_says_no_time_is_named_by_that_of_its_webhook),
		TEST(what_is_given_up_has_the_currency_of_its_charge),
		TEST(what_waits_is_bounded),
		TEST(what_waits_goes_before_what_has_no_room),
		TEST(later_bodies_do_not_make_the_first_wait_longer),
		TEST(the_deepest_body_may_wait),
		TEST(what_the_header_calls_a_test_ends_no_wait),
		TEST(without_a_wait_it_goes_at_once),
		TEST(one_with_thousands_of_lines_is_told_with_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
