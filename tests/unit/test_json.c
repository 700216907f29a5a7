/* JSON: digits survive, what is broken is refused with its place, what is odd is made safe. */
#include "unit.h"

#include "base/json.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct parsed {
	struct arena *arena;
	cJSON *value;
	struct error error;
};

static struct parsed parse_bytes(const char *body, size_t length)
{
	struct parsed parsed = {.arena = arena_create(256)};

	assert_non_null(parsed.arena);
	parsed.value = json_parse(parsed.arena, body, length, &parsed.error);
	return parsed;
}

static struct parsed parse(const char *body)
{
	return parse_bytes(body, strlen(body));
}

static void assert_reads(const char *body, const char *path, const char *expected)
{
	struct parsed parsed = parse(body);

	if (parsed.value == NULL)
		fail_msg("%s: %s", body, parsed.error.text);
	assert_string_equal(json_text(parsed.value, path), expected);
	arena_destroy(parsed.arena);
}

static void assert_refused(const char *body, const char *why)
{
	struct parsed parsed = parse(body);

	if (parsed.value != NULL)
		fail_msg("%s was taken for JSON", body);
	if (strstr(parsed.error.text, why) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", body, parsed.error.text, why);
	arena_destroy(parsed.arena);
}

static void digits_survive(void **state)
{
	(void)state;
	assert_reads("{\"id\":820982911946154508}", "id", "820982911946154508");
	assert_reads("{\"id\": 9007199254740993 }", "id", "9007199254740993");
	assert_reads("{\"id\":18446744073709551615}", "id", "18446744073709551615");
}

static void numbers_keep_their_form(void **state)
{
	static const char *const numbers[] = {
		"0", "-0", "19.90", "100.0", "1e400", "-1.5E-3", "123456.789012345678"};
	char body[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		(void)snprintf(body, sizeof(body), "[1,{\"n\":%s}]", numbers[i]);
		struct parsed parsed = parse(body);

		assert_non_null(parsed.value);
		assert_string_equal(
			json_text(cJSON_GetArrayItem(parsed.value, 1), "n"), numbers[i]);
		arena_destroy(parsed.arena);
	}
}

static void broken_json_is_refused(void **state)
{
	static const char *const bodies[] = {"", "{", "[1,]", "{\"a\":}", "{\"a\" 1}", "nul",
		"{} {}", "[] x", "{\"a\":1,}", "[1 2]", "\"a\" \"b\"", "}", "{]"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++)
		assert_refused(bodies[i], "not usable JSON");
	assert_refused("[01]", "a bad number at byte 2");
	assert_refused("[1.]", "a bad number at byte 2");
	assert_refused("[-]", "a bad number at byte 2");
	assert_refused("[+1]", "an unexpected character at byte 2");
	assert_refused("[.5]", "an unexpected character at byte 2");
	assert_refused("{1:2}", "a number in place of a name at byte 2");
	assert_refused("{\"a\":1,2:3}", "a number in place of a name at byte 8");
	assert_refused("[\"a\tb\"]", "a control character in a string at byte 4");
	assert_refused("[\"\\u12\"]", "a bad \\u escape");
	assert_refused("\xef\xbb\xbf{}", "an unexpected character at byte 1");
	assert_refused("[NaN]", "an unexpected character at byte 2");
}

static void odd_text_is_made_safe(void **state)
{
	(void)state;
	assert_reads("{\"a\":\"x\\u0000y\"}", "a", "x\xef\xbf\xbdy");
	assert_reads("{\"a\":\"\\ud83d\\ude00\"}", "a", "\xf0\x9f\x98\x80");
	assert_reads("{\"a\":\"\\ud83dx\"}", "a", "\xef\xbf\xbdx");
	assert_reads("{\"a\":\"\\ude00\"}", "a", "\xef\xbf\xbd");
	assert_reads("{\"a\":\"b\xff\xc0\xaf"
		     "c\"}",
		"a",
		"b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		"c");
	assert_reads("{\"a\":\"\xed\xa0\x80\"}", "a", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	assert_reads("{\"a\":\"\\u00e9\\u20AC\\\"\\\\\\b\\f\\n\\r\\t\"}", "a",
		"\xc3\xa9\xe2\x82\xac\"\\\b\f\n\r\t");
	assert_reads("{\"a\":\"\xc3\xa9\xf0\x9f\x98\x80\xc3\"}", "a",
		"\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd");
	assert_reads("{\"a\":\"https:\\/\\/x\"}", "a", "https://x");
}

static void nul_bytes_are_refused(void **state)
{
	struct parsed parsed = parse_bytes("{\"a\":1}\0", 8);

	(void)state;
	assert_null(parsed.value);
	arena_destroy(parsed.arena);
}

/* "[[[…]]]" of `depth` levels in `body`. */
static void nest(char *body, size_t depth)
{
	memset(body, '[', depth);
	memset(body + depth, ']', depth);
	body[2 * depth] = '\0';
}

static void depth_is_bounded(void **state)
{
	char body[2 * JSON_DEPTH_MAX + 3];
	struct parsed parsed;

	(void)state;
	nest(body, JSON_DEPTH_MAX);
	parsed = parse(body);
	assert_non_null(parsed.value);
	arena_destroy(parsed.arena);
	nest(body, JSON_DEPTH_MAX + 1);
	assert_refused(body, "more than 64 levels");
}

static void values_are_bounded(void **state)
{
	struct text body = {0};

	(void)state;
	text_put(&body, "[0");
	for (int i = 0; i < JSON_VALUES_MAX; i++)
		text_put(&body, ",0");
	text_put(&body, "]");
	assert_refused(text_string(&body), "more than 200000 values");
	text_free(&body);
}

static void paths_find_what_says_something(void **state)
{
	struct parsed parsed = parse("{\"a\":\"\",\"b\":null,\"c\":{\"d\":\"x\",\"e\":[]},\"f\":{},"
				     "\"g\":false,\"A\":\"upper\",\"h\":[\"y\"]}");
	const cJSON *value = parsed.value;

	(void)state;
	assert_null(json_at(value, "a"));
	assert_null(json_at(value, "b"));
	assert_null(json_at(value, "c.e"));
	assert_null(json_at(value, "f"));
	assert_null(json_at(value, "c.d.x"));
	assert_null(json_at(value, "h.y"));
	assert_null(json_at(NULL, "a"));
	assert_string_equal(json_text(value, "a|b|c.d"), "x");
	assert_string_equal(json_text(value, "A"), "upper");
	assert_non_null(json_at(value, "g"));
	assert_false(json_is_true(value, "g"));
	assert_ptr_equal(json_at(value, "."), value);
	assert_null(json_text(value, "c"));
	arena_destroy(parsed.arena);
}

static void what_is_written_can_be_read(void **state)
{
	struct text text = {0};

	(void)state;
	text_put(&text, "{");
	json_add_member(&text, "a", "q\"b\\s\n\r\t\x01\x7f\xf0\x9f\x98\x80");
	json_add_member(&text, "empty", "");
	json_add_member(&text, "nothing", NULL);
	json_add_number(&text, "n", -5);
	json_add_flag(&text, "f", true);
	text_put(&text, "}");
	assert_string_equal(text_string(&text), "{\"a\":\"q\\\"b\\\\s\\n\\r\\t\\u0001\\u007f"
						"\xf0\x9f\x98\x80\",\"n\":-5,\"f\":true}");
	text_free(&text);
}

static void objects_can_be_made(void **state)
{
	struct parsed parsed = parse("{\"in\":{\"x\":[1,true,null]}}");
	cJSON *object = json_object(parsed.arena);
	struct text text = {0};

	(void)state;
	assert_int_equal(json_refer(parsed.arena, object, "copy", json_at(parsed.value, "in")), 0);
	assert_int_equal(json_put_string(parsed.arena, object, "s", "one"), 0);
	assert_int_equal(json_put_string(parsed.arena, object, "s", "two"), 0);
	assert_int_equal(
		json_refer(parsed.arena, object, "same", json_at(parsed.value, "in.x")), 0);
	json_remove(object, "copy");
	json_add_value(&text, object);
	assert_string_equal(text_string(&text), "{\"s\":\"two\",\"same\":[\"1\",true,null]}");
	text_free(&text);
	arena_destroy(parsed.arena);
}

/* {"m0":"0","m1":"1",…} with `count` members. */
static struct parsed parse_wide(int count)
{
	struct text body = {0};
	struct parsed parsed;

	text_put(&body, "{");
	for (int i = 0; i < count; i++)
		text_format(&body, "%s\"m%d\":%d", i > 0 ? "," : "", i, i);
	text_put(&body, "}");
	parsed = parse(text_string(&body));
	assert_non_null(parsed.value);
	text_free(&body);
	return parsed;
}

static void assert_wide(const cJSON *object, int count)
{
	char name[16];
	char value[16];

	for (int i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "m%d", i);
		(void)snprintf(value, sizeof(value), "%d", i);
		assert_string_equal(json_text(object, name), value);
	}
	(void)snprintf(name, sizeof(name), "m%d", count);
	assert_null(json_at(object, name));
	assert_null(json_at(object, "m"));
	assert_null(json_at(object, ""));
}

/* However wide an object is, and however it was made. */
static void members_are_found(void **state)
{
	static const int widths[] = {1, 8, 9, 90, 256, 257, 1000, 20000};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(widths); i++) {
		struct parsed parsed = parse_wide(widths[i]);
		cJSON *object = json_object(parsed.arena);

		assert_wide(parsed.value, widths[i]);
		assert_wide(json_view(parsed.arena, parsed.value), widths[i]);
		assert_int_equal(json_refer(parsed.arena, object, "of", parsed.value), 0);
		assert_wide(json_at(object, "of"), widths[i]);
		arena_destroy(parsed.arena);
	}
}

static void members_change(void **state)
{
	struct parsed parsed = parse_wide(20);

	(void)state;
	assert_int_equal(json_put_string(parsed.arena, parsed.value, "m7", "seven"), 0);
	assert_int_equal(json_put_string(parsed.arena, parsed.value, "fresh", "new"), 0);
	json_remove(parsed.value, "m0");
	json_remove(parsed.value, "absent");
	assert_string_equal(json_text(parsed.value, "m7"), "seven");
	assert_string_equal(json_text(parsed.value, "fresh"), "new");
	assert_string_equal(json_text(parsed.value, "m19"), "19");
	assert_null(json_at(parsed.value, "m0"));
	arena_destroy(parsed.arena);
}

/* An overlay has what is below it, but for what it has itself. */
static void an_overlay_hides_what_is_below(void **state)
{
	static const int widths[] = {1, 8, 9, 256, 257, 5000};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(widths); i++) {
		struct parsed parsed = parse_wide(widths[i]);
		cJSON *overlay = json_overlay(parsed.arena, parsed.value);
		cJSON *second = json_overlay(parsed.arena, overlay);

		assert_wide(overlay, widths[i]);
		assert_wide(second, widths[i]);
		assert_int_equal(json_put_string(parsed.arena, overlay, "m0", "mine"), 0);
		assert_string_equal(json_text(overlay, "m0"), "mine");
		assert_string_equal(json_text(second, "m0"), "mine");
		assert_string_equal(json_text(parsed.value, "m0"), "0");
		json_remove(overlay, "m0");
		assert_wide(overlay, widths[i]);
		arena_destroy(parsed.arena);
	}
}

