/* What belongs to a person: all of it, and nothing of anybody else. */
#include "unit.h"

#include "engine/privacy/ownership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct given {
	struct arena *arena;
	struct identifiers identifiers;
};

static int set_up(void **state)
{
	static const char *const theirs[] = {"7106345812043", "Alma@Example.com", "cart-token-1",
		"browser-0001", "5778367001001", NULL};
	static struct given given;

	given.arena = arena_create(65536);
	given.identifiers = (struct identifiers){.arena = given.arena};
	for (int i = 0; theirs[i] != NULL; i++)
		assert_int_equal(identifiers_add(&given.identifiers, theirs[i]), 1);
	*state = &given;
	return 0;
}

static int tear_down(void **state)
{
	arena_destroy(((struct given *)*state)->arena);
	return 0;
}

static const cJSON *json(struct given *given, const char *text)
{
	struct error error;
	const cJSON *value = json_parse(given->arena, text, strlen(text), &error);

	assert_non_null(value);
	return value;
}

static void words_are_found_as_a_whole_in_any_case(void **state)
{
	struct given *given = *state;

	assert_true(identifiers_has(&given->identifiers, "alma@EXAMPLE.com"));
	assert_true(identifiers_has(&given->identifiers, "gid://shopify/Customer/7106345812043"));
	assert_false(identifiers_has(&given->identifiers, "710634581204"));
	assert_false(identifiers_has(&given->identifiers, "71063458120430"));
	assert_false(identifiers_has(&given->identifiers, ""));
	assert_false(identifiers_has(&given->identifiers, NULL));
	assert_int_equal(identifiers_add(&given->identifiers, "ALMA@example.com"), 0);
	assert_int_equal(identifiers_add(&given->identifiers, ""), 0);
	assert_int_equal(identifiers_add(&given->identifiers, NULL), 0);
}

static void many_words_are_all_found(void **state)
{
	struct given *given = *state;
	char identifier[32];

	for (int i = 0; i < 5000; i++) {
		(void)snprintf(identifier, sizeof(identifier), "word-%d", i * 7919 % 5000);
		assert_int_equal(identifiers_add(&given->identifiers, identifier), 1);
	}
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(identifier, sizeof(identifier), "word-%d", i);
		assert_true(identifiers_has(&given->identifiers, identifier));
	}
	assert_false(identifiers_has(&given->identifiers, "word-5000"));
}

/* As looking for each word at each place finds them. */
static bool are_in_slowly(const struct identifiers *identifiers, const char *text)
{
	for (size_t i = 0; i < identifiers->count; i++)
		if (strlen(identifiers->items[i]) >= 6 &&
			strcasestr(text, identifiers->items[i]) != NULL)
			return true;
	return false;
}

/* Words that begin with each other, texts of the same few letters. */
static void words_are_found_in_any_text(void **state)
{
	struct given *given = *state;
	int found = 0;

	srandom(7);
	for (int round = 0; round < 3000; round++) {
		struct identifiers identifiers = {.arena = given->arena};
		char text[64] = "";

		for (int i = 0; i < 12; i++) {
			char identifier[16] = "";
			size_t length = 1 + (size_t)random() % 10;

			for (size_t at = 0; at < length; at++)
				identifier[at] = "abB"[random() % 3];
			assert_true(identifiers_add(&identifiers, identifier) >= 0);
		}
		for (size_t at = 0; at < 40; at++)
			text[at] = "aAbx"[random() % (round % 2 == 0 ? 3 : 4)];
		assert_int_equal(identifiers_are_in_text(&identifiers, text, strlen(text)),
			are_in_slowly(&identifiers, text));
		found += are_in_slowly(&identifiers, text);
	}
	assert_true(found > 100 && found < 2900);
}

