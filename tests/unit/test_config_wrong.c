/* Each option with each kind of wrong value: the error names the file, the line, the block, the
 * option and what is allowed, and no secret. */
#include "configuring.h"

#include "config/options.h"

#include <inttypes.h>

#define SESAME "SESAME7"

/* Wrong values of a kind, as they are written between double quotes. An empty one is wrong for all.
 * Numbers out of range are made from the row. */
static const struct wrong {
	enum option_kind kind;
	const char *values[16];
} wrongs[] = {
	{OPTION_TEXT, {""}},
	{OPTION_ADDRESS,
		{"nowhere", "127.0.0.1", ":8080", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
			"127.0.0.1:8o", "127.0.0.1:80 ", "http://127.0.0.1:80", "[::1:80", "::1:80",
			"-a.example:80", "a..example:80", "a b:80"}},
	{OPTION_URL,
		{"relay.example", "ftp://relay.example", "http://relay.example", "https://",
			"https://a b", "HTTPS://relay.example", "https://u:SESAME7@relay.example",
			"https://relay.example?a", "https://relay.example/#a",
			"https://relay.example:65536", "https://relay.example:"}},
	{OPTION_STORE, {"/var/x", "sqlite:", "mysql:x", "SQLITE:/x", " sqlite:/x"}},
	{OPTION_SECRET, {SESAME " two", " " SESAME, SESAME "\\t", SESAME "\xC3\xA9"}},
	{OPTION_CURRENCY, {"usd", "US", "USDX", "U$D", "US "}},
	{OPTION_PATH, {"relative/x", "./x", "~/x", " /x"}},
	{OPTION_FILE, {SESAME, "./" SESAME, "~/" SESAME}},
	{OPTION_TEXTS, {""}},
	{OPTION_SECRETS, {SESAME " two", " " SESAME, SESAME "\\t", SESAME "\xC3\xA9"}},
	{OPTION_FILES, {SESAME, "./" SESAME, "~/" SESAME}},
	{OPTION_EVENTS, {"No Such", "order completed", "Order Completed ", "Order"}},
	{OPTION_RENAMES,
		{"Order Completed", "Order Completed=", "=x", "No Such=x", "order completed=x"}},
	{OPTION_ORIGINS,
		{"www.example.com", "https://www.example.com/", "https://www.example.com/x",
			"http://www.example.com", "https://WWW.example.com", "*", "null"}},
	{OPTION_PAGES, {"/cart", "cart=Cart Viewed", "/cart=", "/cart=No Such", "=Cart Viewed"}},
	{OPTION_PURPOSES, {"analytics", "analytics=", "=X", "nonsense=X", "Analytics=X"}},
	{OPTION_NETWORKS, {"10.0.0.0/33", "10.0.0", "fd00::/129", "10.0.0.0/", "10.0.0.0/x",
				  "10.0.0.0/-1", "relay.example", "10.0.0.1:80", "10.0.0.0/8/8"}},
	{OPTION_NUMBER, {"x", "-1", "+1", "1.5", "0x10", " 1", "1 ", "1e3", "1k",
				"9999999999999999999999"}},
	{OPTION_DURATION, {"x", "10", "10 s", "10x", "10S", "10sec", "1.5s", "-1s", "s", "1h30m",
				  "10s ", "999999999999999d", "9999999999999999999999s"}},
	{OPTION_SIZE, {"x", "10KB", "10K", "10kib", "10 MiB", "1.5MiB", "-1MiB", "KiB", "10PiB",
			      "999999999999999TiB", "9999999999999999999999"}},
	{OPTION_FLAG, {"maybe", "YES", "1", "0", "yes ", "y"}},
	{OPTION_CHOICE, {"nonsense", " ", "0"}},
};

/* ---- a file with one option ---- */

enum { LINE = 6 };

