/* Deliveries that wait for another one, and then cannot be mapped: dead letters, as if they had not
 * waited. */
#include "turning.h"

#include "engine/engine_private.h"

enum { LONG = 40000 };

static int64_t noon(void)
{
	return time_parse("2026-11-23T12:00:00Z");
}

/* Turns the engine once at a time. */
static void turn_at(struct given *given, int64_t time)
{
	clock_hold(time);
	assert_int_equal(post(given, "shop/update", "{\"id\":5}"), STORED);
}

static int let_run(void **state)
{
	clock_hold(TIME_UNKNOWN);
	return tear_down(state);
}

/* A body in whose place of "#" LONG digits stand. The caller frees it. */
static char *with_digits(const char *form)
{
	size_t before = strcspn(form, "#");
	char *body = malloc(strlen(form) + LONG + 1);

	memcpy(body, form, before);
	memset(body + before, '7', LONG);
	(void)strcpy(body + before + LONG, form + before + 1);
	return body;
}

static void post_long(struct given *given, const char *topic, const char *form)
{
	char *body = with_digits(form);

	assert_int_equal(post(given, topic, body), STORED);
	free(body);
}

#define ATTEMPT                                                                              \
	"{\"id\":7263019001,\"admin_graphql_api_id\":"                                       \
	"\"gid://shopify/SubscriptionBillingAttempt/7263019001\",\"idempotency_key\":\"k\"," \
	"\"order_id\":5778367001001,\"ready\":true,\"subscription_contract_id\":#}"
#define ORDER(id)                                                                    \
	"{\"order\":{\"id\":" id ",\"customer\":{\"id\":77},\"status\":\"success\"," \
	"\"type\":\"recurring\",\"line_items\":[]}}"
/* One that names Shopify's id of ReCharge's customer 77. */
#define ACCOUNT                                                                             \
	"{\"customer\":{\"id\":77,\"email\":\"alma@example.com\",\"external_customer_id\":" \
	"{\"ecommerce\":\"7001\"}}}"

/* The number of the dead letters whose reason has a text. */
static int dead_letters(struct given *given, const char *reason)
{
	struct text answer = {0};
	int count = 0;

	assert_int_equal(api_handle(given->engine, "GET", "/dead", "", NULL, 0, &answer), 200);
	for (const char *at = text_string(&answer); (at = strstr(at, reason)) != NULL; at++)
		count++;
	text_free(&answer);
	return count;
}

static void is_dead(struct given *given, const char *topic, int64_t received)
{
	assert_int_equal(topic_number(given, topic, "received"), received);
	assert_int_equal(topic_number(given, topic, "dead"), 1);
	assert_int_equal(topic_number(given, topic, "ignored"), received - 1);
}

static void one_that_waited_for_its_order_in_vain_is_a_dead_letter(void **state)
{
	static const char topic[] = "subscription_billing_attempts/success";
	struct given *given = *state;
	struct text answer = {0};

	clock_hold(noon());
	post_long(given, topic, ATTEMPT);
	assert_int_equal(topic_number(given, topic, "ignored"), 1);
	turn_at(given, noon() + MINUTE);
	is_dead(given, topic, 1);
	assert_int_equal(dead_letters(given, "over 32,000 bytes"), 1);
	/* mapped again, its time to wait is over at once */
	assert_int_equal(api_handle(given->engine, "POST", "/dead/requeue", "", "{\"all\":true}",
				 12, &answer),
		200);
	text_free(&answer);
	is_dead(given, topic, 1);
	assert_int_equal(dead_letters(given, "over 32,000 bytes"), 1);
}

/* ---- what cannot be read any more ---- */

struct spoiling {
	struct task task; /* first: `run` gets its address */
	const char *body; /* NULL to remove the delivery */
};

static void add_waiting(struct text *json, int64_t delivery, const char *body)
{
	json_add_comma(json);
	text_put(json, "{");
	json_add_member(json, "topic", "recharge:order/processed");
	json_add_number(json, "delivery", delivery);
	json_add_number(json, "received", noon());
	json_add_member(json, "body", body);
	text_put(json, "}");
}

/* Makes the first body that waits another one; the second one stays. */
static int spoil(struct engine *engine, struct task *task, struct error *error)
{
	const struct spoiling *spoiling = (struct spoiling *)task;
	struct text json = {0};
	int result;

	if (spoiling->body == NULL)
		return store_drop_row(engine_store(engine), STORE_DELIVERIES, 1, error);
	text_put(&json, "{\"bodies\":[");
	add_waiting(&json, 1, spoiling->body);
	add_waiting(&json, 2, ORDER("32"));
	text_put(&json, "]}");
	result = store_put_record(engine_store(engine), SHOP, "customer_deferred", "77",
		text_string(&json), INT64_MAX, error);
	text_free(&json);
	return result;
}

static void post_and_spoil(struct given *given, const char *body)
{
	struct spoiling spoiling = {.task = {.run = spoil}, .body = body};

	clock_hold(noon());
	assert_int_equal(post(given, "recharge:order/processed", ORDER("31")), STORED);
	assert_int_equal(post(given, "recharge:order/processed", ORDER("32")), STORED);
	assert_int_equal(engine_call(given->engine, &spoiling.task, &given->error), 0);
}

static void one_that_is_no_order_after_the_wait(void **state, const char *body)
{
	post_and_spoil(*state, body);
	turn_at(*state, noon() + HOUR);
	is_dead(*state, "recharge:order/processed", 2);
	assert_int_equal(outbox_number(*state, "queued"), 1); /* of the second one */
}

static void one_that_cannot_be_read_is_a_dead_letter(void **state)
{
	one_that_is_no_order_after_the_wait(state, "{");
}

static void one_that_is_no_object_is_a_dead_letter(void **state)
{
	one_that_is_no_order_after_the_wait(state, "[]");
}

static void one_without_an_id_is_a_dead_letter(void **state)
{
	one_that_is_no_order_after_the_wait(state, "{\"order\":{\"id\":\"x\"}}");
}

/* Nor does it spoil the delivery that ends its wait. */
static void the_delivery_that_ends_the_wait_is_mapped(void **state)
{
	post_and_spoil(*state, "[]");
	assert_int_equal(post(*state, "recharge:customer/updated", ACCOUNT), STORED);
	is_dead(*state, "recharge:order/processed", 2);
	assert_int_equal(topic_number(*state, "recharge:customer/updated", "mapped"), 1);
}

/* It is named in the log alone, and the counters stay as they are. */
static void one_that_is_not_stored_any_more_leaves_no_dead_letter(void **state)
{
	static const char topic[] = "subscription_billing_attempts/success";
	struct given *given = *state;
	struct spoiling spoiling = {.task = {.run = spoil}};

	clock_hold(noon());
	post_long(given, topic, ATTEMPT);
	assert_int_equal(engine_call(given->engine, &spoiling.task, &given->error), 0);
	turn_at(given, noon() + HOUR);
	assert_int_equal(topic_number(given, topic, "ignored"), 1);
	assert_int_equal(topic_number(given, topic, "dead"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, let_run)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_that_waited_for_its_order_in_vain_is_a_dead_letter),
		TEST(one_that_cannot_be_read_is_a_dead_letter),
		TEST(one_that_is_no_object_is_a_dead_letter),
		TEST(one_without_an_id_is_a_dead_letter),
		TEST(the_delivery_that_ends_the_wait_is_mapped),
		TEST(one_that_is_not_stored_any_more_leaves_no_dead_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