/* As many words as there may be, and a large text that begins with each of them at each place. */
static void many_words_are_looked_for_at_once(void **state)
{
	enum { LENGTH = 1 << 20 };
	struct given *given = *state;
	struct identifiers identifiers = {.arena = given->arena};
	char *text = malloc(LENGTH);

	assert_non_null(text);
	memset(text, '1', LENGTH);
	for (int i = 0; i < IDENTIFIERS_MAX; i++) {
		char identifier[32];

		(void)snprintf(identifier, sizeof(identifier), "1111111%05d", 20000 + i);
		assert_int_equal(identifiers_add(&identifiers, identifier), 1);
	}
	assert_false(identifiers_are_in_text(&identifiers, text, LENGTH));
	memcpy(text + LENGTH - 12, "111111139999", 12);
	assert_true(identifiers_are_in_text(&identifiers, text, LENGTH));
	free(text);
}

static void what_names_another_customer_is_not_theirs(void **state)
{
	struct given *given = *state;
	const struct identifiers *identifiers = &given->identifiers;

	assert_true(person_owns_delivery(identifiers, "orders/create",
		json(given, "{\"id\":1,\"customer\":{\"id\":7106345812043}}")));
	assert_false(person_owns_delivery(identifiers, "orders/create",
		json(given, "{\"id\":1,\"cart_token\":\"cart-token-1\",\"customer\":{\"id\":8}}")));
	assert_true(person_owns_delivery(
		identifiers, "carts/update", json(given, "{\"token\":\"cart-token-1\"}")));
	assert_true(person_owns_delivery(identifiers, "refunds/create",
		json(given, "{\"id\":1,\"order_id\":5778367001001}")));
	assert_true(person_owns_delivery(identifiers, "customers/redact",
		json(given, "{\"customer\":{\"id\":7106345812043}}")));
	assert_true(person_owns_delivery(identifiers, "customer.tags_added",
		json(given, "{\"customerId\":\"gid://shopify/Customer/7106345812043\"}")));
	assert_false(person_owns_delivery(identifiers, "products/update",
		json(given, "{\"id\":8151225532541,\"title\":\"Mug\"}")));
}

static void messages_go_by_their_customer(void **state)
{
	struct given *given = *state;
	const struct identifiers *identifiers = &given->identifiers;

	assert_true(person_owns_message(
		identifiers, json(given, "{\"anonymousId\":\"browser-0001\"}")));
	assert_true(person_owns_message(identifiers,
		json(given, "{\"userId\":\"alma@example.com\",\"previousId\":\"x\"}")));
	assert_false(person_owns_message(identifiers,
		json(given, "{\"anonymousId\":\"browser-0001\",\"context\":{\"externalIds\":"
			    "[{\"id\":\"8\"}]}}")));
}

static void a_short_number_tells_nothing(void **state)
{
	struct given *given = *state;

	assert_int_equal(identifiers_add(&given->identifiers, "191"), 1);
	assert_false(person_owns_message(&given->identifiers,
		json(given, "{\"anonymousId\":\"x\",\"properties\":{\"quantity\":191}}")));
	assert_true(person_owns_delivery(
		&given->identifiers, "customers/update", json(given, "{\"id\":191}")));
}

static void records_lead_from_one_to_the_next(void **state)
{
	static const struct record order = {"order", "5778367001002", NULL};
	static const struct record link = {"link", "cart-token-2", NULL};
	static const struct record cart = {"cart", "cart-token-2", NULL};
	struct given *given = *state;
	const cJSON *of_order = json(given, "{\"customer_id\":\"7106345812043\","
					    "\"cart_token\":\"cart-token-2\"}");

	assert_false(
		person_owns_record(&given->identifiers, &cart, json(given, "{}"), given->arena));
	assert_true(person_owns_record(&given->identifiers, &order, of_order, given->arena));
	assert_int_equal(person_collect(&given->identifiers, &order, of_order), 2);
	assert_int_equal(person_collect(&given->identifiers, &order, of_order), 0);
	assert_true(
		person_owns_record(&given->identifiers, &link, json(given, "{}"), given->arena));
	assert_true(
		person_owns_record(&given->identifiers, &cart, json(given, "{}"), given->arena));
	assert_false(person_owns_record(
		&given->identifiers, &link, json(given, "{\"customer_id\":\"8\"}"), given->arena));
	assert_false(person_owns_record(&given->identifiers,
		&(struct record){"product", "5778367001001", NULL}, json(given, "{}"),
		given->arena));
}

