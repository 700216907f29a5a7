/* The erasure of a customer: which records lead to which, and which messages go. */
#include "logging.h"
#include "turning.h"

#define REDACT(id)                                                                 \
	"{\"shop_id\":90001,\"shop_domain\":\"" SHOP "\",\"customer\":{\"id\":" id \
	"},\"orders_to_redact\":[]}"

static int64_t noon(void)
{
	return time_parse("2026-11-23T12:00:00Z");
}

static int begin(void **state)
{
	clock_hold(noon());
	return set_up(state);
}

static int let_run(void **state)
{
	clock_hold(TIME_UNKNOWN);
	return tear_down(state);
}

/* ---- the content of the store ---- */

struct looking {
	struct task task;
	enum store_table table;
	struct text text;
	int64_t timers;
};

static int add_record(void *context, const struct record *record)
{
	text_format(context, "%s %s %s\n", record->kind, record->key, record->json);
	return 0;
}

static int add_row(void *context, const struct stored_row *row)
{
	text_format(context, "%.*s\n", (int)row->length, row->json);
	return 0;
}

static int look_at_records(struct engine *engine, struct task *task, struct error *error)
{
	struct looking *looking = (struct looking *)task;

	return store_each_record(
		engine_store(engine), SHOP, "", "", 1000, add_record, &looking->text, error);
}

static int look_at_rows(struct engine *engine, struct task *task, struct error *error)
{
	struct looking *looking = (struct looking *)task;

	return store_each_row(engine_store(engine), looking->table, SHOP, 0, INT32_MAX, add_row,
		&looking->text, error);
}

static int count_timers(struct engine *engine, struct task *task, struct error *error)
{
	return store_count_timers(engine_store(engine), &((struct looking *)task)->timers, error);
}

static char *records(struct given *given)
{
	struct looking looking = {.task = {.run = look_at_records}};

	assert_int_equal(engine_call(given->engine, &looking.task, &given->error), 0);
	return text_take(&looking.text);
}

static char *rows(struct given *given, enum store_table table)
{
	struct looking looking = {.task = {.run = look_at_rows}, .table = table};

	assert_int_equal(engine_call(given->engine, &looking.task, &given->error), 0);
	return text_take(&looking.text);
}

static void assert_in(char *text, const char *part, bool is_in)
{
	if ((text != NULL && strstr(text, part) != NULL) != is_in)
		fail_msg("%s\n%s %s", text, is_in ? "has no" : "has", part);
	free(text);
}

static void erase(struct given *given, const char *redact)
{
	struct looking counting = {.task = {.run = count_timers}, .timers = 1};

	assert_int_equal(post(given, "customers/redact", redact), STORED);
	for (int i = 1; counting.timers > 0; i++) {
		assert_true(i < 1000);
		clock_hold(noon() + HOUR + i * 10);
		assert_int_equal(engine_call(given->engine, &counting.task, &given->error), 0);
	}
}

/* ---- the destination refuses all aliases ---- */

struct refusing {
	struct task task;
	struct arena *arena;
	int count;
};

static int refuse_aliases(struct engine *engine, struct task *task, struct error *error)
{
	struct refusing *refusing = (struct refusing *)task;
	const struct claim_limits limits = {100, 100000};
	struct message *messages;
	size_t count;

	if (engine_claim(engine, "map", &limits, refusing->arena, &messages, &count, error) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		int64_t dead;

		if (strstr(messages[i].json, "\"type\":\"alias\"") == NULL)
			continue;
		if (engine_ack_dead(engine, "map", messages[i].id, 400, "refused", &dead, error) !=
			0)
			return -1;
		refusing->count++;
	}
	return 0;
}

static void make_dead_letters(struct given *given, int count)
{
	struct refusing refusing = {.task = {.run = refuse_aliases}, .arena = arena_create(1024)};

	assert_int_equal(engine_call(given->engine, &refusing.task, &given->error), 0);
	assert_int_equal(refusing.count, count);
	arena_destroy(refusing.arena);
}

/* ---- an earlier userId ---- */

#define ORDER(id, customer, email, browser)                                                 \
	"{\"id\":" id ",\"created_at\":\"2026-11-23T10:00:00Z\",\"email\":\"contact-" id    \
	"@example.com\",\"customer\":{\"id\":" customer ",\"email\":\"" email               \
	"\"},\"note_attributes\":[{\"name\":\"_segment_anonymous_id\",\"value\":\"" browser \
	"\"}]}"
