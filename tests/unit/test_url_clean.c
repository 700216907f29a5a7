/* The filter of pages: what opens something or names somebody does not pass, the rest does. */
#include "unit.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/url_clean.h"

#include <stdio.h>
#include <string.h>

/* Addresses that are the relay's alone: of a webhook, that no browser has parsed. */
static const struct {
	const char *address;
	const char *clean;
} addresses[] = {
	{"/", "/"},
	{"/collections/mugs?variant=1&key=2", "/collections/mugs?variant=1"},
	{"https://www.google.com", "https://www.google.com"},
	{"https://a.example#key=b", "https://a.example"},
	{"https://a.example?key=b&page=1", "https://a.example?page=1"},
	/* people: "@" in whatever form */
	{"/p?q=alma\xef\xb9\xab"
	 "example.com&page=1",
		"/p?page=1"},
	{"/pages/alma\xef\xbc\xa0"
	 "example.com",
		"/pages"},
	{"https://alma%40example.com/p", ""},
	{"https://alma%252540example.com", ""},
	{"https://alma\xef\xbc\xa0"
	 "example.com/p",
		""},
	{"/pages/x%00alma%40example.com?q=%00alma@example.com", "/pages"},
	{"mailto:alma@example.com", ""},
	{"alma@example.com", ""},
	{"javascript:alert(1)//x", ""},
	{"", ""},
	/* what a browser would take for another path */
	{"/products/../account/reset/7/abc", "/"},
	{"/products/%2e%2E/account/reset/7/abc", "/"},
	{"/products\\..\\account\\reset", "/"},
	{"/products/x%5c..%5caccount", "/"},
};

static void check(const char *address, const char *expected)
{
	struct text clean = {0};
	struct text again = {0};

	url_add_clean(&clean, address);
	if (strcmp(text_string(&clean), expected) != 0)
		fail_msg("%s became %s, not %s", address, text_string(&clean), expected);
	url_add_clean(&again, text_string(&clean));
	assert_string_equal(text_string(&again), expected);
	text_free(&clean);
	text_free(&again);
}

static void cleans_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(addresses); i++)
		check(addresses[i].address, addresses[i].clean);
}

/* The cases that the storefront's script is tested with, too (tests/browser/test_addresses.py). */
static void cleans_what_the_script_cleans(void **state)
{
	static char text[65536];
	FILE *file = fopen("tests/addresses.json", "r");
	struct arena *arena = arena_create(65536);
	struct error error;
	const cJSON *vectors;
	const cJSON *vector;
	size_t length;

	(void)state;
	if (file == NULL)
		fail_msg("run it from the project's folder: no tests/addresses.json");
	length = fread(text, 1, sizeof(text), file);
	(void)fclose(file);
	vectors = json_parse(arena, text, length, &error);
	assert_true(cJSON_GetArraySize(vectors) > 100);
	cJSON_ArrayForEach (vector, vectors) {
		check(vector->child->valuestring, vector->child->next->valuestring);
	}
	arena_destroy(arena);
}

static void cleans_queries(void **state)
{
	static const struct {
		const char *query;
		const char *clean;
	} cases[] = {
		{"?page=1&key=s", "?page=1"},
		{"?a=1&utm_source=s", "?utm_source=s"},
		{"?key=s", ""},
		{"page=1", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text clean = {0};

		url_add_clean_query(&clean, cases[i].query);
		assert_string_equal(text_string(&clean), cases[i].clean);
		text_free(&clean);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleans_addresses),
		cmocka_unit_test(cleans_what_the_script_cleans),
		cmocka_unit_test(cleans_queries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