/* What a browser did under another cart, unless somebody else is named there. */
static void a_browser_leads_to_its_other_carts(void **state)
{
	static const struct record link = {"link", "cart-token-7", NULL};
	static const char *const of_nobody[] = {"{\"anonymous_id\":\"browser-0001\"}",
		"{\"browser\":{\"anonymous_id\":\"browser-0001\"}}",
		"{\"anonymous_id\":\"browser-0001\",\"derived_id\":\"x-1\"}"};
	static const char *const of_others[] = {
		"{\"anonymous_id\":\"browser-0001\",\"customer_id\":\"8\"}",
		"{\"anonymous_id\":\"browser-0001\",\"email\":\"nils@example.com\"}",
		"{\"anonymous_id\":\"browser-0001\",\"order\":\"5778367001009\"}",
		"{\"browser\":{\"anonymous_id\":\"browser-0001\"},\"joined\":\"9\"}",
		"{\"anonymous_id\":\"browser-0002\"}", "{}"};
	struct given *given = *state;
	const struct identifiers *identifiers = &given->identifiers;

	for (size_t i = 0; i < COUNT_OF(of_nobody); i++)
		assert_true(person_owns_record(
			identifiers, &link, json(given, of_nobody[i]), given->arena));
	for (size_t i = 0; i < COUNT_OF(of_others); i++)
		assert_false(person_owns_record(
			identifiers, &link, json(given, of_others[i]), given->arena));
	assert_true(person_owns_record(identifiers, &link,
		json(given, "{\"anonymous_id\":\"b-3\",\"joined\":\"7106345812043\"}"),
		given->arena));
	assert_false(person_owns_record(identifiers, &(struct record){"order", "1", NULL},
		json(given, of_nobody[0]), given->arena));
}

/* A subscriber: Shopify's id leads to ReCharge's, and that to all that ReCharge told. */
static void records_of_recharge_lead_from_one_to_the_next(void **state)
{
	static const struct record account = {"recharge_customer", "61345812", NULL};
	static const struct record waiting = {"customer_deferred", "61345812", NULL};
	static const struct record subscription = {"subscription", "253600001", NULL};
	static const struct record contract = {"contract", "4488765001", NULL};
	static const char charge[] = "{\"charge\":{\"id\":1,\"customer_id\":61345812}}";
	struct given *given = *state;
	const struct identifiers *identifiers = &given->identifiers;
	const cJSON *of_account =
		json(given, "{\"customer_id\":\"7106345812043\",\"email\":\"x@y.z\","
			    "\"derived_id\":\"made-up-1\"}");
	const cJSON *of_subscription = json(given, "{\"account\":\"61345812\"}");

	assert_false(person_owns_record(
		identifiers, &waiting, json(given, "{\"bodies\":[]}"), given->arena));
	assert_false(person_owns_record(identifiers, &subscription, of_subscription, given->arena));
	assert_false(
		person_owns_delivery(identifiers, "recharge:charge/failed", json(given, charge)));
	assert_true(person_owns_record(identifiers, &account, of_account, given->arena));
	assert_true(person_owns_record(identifiers, &account,
		json(given, "{\"email\":\"alma@example.com\"}"), given->arena));
	assert_false(person_owns_record(
		identifiers, &account, json(given, "{\"customer_id\":\"8\"}"), given->arena));
	assert_int_equal(person_collect(&given->identifiers, &account, of_account), 3);
	assert_true(person_owns_record(
		identifiers, &waiting, json(given, "{\"bodies\":[]}"), given->arena));
	assert_true(person_owns_record(identifiers, &subscription, of_subscription, given->arena));
	assert_true(
		person_owns_delivery(identifiers, "recharge:charge/failed", json(given, charge)));
	assert_false(person_owns_delivery(identifiers, "recharge:charge/failed",
		json(given, "{\"charge\":{\"id\":61345812,\"customer_id\":5}}")));
	assert_true(
		person_owns_message(identifiers, json(given, "{\"anonymousId\":\"made-up-1\"}")));
	assert_true(person_owns_record(identifiers, &contract,
		json(given, "{\"customer_id\":\"7106345812043\"}"), given->arena));
}