#define CUSTOMER(id, email)                 \
	"{\"id\":" id ",\"email\":\"" email \
	"\",\"updated_at\":\"2026-11-23T11:00:00Z\",\"first_name\":\"Alma\"}"
#define MERGE(kept, deleted)                                                             \
	"{\"admin_graphql_api_customer_kept_id\":\"gid://shopify/Customer/" kept         \
	"\",\"admin_graphql_api_customer_deleted_id\":\"gid://shopify/Customer/" deleted \
	"\",\"status\":\"completed\"}"

/* The alias names only the userId of that time: an e-mail that the customer does not have now, and
 * that only `aliased_as` has kept. */
static void post_alias_of_an_earlier_address(struct given *given)
{
	struct shop *shop = &given->config->shops[0];

	shop->user_id = USER_ID_EMAIL;
	(void)post(given, "orders/create", ORDER("1", "711", "old@example.com", "browser-711"));
	(void)post(given, "orders/create", ORDER("2", "799", "nils@example.com", "browser-799"));
	shop->alias = false;
	(void)post(given, "customers/update", CUSTOMER("711", "new@example.com"));
	assert_in(records(given), "\"email\":\"new@example.com\"", true);
	assert_in(records(given), "\"aliased_as\":\"old@example.com\"", true);
	assert_in(rows(given, STORE_MESSAGES), "\"type\":\"alias\",\"userId\":\"old@", true);
}

static void a_message_under_an_earlier_address_goes(void **state)
{
	struct given *given = *state;

	post_alias_of_an_earlier_address(given);
	erase(given, REDACT("711"));
	assert_in(rows(given, STORE_MESSAGES), "old@example.com", false);
	assert_in(rows(given, STORE_MESSAGES), "\"type\":\"alias\",\"userId\":\"nils@", true);
	assert_in(records(given), "711", false);
	assert_in(records(given), "nils@example.com", true);
}

/* The second address has an alias, too, and only `user_ids` has kept it. */
static void an_alias_under_each_earlier_address_goes(void **state)
{
	struct given *given = *state;
	struct shop *shop = &given->config->shops[0];

	shop->user_id = USER_ID_EMAIL;
	(void)post(given, "orders/create", ORDER("1", "711", "a@example.com", "browser-711"));
	(void)post(given, "customers/update", CUSTOMER("711", "b@example.com"));
	(void)post(given, "orders/create", ORDER("3", "711", "b@example.com", "browser-712"));
	(void)post(given, "customers/update", CUSTOMER("711", "c@example.com"));
	(void)post(given, "orders/create", ORDER("4", "711", "c@example.com", "browser-713"));
	(void)post(given, "customers/update", CUSTOMER("711", "d@example.com"));
	assert_in(rows(given, STORE_MESSAGES), "\"type\":\"alias\",\"userId\":\"a@", true);
	assert_in(rows(given, STORE_MESSAGES), "\"type\":\"alias\",\"userId\":\"b@", true);
	assert_in(rows(given, STORE_MESSAGES), "\"type\":\"alias\",\"userId\":\"c@", true);
	erase(given, REDACT("711"));
	assert_in(rows(given, STORE_MESSAGES), "@example.com", false);
	assert_in(records(given), "@example.com", false);
}

/* Of more than are kept the oldest are left out; the newest are there. */
static void the_addresses_that_are_kept_are_bounded(void **state)
{
	struct given *given = *state;
	char body[160];

	given->config->shops[0].user_id = USER_ID_EMAIL;
	for (int i = 0; i < 40; i++) {
		(void)snprintf(body, sizeof(body),
			"{\"id\":711,\"email\":\"a%02d@example.com\",\"updated_at\":"
			"\"2026-11-23T11:00:%02dZ\"}",
			i, i);
		assert_int_equal(post(given, "customers/update", body), STORED);
	}
	assert_in(records(given), "\"user_ids\":[\"a08@example.com\",", true);
	assert_in(records(given), ",\"a39@example.com\"]", true);
}

static void a_dead_letter_under_an_earlier_address_goes(void **state)
{
	struct given *given = *state;

	post_alias_of_an_earlier_address(given);
	make_dead_letters(given, 2);
	erase(given, REDACT("711"));
	assert_in(rows(given, STORE_DEAD), "old@example.com", false);
	assert_in(rows(given, STORE_DEAD), "\"userId\":\"nils@example.com\"", true);
}