/* A file with an option, and nothing else wrong, on LINE: in a block but for the first section. */
static void write_with(struct text *content, size_t section, const char *option)
{
	static const char *const blocks[OPTION_SECTIONS] = {
		"\n\n", "destination \"x\" {\n\n", "shop \"x.myshopify.com\" {\n\n"};

	text_put(content, "#\n" MAIN_DESTINATION A_SHOP);
	text_put(content, blocks[section]);
	text_put(content, option);
	text_put(content, "\n");
	if (section == 1)
		text_put(content, "write_key = \"" WRITE_KEY_OF_32 "\" }\n");
	if (section == 2)
		text_put(content, "secrets = {\"leaf\"} }\n");
}

typedef int loader(const char *path, struct config **config, struct text *report);

static void load_with(loader *load, size_t section, const char *option, struct text *report)
{
	struct text content = {0};
	struct config *config = NULL;

	write_with(&content, section, option);
	text_cut(report, 0);
	if (load(write_file("segrelay.conf", text_string(&content)), &config, report) == 0 ||
		config != NULL)
		fail_msg("accepted: %s", text_string(&content));
	shorten(report);
	if (strstr(text_string(report), SESAME) != NULL)
		fail_msg("%s shows a secret: %s", option, text_string(report));
	text_free(&content);
}

/* The line's beginning in a report. */
static void add_place(struct text *text, size_t section)
{
	static const char *const blocks[OPTION_SECTIONS] = {
		"", "destination \"x\": ", "shop \"x.myshopify.com\": "};

	text_format(text, "segrelay.conf:%d: %s", LINE, blocks[section]);
}

/* ---- wrong values ---- */

static bool is_shown(const struct option *row, const char *value)
{
	return row->kind != OPTION_SECRET && row->kind != OPTION_SECRETS &&
	       row->kind != OPTION_FILE && row->kind != OPTION_FILES && strchr(value, '@') == NULL;
}

/* One line is about it, and it says all; a name that is nearly one of those allowed may stand
 * before them. */
static void expect_said(
	size_t section, const struct option *row, const char *value, const char *report)
{
	struct text beginning = {0};
	struct text end = {0};
	const char *line;
	const char *remedy;

	add_place(&beginning, section);
	text_put(&beginning, row->name);
	if (is_shown(row, value))
		text_format(&beginning, " = \"%s\"", value);
	text_put(&beginning, " is not allowed: ");
	option_allows(row, &end);
	assert_true(end.length > 0);
	text_put(&end, "\n");
	line = strstr(report, text_string(&beginning));
	remedy = line != NULL ? strstr(line, text_string(&end)) : NULL;
	if (remedy == NULL || memchr(line, '\n', (size_t)(remedy - line)) != NULL)
		fail_msg("of %s = \"%s\" it should say\n%s%sbut says\n%s", row->name, value,
			text_string(&beginning), text_string(&end), report);
	text_free(&beginning);
	text_free(&end);
}

static void expect_refusal(size_t section, const struct option *row, const char *value)
{
	static loader *const loaders[] = {config_load, config_review};
	struct text option = {0};
	struct text report = {0};

	text_format(
		&option, option_is_list(row) ? "%s = {\"%s\"}" : "%s = \"%s\"", row->name, value);
	for (size_t i = 0; i < COUNT_OF(loaders); i++) {
		load_with(loaders[i], section, text_string(&option), &report);
		expect_said(section, row, value, text_string(&report));
	}
	text_free(&option);
	text_free(&report);
}

static bool has_range(const struct option *row)
{
	return row->kind == OPTION_NUMBER || row->kind == OPTION_DURATION ||
	       row->kind == OPTION_SIZE;
}

/* The ends of its range are allowed, what is beyond is not. */
static void expect_range(size_t section, const struct option *row)
{
	const char *unit = row->kind == OPTION_DURATION ? "ms" : "";
	const int64_t ends[] = {row->least, row->most};
	const int64_t beyond[] = {row->least - 1, row->most + 1};
	char value[32];

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		(void)snprintf(value, sizeof(value), "%" PRId64 "%s", ends[i], unit);
		if (!option_accepts(row, value))
			fail_msg("%s = %s is in its range", row->name, value);
		(void)snprintf(value, sizeof(value), "%" PRId64 "%s", beyond[i], unit);
		expect_refusal(section, row, value);
	}
}