/* Also where the account's own record is gone, or names nobody yet. */
static void customer_and_subscription_lead_to_the_account(void **state)
{
	static const struct record customer = {"customer", "7106345812043", NULL};
	static const struct record subscription = {"subscription", "253600001", NULL};
	static const struct record account = {"recharge_customer", "61345812", NULL};
	static const struct record other = {"recharge_customer", "61345813", NULL};
	struct given *given = *state;
	const struct identifiers *identifiers = &given->identifiers;

	assert_false(person_owns_record(identifiers, &account, json(given, "{}"), given->arena));
	assert_int_equal(person_collect(&given->identifiers, &customer,
				 json(given, "{\"account\":\"61345812\",\"aliased\":\"b-2\"}")),
		2);
	assert_true(person_owns_record(identifiers, &account, json(given, "{}"), given->arena));
	assert_true(
		person_owns_message(identifiers, json(given, "{\"anonymousId\":\"x\",\"traits\":"
							     "{\"id\":\"61345812\"}}")));
	assert_int_equal(person_collect(&given->identifiers, &subscription,
				 json(given, "{\"account\":\"61345813\"}")),
		2);
	assert_true(person_owns_record(identifiers, &other, json(given, "{}"), given->arena));
}

#define WAITING(topic, body) "{\"bodies\":[{\"topic\":\"" topic "\",\"body\":\"" body "\"}]}"

/* A customer of ReCharge's who is not known to be theirs is it by the e-mail, and nothing else. */
static void what_waits_is_theirs_by_its_bodies(void **state)
{
	static const struct record waiting = {"customer_deferred", "61345812", NULL};
	static const struct record order = {"order_deferred", "5778367001999", NULL};
	static const char by_browser[] =
		"{\"order\":{\"id\":1,\"customer_id\":5,\"note_attributes\":[\"browser-0001\"]}}";
	struct given *given = *state;
	const struct identifiers *identifiers = &given->identifiers;

	assert_true(person_owns_record(identifiers, &waiting,
		json(given, WAITING("recharge:subscription/created",
				    "{\\\"subscription\\\":{\\\"customer_id\\\":5,"
				    "\\\"email\\\":\\\"alma@example.com\\\"}}")),
		given->arena));
	assert_true(person_owns_record(identifiers, &order,
		json(given, WAITING("subscription_billing_attempts/success",
				    "{\\\"subscription_contract_id\\\":5778367001001}")),
		given->arena));
	assert_false(person_owns_record(identifiers, &waiting,
		json(given, WAITING("recharge:subscription/created",
				    "{\\\"subscription\\\":{\\\"customer_id\\\":5}}")),
		given->arena));
	assert_false(person_owns_record(identifiers, &waiting,
		json(given, WAITING("recharge:subscription/created", "{")), given->arena));
	assert_false(person_owns_delivery(
		identifiers, "recharge:order/processed", json(given, by_browser)));
}

static void what_is_no_json_is_searched_as_text(void **state)
{
	static const char broken[] = "{\"email\":\"Alma@example.com\",";
	struct given *given = *state;

	assert_true(identifiers_are_in_text(&given->identifiers, broken, sizeof(broken) - 1));
	assert_false(identifiers_are_in_text(&given->identifiers, broken, 20));
	assert_false(identifiers_are_in_text(&given->identifiers, NULL, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_browser_leads_to_its_other_carts),
		TEST(words_are_found_as_a_whole_in_any_case),
		TEST(many_words_are_all_found),
		TEST(words_are_found_in_any_text),
		TEST(many_words_are_looked_for_at_once),
		TEST(what_names_another_customer_is_not_theirs),
		TEST(messages_go_by_their_customer),
		TEST(a_short_number_tells_nothing),
		TEST(records_lead_from_one_to_the_next),
		TEST(records_of_recharge_lead_from_one_to_the_next),
		TEST(customer_and_subscription_lead_to_the_account),
		TEST(what_waits_is_theirs_by_its_bodies),
		TEST(what_is_no_json_is_searched_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
