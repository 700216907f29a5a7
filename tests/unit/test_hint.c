/* Hints of the storefront: what is kept of them, and what is refused. */
#include "unit.h"

#include "base/clock.h"
#include "receive/sources/hint.h"
#include "receive/sources/scripts.h"

#include <stdio.h>
#include <string.h>

#define NOW "2026-11-23T12:00:00.000Z"
#define HEAD "{\"v\":1,\"shop\":\"a.myshopify.com\",\"cartToken\":\"tok\""
#define KEPT "{\"shop\":\"a.myshopify.com\",\"cart_token\":\"tok\""

static int read_hint(const char *body, struct text *kept, struct error *error)
{
	struct hint_request request = {.ip = "203.0.113.9", .now = time_parse(NOW)};
	struct arena *arena = arena_create(4096);
	const cJSON *posted = json_parse(arena, body, strlen(body), error);
	int result;

	text_cut(kept, 0);
	result = posted != NULL ? hint_read(posted, &request, kept, error) : -1;
	arena_destroy(arena);
	return result;
}

static void keeps_what_is_known(void **state)
{
	static const struct {
		const char *posted; /* behind HEAD */
		const char *kept;   /* behind KEPT */
	} cases[] = {
		{"", ""},
		{",\"other\":1,\"email\":\"a@b.c\"", ""},
		{",\"locale\":\"en-US\"", ",\"locale\":\"en-US\""},
		{",\"locale\":null,\"campaign\":{},\"page\":{\"url\":\"\"}", ""},
		{",\"googleClientId\":12.34", ",\"google_client_id\":\"12.34\""},
		{",\"campaign\":{\"name\":\"Winter & co\",\"other\":\"x\"}",
			",\"campaign\":{\"name\":\"Winter & co\"}"},
		{",\"campaign\":{\"name\":\"w\",\"term\":\"alma@example\"}",
			",\"campaign\":{\"name\":\"w\"}"},
		{",\"campaign\":{\"name\":\"100% \",\"term\":\"alma%2540example\"}",
			",\"campaign\":{\"name\":\"100% \"}"},
		{",\"consent\":{\"analytics\":true,\"saleOfData\":false}",
			",\"consent\":{\"analytics\":true,\"sale_of_data\":false}"},
		/* the key of a cart gives access to it */
		{",\"page\":{\"url\":\"https://a.example/c?key=s\",\"search\":\"?page=1&key=s\"}",
			",\"page\":{\"url\":\"https://a.example/c\",\"search\":\"?page=1\"}"},
		{",\"page\":{\"path\":\"/cart/c/Z2Nw?key=s\"}", ",\"page\":{\"path\":\"/cart\"}"},
		/* whatever the browser left in an address goes, too */
		{",\"page\":{\"path\":\"/account/reset/7/x\",\"search\":\"?x=1\",\"referrer\":"
		 "\"https://a:b@a.example/account/reset/7/x?y=a%40b\"}",
			",\"page\":{\"path\":\"/account\",\"referrer\":"
			"\"https://a.example/account\"}"},
		{",\"page\":{\"url\":\"https://a.example/c?variant=s\",\"path\":\"/c\"}",
			",\"page\":{\"url\":\"https://a.example/c?variant=s\",\"path\":\"/c\"}"},
		/* an app led to the page */
		{",\"page\":{\"referrer\":\"android-app://com.search.example/\"}",
			",\"page\":{\"referrer\":\"android-app://com.search.example/\"}"},
		/* a browser's clock tells a time that can be, or none */
		{",\"event\":{\"name\":\"checkout_started\",\"time\":\"2026-11-23T11:00:00Z\"}",
			",\"event\":{\"name\":\"checkout_started\",\"time\":\"2026-11-23T11:00:00."
			"000Z\"}"},
		{",\"event\":{\"name\":\"checkout_started\",\"time\":\"2026-11-23T13:00:00Z\"}",
			",\"event\":{\"name\":\"checkout_started\",\"time\":\"" NOW "\"}"},
		{",\"event\":{\"name\":\"checkout_started\",\"time\":\"2026-11-21T11:00:00Z\"}",
			",\"event\":{\"name\":\"checkout_started\",\"time\":\"" NOW "\"}"},
		{",\"event\":{\"name\":\"checkout_started\",\"time\":\"now\"}",
			",\"event\":{\"name\":\"checkout_started\",\"time\":\"" NOW "\"}"},
	};
	struct text kept = {0};
	struct error error;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char body[1024];
		char expected[1024];

		(void)snprintf(body, sizeof(body), HEAD "%s}", cases[i].posted);
		(void)snprintf(expected, sizeof(expected), KEPT "%s,\"ip\":\"203.0.113.9\"}",
			cases[i].kept);
		if (read_hint(body, &kept, &error) != 0)
			fail_msg("case %zu: %s", i, error.text);
		assert_string_equal(text_string(&kept), expected);
	}
	text_free(&kept);
}

static void cuts_the_key_off_a_token(void **state)
{
	struct text kept = {0};
	struct error error;

	(void)state;
	assert_int_equal(read_hint("{\"v\":1,\"shop\":\"a\",\"checkoutToken\":\"c\","
				   "\"cartToken\":\"Z2Nw?key=0a\"}",
				 &kept, &error),
		0);
	assert_string_equal(text_string(&kept), "{\"shop\":\"a\",\"cart_token\":\"Z2Nw\","
						"\"checkout_token\":\"c\",\"ip\":\"203.0.113.9\"}");
	text_free(&kept);
}