/* Records are read in the order of their keys: each customer leads to the one read before. */
static void customers_who_were_merged_lead_to_the_first_of_them(void **state)
{
	static const char *const merges[] = {MERGE("712", "711"), MERGE("713", "712"),
		MERGE("714", "713"), MERGE("715", "714"), MERGE("716", "715"), MERGE("717", "716")};
	struct given *given = *state;

	post_alias_of_an_earlier_address(given);
	for (size_t i = 0; i < COUNT_OF(merges); i++)
		assert_int_equal(post(given, "customers/merge", merges[i]), STORED);
	assert_in(records(given), "customer 711 {\"merged_into\":\"712\"", true);
	erase(given, REDACT("717"));
	assert_in(records(given), "customer 71", false);
	assert_in(rows(given, STORE_MESSAGES), "old@example.com", false);
	assert_in(rows(given, STORE_MESSAGES), "\"type\":\"alias\",\"userId\":\"nils@", true);
	assert_in(records(given), "nils@example.com", true);
}

static void merge_one_after_the_other(struct given *given, int first, int count)
{
	char body[256];

	for (int i = first + 1; i < first + count; i++) {
		(void)snprintf(body, sizeof(body),
			"{\"admin_graphql_api_customer_kept_id\":\"gid://shopify/Customer/%d\","
			"\"admin_graphql_api_customer_deleted_id\":\"gid://shopify/Customer/%d\","
			"\"status\":\"completed\"}",
			i, i - 1);
		assert_int_equal(post(given, "customers/merge", body), STORED);
	}
}

static void many_customers_who_were_merged_lead_to_the_first_of_them(void **state)
{
	struct given *given = *state;

	merge_one_after_the_other(given, 2001, 150);
	assert_in(records(given), "customer 2001 {\"merged_into\":\"2002\"", true);
	erase(given, REDACT("2150"));
	assert_in(records(given), "merged_into", false);
}

static void more_of_them_are_found_in_part_and_that_is_logged(void **state)
{
	struct given *given = *state;
	struct text answer = {0};
	char *log;

	merge_one_after_the_other(given, 2001, 250);
	/* each answer does as much as a turn may: on a slow machine that is little */
	while (answer.length == 0 || strstr(text_string(&answer), "\"running\":true") != NULL) {
		struct text body = {0};
		struct arena *arena = arena_create(1024);
		const cJSON *json =
			json_parse(arena, text_string(&answer), answer.length, &given->error);

		text_put(&body, "{");
		json_add_member(&body, "shop", SHOP);
		json_add_member(&body, "customer", "2250");
		json_add_member(&body, "state", json_text(json, "state"));
		text_put(&body, "}");
		text_cut(&answer, 0);
		assert_int_equal(api_handle(given->engine, "POST", "/erase/preview", "",
					 text_string(&body), body.length, &answer),
			200);
		text_free(&body);
		arena_destroy(arena);
	}
	assert_non_null(strstr(text_string(&answer), "\"partial\":true"));
	text_free(&answer);
	keep_log();
	erase(given, REDACT("2250"));
	log = logged();
	release_log();
	assert_int_equal(count_in(log, "customer data found in part"), 1);
	free(log);
	assert_in(records(given), "merged_into", true);
}

/* Links are read in the order of their tokens: the later one names the browser of the earlier, and
 * that one the checkout. */
static void an_address_leads_to_a_browser_and_its_other_checkouts(void **state)
{
	struct given *given = *state;

	(void)post(given, "checkouts/create",
		"{\"token\":\"a1\",\"currency\":\"USD\",\"note_attributes\":[{\"name\":\"_segment_"
		"anonymous_id\","
		"\"value\":\"browser-g\"}]}");
	(void)post(given, "checkouts/create",
		"{\"token\":\"k9\",\"email\":\"guest@example.com\",\"note_attributes\":[{\"name\":"
		"\"_segment_anonymous_id\",\"value\":\"browser-g\"}]}");
	(void)post(given, "checkouts/create",
		"{\"token\":\"b2\",\"currency\":\"USD\",\"note_attributes\":[{\"name\":\"_segment_"
		"anonymous_id\","
		"\"value\":\"browser-h\"}]}");
	assert_in(records(given), "checkout a1 ", true);
	erase(given, "{\"shop_id\":90001,\"shop_domain\":\"" SHOP
		     "\",\"customer\":{\"email\":\"guest@example.com\"},\"orders_to_redact\":[]}");
	assert_in(records(given), "browser-g", false);
	assert_in(records(given), "checkout k9 ", false);
	assert_in(records(given), "checkout a1 ", false);
	assert_in(records(given), "checkout b2 ", true);
	assert_in(rows(given, STORE_MESSAGES), "browser-g", false);
	assert_in(rows(given, STORE_MESSAGES), "browser-h", true);
}

