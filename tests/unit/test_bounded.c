/* What bounds the work of one delivery: the budget of the mapping, and that a message is written no
 * further than it can be sent. */
#include "remembering.h"

#include "base/json.h"
#include "base/steps.h"

#include <stdio.h>

static const char order_head[] = "{\"id\":5001,\"name\":\"#1\",\"currency\":\"EUR\","
				 "\"created_at\":\"2026-11-23T11:59:00Z\","
				 "\"checkout_token\":\"c1\",\"total_price\":\"1.00\"";

/* An order with a list of so many items; `item` is a format that takes their number twice. */
static void put_list(struct text *body, const char *name, const char *item, int count)
{
	text_format(body, ",\"%s\":[", name);
	for (int i = 0; i < count; i++) {
		char number[16];
		const char *at = item;

		(void)snprintf(number, sizeof(number), "%d", i);
		text_put(body, i > 0 ? "," : "");
		for (const char *hash; (hash = strchr(at, '#')) != NULL; at = hash + 1) {
			text_add(body, at, (size_t)(hash - at));
			text_put(body, number);
		}
		text_put(body, at);
	}
	text_put(body, "]");
}

static void map_order(struct given *given, const char *name, const char *item, int count)
{
	struct text body = {0};

	text_put(&body, order_head);
	put_list(&body, name, item, count);
	text_put(&body, "}");
	map(given, "orders/create", text_string(&body));
	text_free(&body);
}

static void assert_over_budget(const struct given *given)
{
	static const char reason[] = "mapping budget exceeded: ";

	assert_int_equal(given->mapped.status, MAP_INVALID);
	assert_non_null(given->mapped.reason);
	assert_memory_equal(given->mapped.reason, reason, sizeof(reason) - 1);
	assert_null(given->mapped.calls);
	assert_null(given->mapped.last);
}

/* ---- the budget ---- */

static const char code[] = "{\"code\":\"c#\",\"amount\":\"1.00\"}";

/* As many codes as no shop has: nothing is told of the order, nothing is remembered, and the next
 * one is mapped. */
static void what_takes_too_much_work_is_set_aside(void **state)
{
	struct given *given = *state;

	map_order(given, "discount_codes", code, 20000);
	assert_over_budget(given);
	assert_null(given->memory.records);
	map_order(given, "discount_codes", code, 3);
	assert_int_equal(given->mapped.status, MAP_EVENTS);
	assert_int_equal(calls(given), 4);
	assert_null(given->mapped.reason);
}

/* The count is of what the body asks for: it is the same again, and on each machine. */
static void the_budget_does_not_depend_on_time(void **state)
{
	struct given *given = *state;
	uint64_t before = steps_done;
	uint64_t first;

	map_order(given, "discount_codes", code, 100);
	first = steps_done - before;
	map_records_free(&given->memory);
	given->memory = (struct map_records){0};
	before = steps_done;
	map_order(given, "discount_codes", code, 100);
	assert_int_equal(steps_done - before, first);
	assert_true(first > 1000);
}

/* The largest cart of Shopify's, all of it added at once. */
static void the_largest_cart_is_within_the_budget(void **state)
{
	struct given *given = *state;
	struct text body = {0};

	text_put(&body, "{\"token\":\"t1\",\"updated_at\":\"2026-11-23T11:59:00Z\"");
	put_list(&body, "line_items",
		"{\"key\":\"k#\",\"variant_id\":#,\"product_id\":#,\"quantity\":1,\"price\":\"1."
		"00\","
		"\"line_price\":\"1.00\",\"title\":\"a title as long as they are, with all of "
		"it\"}",
		500);
	text_put(&body, "}");
	map(given, "carts/create", text_string(&body));
	assert_true(run_out(given));
	assert_int_equal(given->mapped.status, MAP_EVENTS);
	assert_int_equal(calls(given), 500);
	assert_last_has(given, "\"value\":500.00,\"products\":[{\"product_id\":\"0\"");
	assert_last_has(given, "\"products_truncated\":true,\"products_count\":500");
	text_free(&body);
}

/* A timer is bounded, too; what it would have told is not taken for told. */
static void a_timer_that_takes_too_much_work_is_set_aside(void **state)
{
	struct given *given = *state;
	struct record_store memory = map_records_store(&given->memory);
	struct text record = {0};
	const char *after;

	text_put(&record, "{\"token\":\"t1\",\"updated_at\":\"2026-11-23T11:59:00Z\","
			  "\"changed_at\":\"2026-11-23T11:59:00Z\",\"since\":1");
	put_list(&record, "lines", "{\"key\":\"k#\",\"quantity\":\"1\"}", 20000);
	text_put(&record, "}");
	assert_int_equal(memory.put(memory.context, "cart", "t1", text_string(&record)), 0);
	assert_int_equal(memory.set_timer(memory.context, "cart", "t1", 1000), 0);
	assert_true(run_out(given));
	assert_over_budget(given);
	assert_int_equal(memory.get(memory.context, "cart", "t1", given->arena, &after), 0);
	assert_string_equal(after, text_string(&record));
	text_free(&record);
}