/* Nearly one of them. */
static void expect_choices(size_t section, const struct option *row)
{
	char value[64];

	for (size_t i = 0; row->choices[i] != NULL; i++) {
		assert_true(option_accepts(row, row->choices[i]));
		(void)snprintf(value, sizeof(value), "%sx", row->choices[i]);
		expect_refusal(section, row, value);
		value[strlen(value) - 2] = '\0';
		expect_refusal(section, row, value);
		(void)snprintf(value, sizeof(value), "%s", row->choices[i]);
		value[0] ^= 'a' ^ 'A';
		expect_refusal(section, row, value);
	}
}

static const struct wrong *wrong_of(const struct option *row)
{
	for (size_t i = 0; i < COUNT_OF(wrongs); i++)
		if (wrongs[i].kind == row->kind)
			return &wrongs[i];
	fail_msg("%s is of a kind without wrong values", row->name);
	return NULL;
}

/* Calls `expect` with each option. */
static void each_option(void (*expect)(size_t section, const struct option *row))
{
	for (size_t i = 0; i < OPTION_SECTIONS; i++)
		for (const struct option *row = option_sections[i].options; row->name != NULL;
			row++)
			expect(i, row);
}

static void expect_refusals(size_t section, const struct option *row)
{
	const struct wrong *wrong = wrong_of(row);

	expect_refusal(section, row, "");
	for (size_t i = 0; i < COUNT_OF(wrong->values) && wrong->values[i] != NULL; i++)
		expect_refusal(section, row, wrong->values[i]);
	if (has_range(row))
		expect_range(section, row);
	if (row->kind == OPTION_CHOICE)
		expect_choices(section, row);
}

static void a_wrong_value_is_named_with_what_is_allowed(void **state)
{
	(void)state;
	each_option(expect_refusals);
}

/* ---- wrong forms ---- */

/* Where the option does not stand as it should: libConfuse knows the line, and says nothing of the
 * option after the "=". */
static void expect_form(
	size_t section, const struct option *row, const char *form, const char *said)
{
	struct text option = {0};
	struct text report = {0};
	struct text expected = {0};

	text_format(&option, "%s%s", row->name, form);
	load_with(config_load, section, text_string(&option), &report);
	add_place(&expected, section);
	text_format(&expected, "%s\n", said);
	if (strstr(text_string(&report), text_string(&expected)) == NULL)
		fail_msg("of %s it should say\n%sbut says\n%s", text_string(&option),
			text_string(&expected), text_string(&report));
	text_free(&option);
	text_free(&report);
	text_free(&expected);
}

#define HOW_TO_WRITE "write NAME = VALUE, and a list as NAME = {\"one\", \"two\"}"

static void expect_forms(size_t section, const struct option *row)
{
	static const char *const without_equals[] = {
		" \"" SESAME "\"", " {\"" SESAME "\"}", "(\"" SESAME "\")"};
	static const char *const of_one[] = {
		" = {\"" SESAME "\", \"" SESAME "\"}", " = {}", " = {\"" SESAME "\"}"};
	static const char *const of_any[] = {
		" = = \"" SESAME "\"", " = (\"" SESAME "\")", " = {{\"" SESAME "\"}}", " = }"};
	char said[128];

	(void)snprintf(said, sizeof(said), "%s has no \"=\" after it", row->name);
	for (size_t i = 0; i < COUNT_OF(without_equals); i++)
		expect_form(section, row, without_equals[i], said);
	for (size_t i = 0; i < COUNT_OF(of_any); i++)
		expect_form(section, row, of_any[i], "unexpected token: " HOW_TO_WRITE);
	if (option_is_list(row))
		return;
	for (size_t i = 0; i < COUNT_OF(of_one); i++)
		expect_form(section, row, of_one[i], "unexpected token: " HOW_TO_WRITE);
	expect_form(section, row, " += \"" SESAME "\"",
		"attempt to append to non-list option: write NAME = VALUE, += adds to a list");
}