static void names_what_is_wrong(void **state)
{
	static const struct {
		const char *body;
		const char *error;
	} cases[] = {
		{"[]", "the body is not a JSON object"},
		{"{\"shop\":\"a\",\"cartToken\":\"t\"}", "v: must be 1"},
		{"{\"v\":2,\"shop\":\"a\",\"cartToken\":\"t\"}", "v: must be 1"},
		{"{\"v\":1,\"cartToken\":\"t\"}", "shop: is missing"},
		{"{\"v\":1,\"shop\":\"a\"}", "cartToken and checkoutToken are missing"},
		{HEAD ",\"anonymousId\":{\"a\":1}}", "anonymousId: is not a string"},
		{HEAD ",\"anonymousId\":\"a b\"}",
			"anonymousId: is too long or has an invalid format"},
		{HEAD ",\"checkoutToken\":\"?key=a\"}",
			"checkoutToken: is too long or has an invalid format"},
		{HEAD ",\"page\":\"x\"}", "page: is not an object"},
		{HEAD ",\"page\":{\"url\":\"javascript:alert(1)\"}}",
			"page.url: is too long or has an invalid format"},
		{HEAD ",\"page\":{\"path\":\"x\"}}",
			"page.path: is too long or has an invalid format"},
		{HEAD ",\"consent\":{\"analytics\":\"yes\"}}",
			"consent.analytics: is neither true nor false"},
		{HEAD ",\"event\":{\"name\":\"page_viewed\",\"time\":\"" NOW "\"}}",
			"event.name: is too long or has an invalid format"},
		{HEAD ",\"event\":{\"name\":\"checkout_started\"}}",
			"event: the name or the time is missing"},
		{HEAD ",\"campaign\":{\"name\":\"a\\u0001b\"}}",
			"campaign.name: is too long or has an invalid format"},
	};
	struct text kept = {0};
	struct error error;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(read_hint(cases[i].body, &kept, &error), -1);
		assert_string_equal(error.text, cases[i].error);
	}
	text_free(&kept);
}

static void bounds_every_text(void **state)
{
	static const struct {
		const char *path;
		size_t most;
	} cases[] = {
		{"{\"v\":1,\"shop\":\"a\",\"cartToken\":\"%s\"}", 255},
		{HEAD ",\"anonymousId\":\"%s\"}", 128},
		{HEAD ",\"campaign\":{\"term\":\"%s\"}}", 255},
		{HEAD ",\"page\":{\"title\":\"%s\"}}", 255},
		{HEAD ",\"page\":{\"path\":\"/%s\"}}", 2047},
	};
	char text[4096];
	char body[8192];
	struct text kept = {0};
	struct error error;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		for (size_t length = cases[i].most; length <= cases[i].most + 1; length++) {
			memset(text, 'x', length);
			text[length] = '\0';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			(void)snprintf(body, sizeof(body), cases[i].path, text);
#pragma GCC diagnostic pop
			if (read_hint(body, &kept, &error) != (length > cases[i].most ? -1 : 0))
				fail_msg("case %zu, length %zu: %s", i, length, error.text);
		}
	}
	text_free(&kept);
}

/* The script cuts where JavaScript counts: no letter of it is one too many here. */
static void counts_letters_as_the_browser_does(void **state)
{
	static const struct {
		const char *letter;
		size_t units; /* of UTF-16 */
	} cases[] = {{"x", 1}, {"\u00e9", 1}, {"\u8336", 1}, {"\U0001fad6", 2}};
	struct text body = {0};
	struct text kept = {0};
	struct error error;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		for (size_t more = 0; more <= 1; more++) {
			text_cut(&body, 0);
			text_put(&body, HEAD ",\"page\":{\"title\":\"");
			for (size_t units = 0; units + cases[i].units <= 255 + 2 * more;
				units += cases[i].units)
				text_put(&body, cases[i].letter);
			text_put(&body, "\"}}");
			if (read_hint(text_string(&body), &kept, &error) != (more > 0 ? -1 : 0))
				fail_msg("case %zu, %zu more", i, more);
		}
	}
	text_free(&body);
	text_free(&kept);
}

static void knows_a_tag_in_a_list(void **state)
{
	static const char tag[] = "\"0a1b\"";

	(void)state;
	assert_true(script_is_known("\"0a1b\"", 6, tag));
	assert_true(script_is_known("W/\"0a1b\"", 8, tag));
	assert_true(script_is_known("\"x\", \"0a1b\"", 11, tag));
	assert_true(script_is_known("*", 1, tag));
	assert_false(script_is_known("\"0a1b-gzip\"", 11, tag));
	assert_false(script_is_known("\"0a1", 4, tag));
	assert_false(script_is_known("", 0, tag));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_known),
		cmocka_unit_test(cuts_the_key_off_a_token),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(bounds_every_text),
		cmocka_unit_test(counts_letters_as_the_browser_does),
		cmocka_unit_test(knows_a_tag_in_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