/* ---- an alias of two customers ---- */

#define ALIAS(user, previous) \
	"\"type\":\"alias\",\"userId\":\"" user "\",\"previousId\":\"" previous "\""

static void post_merges(struct given *given)
{
	assert_int_equal(post(given, "customers/merge", MERGE("7110002", "7110001")), STORED);
	assert_int_equal(post(given, "customers/merge", MERGE("7110004", "7110003")), STORED);
	(void)post(given, "orders/create",
		ORDER("3", "7110005", "nils@example.com", "browser-of-two"));
	(void)post(
		given, "orders/create", ORDER("4", "7110006", "kim@example.com", "browser-of-two"));
}

static void assert_left(
	struct given *given, enum store_table table, bool first, bool second, bool third)
{
	assert_in(rows(given, table), ALIAS("7110002", "7110001"), first);
	assert_in(rows(given, table), ALIAS("7110004", "7110003"), second);
	assert_in(rows(given, table), ALIAS("7110005", "browser-of-two"), third);
	assert_in(rows(given, table), ALIAS("7110006", "browser-of-two"), true);
}

static void an_alias_of_their_earlier_id_goes(void **state)
{
	struct given *given = *state;

	post_merges(given);
	assert_left(given, STORE_MESSAGES, true, true, true);
	erase(given, REDACT("7110001"));
	assert_left(given, STORE_MESSAGES, false, true, true);
}

static void an_alias_of_another_id_with_theirs_goes(void **state)
{
	struct given *given = *state;

	post_merges(given);
	erase(given, REDACT("7110004"));
	assert_left(given, STORE_MESSAGES, true, false, true);
}

static void a_dead_alias_of_their_earlier_id_goes(void **state)
{
	struct given *given = *state;

	post_merges(given);
	make_dead_letters(given, 4);
	assert_left(given, STORE_DEAD, true, true, true);
	erase(given, REDACT("7110001"));
	assert_left(given, STORE_DEAD, false, true, true);
}

static void a_dead_alias_of_another_id_with_theirs_goes(void **state)
{
	struct given *given = *state;

	post_merges(given);
	make_dead_letters(given, 4);
	erase(given, REDACT("7110004"));
	assert_left(given, STORE_DEAD, true, false, true);
}

/* Two customers used one browser: the alias of the other one stays. */
static void an_alias_of_another_customer_with_their_browser_stays(void **state)
{
	struct given *given = *state;

	post_merges(given);
	erase(given, REDACT("7110005"));
	assert_left(given, STORE_MESSAGES, true, true, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_message_under_an_earlier_address_goes, begin, let_run),
		cmocka_unit_test_setup_teardown(
			a_dead_letter_under_an_earlier_address_goes, begin, let_run),
		cmocka_unit_test_setup_teardown(
			an_alias_under_each_earlier_address_goes, begin, let_run),
		cmocka_unit_test_setup_teardown(
			the_addresses_that_are_kept_are_bounded, begin, let_run),
		cmocka_unit_test_setup_teardown(
			many_customers_who_were_merged_lead_to_the_first_of_them, begin, let_run),
		cmocka_unit_test_setup_teardown(
			more_of_them_are_found_in_part_and_that_is_logged, begin, let_run),
		cmocka_unit_test_setup_teardown(
			customers_who_were_merged_lead_to_the_first_of_them, begin, let_run),
		cmocka_unit_test_setup_teardown(
			an_address_leads_to_a_browser_and_its_other_checkouts, begin, let_run),
		cmocka_unit_test_setup_teardown(an_alias_of_their_earlier_id_goes, begin, let_run),
		cmocka_unit_test_setup_teardown(
			an_alias_of_another_id_with_theirs_goes, begin, let_run),
		cmocka_unit_test_setup_teardown(
			a_dead_alias_of_their_earlier_id_goes, begin, let_run),
		cmocka_unit_test_setup_teardown(
			a_dead_alias_of_another_id_with_theirs_goes, begin, let_run),
		cmocka_unit_test_setup_teardown(
			an_alias_of_another_customer_with_their_browser_stays, begin, let_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