static void a_wrong_form_is_named_with_the_right_one(void **state)
{
	(void)state;
	each_option(expect_forms);
}

/* At the file's end. */
static void a_value_that_is_missing_is_named(void **state)
{
	(void)state;
	expect_refused(MAIN_DESTINATION A_SHOP "listen =\n",
		"segrelay.conf:4: premature end of file: " HOW_TO_WRITE "\n");
}

static void expect_list_in_brackets(size_t section, const struct option *row)
{
	char said[128];

	(void)snprintf(said, sizeof(said), "%s: write a list in { }, not in [ ]", row->name);
	if (option_is_list(row))
		expect_form(section, row, is_shown(row, "") ? " = [x]" : " = [" SESAME "]", said);
}

static void a_list_in_brackets_is_named(void **state)
{
	(void)state;
	each_option(expect_list_in_brackets);
}

static void expect_too_many(size_t section, const struct option *row)
{
	struct text form = {0};
	char said[128];

	if (!option_is_list(row))
		return;
	(void)snprintf(said, sizeof(said), "%s: at most %d values", row->name, OPTION_VALUES_MAX);
	text_put(&form, " = {");
	for (int i = 0; i <= OPTION_VALUES_MAX; i++)
		text_format(
			&form, "%s\"%s\"", i > 0 ? ", " : "", is_shown(row, "") ? "x" : SESAME " ");
	text_put(&form, "}");
	expect_form(section, row, text_string(&form), said);
	text_free(&form);
}

static void too_many_values_are_named(void **state)
{
	(void)state;
	each_option(expect_too_many);
}

static void expect_variable(size_t section, const struct option *row)
{
	char said[160];

	(void)snprintf(said, sizeof(said),
		"%s: the variable SEGRELAY_TEST_NONE is not set: set it, or write "
		"${SEGRELAY_TEST_NONE:-default}",
		row->name);
	expect_form(section, row,
		option_is_list(row) ? " = {\"" SESAME "${SEGRELAY_TEST_NONE}\"}"
				    : " = \"" SESAME "${SEGRELAY_TEST_NONE}\"",
		said);
}

static void a_variable_that_is_not_set_is_named(void **state)
{
	(void)state;
	each_option(expect_variable);
}

/* In the block of another section. */
static void expect_other_section(size_t section, const struct option *row)
{
	bool is_general = option_find(general_options, row->name) != NULL;
	bool is_destination = option_find(destination_options, row->name) != NULL;
	size_t other = (section + 1) % OPTION_SECTIONS;
	struct text option = {0};
	struct text report = {0};
	struct text expected = {0};

	if (option_find(option_sections[other].options, row->name) != NULL)
		return;
	text_format(&option, "%s = \"" SESAME "\"", row->name);
	load_with(config_load, other, text_string(&option), &report);
	add_place(&expected, other);
	text_format(&expected, "\"%s\" %s\n", row->name,
		is_general ? "is not allowed in a destination block: is a \"}\" missing before it?"
		: is_destination ? "is only allowed in a destination block"
				 : "is only allowed in a shop block");
	if (strstr(text_string(&report), text_string(&expected)) == NULL)
		fail_msg("of %s it should say\n%sbut says\n%s", text_string(&option),
			text_string(&expected), text_string(&report));
	text_free(&option);
	text_free(&report);
	text_free(&expected);
}

static void an_option_of_another_block_is_named(void **state)
{
	(void)state;
	each_option(expect_other_section);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_value_is_named_with_what_is_allowed),
		cmocka_unit_test(a_wrong_form_is_named_with_the_right_one),
		cmocka_unit_test(a_value_that_is_missing_is_named),
		cmocka_unit_test(a_list_in_brackets_is_named),
		cmocka_unit_test(too_many_values_are_named),
		cmocka_unit_test(a_variable_that_is_not_set_is_named),
		cmocka_unit_test(an_option_of_another_block_is_named),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