static void an_overlay_needs_no_object_below(void **state)
{
	struct parsed parsed = parse("[1,2]");
	cJSON *of_list = json_overlay(parsed.arena, parsed.value);
	cJSON *of_nothing = json_overlay(parsed.arena, NULL);

	(void)state;
	assert_null(json_at(of_list, "a"));
	assert_null(json_at(of_nothing, "a"));
	assert_int_equal(json_put_string(parsed.arena, of_nothing, "a", "b"), 0);
	assert_string_equal(json_text(of_nothing, "a"), "b");
	arena_destroy(parsed.arena);
}

static void the_first_of_two_counts(void **state)
{
	(void)state;
	assert_reads("{\"a\":1,\"a\":2}", "a", "1");
	assert_reads("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,"
		     "\"a\":2,\"h\":2}",
		"h", "1");
}

#define BODY(text) (text), sizeof(text) - 1

/* Whoever appends to a body must not get it parsed, and is told from a body that is broken. */
static void what_follows_a_body_is_seen(void **state)
{
	static const struct {
		const char *body;
		size_t length;
		bool is_followed;
	} bodies[] = {
		{BODY("{}"), false},
		{BODY("{\"a\":[1,{\"b\":2}]} \r\n\t"), false},
		{BODY("{\"a\":\"}\\\"}\"}"), false},
		{BODY(""), false},
		{BODY("{\"a\":1"), false},
		{BODY("{\"a\":x}"), false},
		{BODY("{\"a\":\"cut off"), false},
		{BODY("{\"a\":\"cut off\\"), false},
		{BODY("{}x"), true},
		{BODY("{}\0"), true},
		{BODY("{} \x80\0\0"), true},
		{BODY("{\"a\":\"}\"} {\"a\":2}"), true},
		{BODY("[]]"), true},
		{BODY("}{"), true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct parsed parsed = parse_bytes(bodies[i].body, bodies[i].length);
		bool is_followed = json_is_followed(bodies[i].body, bodies[i].length);

		if (is_followed != bodies[i].is_followed)
			fail_msg("body %zu: followed or not", i);
		assert_false(is_followed && parsed.value != NULL);
		arena_destroy(parsed.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_survive),
		cmocka_unit_test(numbers_keep_their_form),
		cmocka_unit_test(broken_json_is_refused),
		cmocka_unit_test(odd_text_is_made_safe),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(values_are_bounded),
		cmocka_unit_test(what_follows_a_body_is_seen),
		cmocka_unit_test(paths_find_what_says_something),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(objects_can_be_made),
		cmocka_unit_test(members_are_found),
		cmocka_unit_test(members_change),
		cmocka_unit_test(an_overlay_hides_what_is_below),
		cmocka_unit_test(an_overlay_needs_no_object_below),
		cmocka_unit_test(the_first_of_two_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