/* ---- sizes ---- */

static int count_in(const char *text, const char *part)
{
	int count = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		count++;
	return count;
}

/* Lists of lines whose titles grow: the message has as many as fit, and never more. */
static void a_cut_list_has_as_many_as_fit(void **state)
{
	enum { LINES = 150, ROOM = 32000 - 100, NAME_MOST = 400 };
	struct given *given = *state;
	int cut = 0;

	for (int title = 1; title < 300; title += 7) {
		char item[512];
		const struct segment_call *call;
		int written;

		(void)snprintf(item, sizeof(item),
			"{\"product_id\":7,\"quantity\":1,\"title\":\"%0*d\"}", title, 0);
		map_order(given, "line_items", item, LINES);
		call = last_call(given);
		written = count_in(call->json, "{\"product_id\"");
		assert_true(call->json_length <= ROOM);
		if (strstr(call->json, "products_truncated") == NULL) {
			assert_int_equal(written, LINES);
			continue;
		}
		cut++;
		assert_true(written < LINES);
		assert_true(call->json_length + strlen(item) + NAME_MOST > ROOM);
		assert_last_has(given, "\"products_count\":150");
	}
	assert_true(cut > 3);
}

/* One line is too long for any message: those before it are there. */
static void a_line_that_is_too_long_ends_the_list(void **state)
{
	struct given *given = *state;
	struct text body = {0};

	text_format(&body, "%s,\"line_items\":[{\"product_id\":1},{\"product_id\":2,\"title\":\"",
		order_head);
	for (int i = 0; i < 40000; i++)
		text_put(&body, "x");
	text_put(&body, "\"},{\"product_id\":3}]}");
	map(given, "orders/create", text_string(&body));
	assert_last_has(given, "\"products\":[{\"product_id\":\"1\"");
	assert_last_has(given, "\"products_truncated\":true,\"products_count\":3");
	assert_last_has_not(given, "\"product_id\":\"2\"");
	text_free(&body);
}

/* Each level of shrinking takes out its own part, and no more. */
static void what_is_left_out_leaves_valid_json(void **state)
{
	struct given *given = *state;
	struct error error;

	map(given, "products/create",
		"{\"id\":7,\"handle\":\"a-mug-of-a-rather-long-name\","
		"\"image\":{\"src\":\"https://cdn.example/a-picture-of-a-mug.jpg\"}}");
	for (int lines = 50; lines < 200; lines++) {
		const struct segment_call *call;
		bool has_links;
		bool has_properties;

		map_order(given, "line_items",
			"{\"product_id\":7,\"variant_id\":#,\"quantity\":1,\"properties\":[{"
			"\"name\":"
			"\"engraving\",\"value\":\"a name\"}]}",
			lines);
		call = last_call(given);
		assert_non_null(json_parse(given->arena, call->json, call->json_length, &error));
		has_links = strstr(call->json, "image_url") != NULL;
		has_properties = strstr(call->json, "engraving") != NULL;
		assert_true(has_properties || !has_links);
		assert_int_equal(count_in(call->json, "\"url\""), has_links ? lines : 0);
		assert_int_equal(count_in(call->json, "engraving"), has_properties ? lines : 0);
	}
	assert_last_has_not(given, "engraving");
}

/* ---- joined texts ---- */

/* Tags that are all different, and more than a message can hold; and many that are alike. */
static void joined_texts_are_bounded(void **state)
{
	struct given *given = *state;
	struct text body = {0};

	text_format(&body, "%s,\"tags\":\"", order_head);
	for (int i = 0; i < 20000; i++)
		text_format(&body, "%st%d, same", i > 0 ? ", " : "", i);
	text_put(&body, "\"}");
	map(given, "orders/create", text_string(&body));
	assert_int_equal(given->mapped.status, MAP_EVENTS);
	assert_last_has(given, "\"affiliation\":\"t0,same,t1,t2,t3,");
	assert_true(last_call(given)->json_length < 3000); /* its texts are cut */
	text_free(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_takes_too_much_work_is_set_aside),
		TEST(the_budget_does_not_depend_on_time),
		TEST(the_largest_cart_is_within_the_budget),
		TEST(a_timer_that_takes_too_much_work_is_set_aside),
		TEST(a_cut_list_has_as_many_as_fit),
		TEST(a_line_that_is_too_long_ends_the_list),
		TEST(what_is_left_out_leaves_valid_json),
		TEST(joined_texts_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
