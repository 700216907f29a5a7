/* The tables of options, and the example and the manual that name them all. */
#include "configuring.h"

#include "config/options.h"
#include "config/values.h"

/* Tests run in the project's folder. */
static const char example[] = "config/segrelay.conf";
static const char manual[] = "docs/segrelay.conf.5";

static void reads_durations(void **state)
{
	static const struct {
		const char *value;
		int64_t ms;
	} cases[] = {{"500ms", 500}, {"0s", 0}, {"10s", 10000}, {"5m", 300000}, {"2h", 7200000},
		{"7d", 604800000}, {"36500d", 3153600000000}};
	static const char *const wrong[] = {"", "s", "10", "10 s", " 10s", "10s ", "-1s", "1.5s",
		"10S", "10sec", "1w", "9999999999999999s", "999999999999999d", "ms", "0x1s"};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(value_duration(cases[i].value, &ms));
		assert_int_equal(ms, cases[i].ms);
	}
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (value_duration(wrong[i], &ms))
			fail_msg("\"%s\" was taken for a duration", wrong[i]);
}

static void reads_sizes(void **state)
{
	static const struct {
		const char *value;
		int64_t bytes;
	} cases[] = {{"0", 0}, {"65536", 65536}, {"1B", 1}, {"512KiB", 524288}, {"16MiB", 16777216},
		{"10GiB", 10737418240}, {"1TiB", 1099511627776}};
	static const char *const wrong[] = {"", "KiB", "1KB", "1k", "1M", "-1", "1.5MiB", "1 MiB",
		"9999999999999999999", "999999999999999TiB", "16mib"};
	int64_t bytes;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(value_size(cases[i].value, &bytes));
		assert_int_equal(bytes, cases[i].bytes);
	}
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (value_size(wrong[i], &bytes))
			fail_msg("\"%s\" was taken for a size", wrong[i]);
}

static void reads_flags(void **state)
{
	static const char *const yes[] = {"yes", "true", "on"};
	static const char *const no[] = {"no", "false", "off"};
	bool flag;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(yes); i++) {
		assert_true(value_flag(yes[i], &flag));
		assert_true(flag);
		assert_true(value_flag(no[i], &flag));
		assert_false(flag);
	}
	assert_false(value_flag("", &flag));
	assert_false(value_flag("1", &flag));
	assert_false(value_flag("Yes", &flag));
}

static void knows_addresses(void **state)
{
	static const char *const good[] = {"127.0.0.1:8080", "[::1]:8080", "localhost:0",
		"0.0.0.0:65535", "[2001:db8::1]:80", "relay.example.com:443"};
	static const char *const wrong[] = {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
		"127.0.0.1:65536", "127.0.0.1:080808", "::1:80", "[::1]", "[::1:80", "[x]:80",
		"a b:80", "http://a:80", "a:80/", "[]:80", "-a:80"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		if (!value_address(good[i]))
			fail_msg("\"%s\" was not taken for an address", good[i]);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (value_address(wrong[i]))
			fail_msg("\"%s\" was taken for an address", wrong[i]);
}

static void knows_urls(void **state)
{
	static const char *const good[] = {"https://api.segment.io", "https://a.b/c/v1",
		"https://10.0.0.1:8443", "http://127.0.0.1", "http://127.8.8.8:1/x",
		"http://localhost:80", "http://[::1]:9"};
	static const char *const wrong[] = {"", "api.segment.io", "ftp://a", "https://",
		"https:///x", "http://example.com", "http://127.0.0.1.example.com",
		"http://localhost.example.com", "http://127.evil", "http://user@127.0.0.1",
		"https://a?b", "https://a#b", "https://a b", "https://a:x", "https://a:99999",
		"http://10.0.0.1", "http://[::2]"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		if (!value_url(good[i]))
			fail_msg("\"%s\" was not taken for a URL", good[i]);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (value_url(wrong[i]))
			fail_msg("\"%s\" was taken for a URL", wrong[i]);
}

static void knows_currencies(void **state)
{
	static const char *const good[] = {"USD", "JPY", "KWD"};
	static const char *const wrong[] = {"", "usd", "US", "USDX", "U$D", "US "};
	const struct option *row = option_find(shop_options, "recharge_currency");

	(void)state;
	assert_non_null(row);
	for (size_t i = 0; i < COUNT_OF(good); i++)
		if (!option_accepts(row, good[i]))
			fail_msg("\"%s\" was not taken for a currency", good[i]);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (option_accepts(row, wrong[i]))
			fail_msg("\"%s\" was taken for a currency", wrong[i]);
}

/* A row with a wrong fallback would be found only by an operator who relies on it. */
/* The default of a list has "," between its values. */
static bool accepts_its_default(const struct option *row)
{
	char value[256];

	for (const char *at = row->fallback; *at != '\0';) {
		size_t length = option_is_list(row) ? strcspn(at, ",") : strlen(at);

		assert_true(length < sizeof(value));
		memcpy(value, at, length);
		value[length] = '\0';
		if (!option_accepts(row, value))
			return false;
		at += length + (at[length] == ',');
	}
	return true;
}

static void has_tables_that_make_sense(void **state)
{
	(void)state;
	for (size_t i = 0; i < OPTION_SECTIONS; i++) {
		const struct option *options = option_sections[i].options;

		assert_int_equal(option_section(option_sections[i].name), i);
		for (const struct option *row = options; row->name != NULL; row++) {
			assert_ptr_equal(option_find(options, row->name), row);
			assert_true(row->least <= row->most);
			assert_true((row->choices != NULL) == (row->kind == OPTION_CHOICE));
			if (row->fallback != NULL && !accepts_its_default(row))
				fail_msg("%s does not accept its default", row->name);
		}
	}
}

static char *read_whole(const char *path)
{
	FILE *file = fopen(path, "r");
	struct text text = {0};
	char part[4096];
	size_t length;

	assert_non_null(file);
	while ((length = fread(part, 1, sizeof(part), file)) > 0)
		text_add(&text, part, length);
	assert_int_equal(fclose(file), 0);
	return text_take(&text);
}

/* Whether a line shows an option: "name = ", also behind "# ". */
static bool shows(const char *line, const char *name)
{
	line += strspn(line, " #");
	return strncmp(line, name, strlen(name)) == 0 &&
	       strncmp(line + strlen(name), " = ", 3) == 0;
}

/* Whether a text has the name as a word of its own: a part of a longer name is none. */
static bool has_word(const char *content, const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";

	for (const char *at = content; (at = strstr(at, name)) != NULL; at++)
		if ((at == content || strchr(letters, at[-1]) == NULL) &&
			strspn(at + strlen(name), letters) == 0)
			return true;
	return false;
}

/* `segrelay help options` and the manual are made of them. */
static void describes_every_option(void **state)
{
	(void)state;
	for (size_t i = 0; i < OPTION_SECTIONS; i++)
		for (const struct option *row = option_sections[i].options; row->name != NULL;
			row++) {
			size_t length;

			assert_non_null(row->description);
			length = strlen(row->description);
			if (length < 10 || row->description[length - 1] != '.')
				fail_msg("%s is not described in sentences", row->name);
		}
}

static void names_every_option_in_the_example(void **state)
{
	char *content = read_whole(example);

	(void)state;
	for (size_t i = 0; i < OPTION_SECTIONS; i++)
		for (const struct option *row = option_sections[i].options; row->name != NULL;
			row++) {
			const char *line = content;
			bool in_words = row->kind == OPTION_SECRET || row->kind == OPTION_SECRETS;

			while (line != NULL && !shows(line, row->name))
				line = (line = strchr(line, '\n')) != NULL ? line + 1 : NULL;
			if (line == NULL && !(in_words && has_word(content, row->name)))
				fail_msg("%s does not name %s", example, row->name);
		}
	free(content);
}

/* Whether one of the manual's headings ".It Ic name , name No (default)" has the name. */
static bool has_heading(const char *content, const char *name)
{
	static const char heading[] = "\n.It Ic ";
	size_t length = strlen(name);

	for (const char *line = content; (line = strstr(line, heading)) != NULL;) {
		const char *end = strchr(++line, '\n');

		for (const char *at = line; (at = strstr(at, name)) != NULL && at < end; at++)
			if (at[-1] == ' ' && strchr(" ,\n", at[length]) != NULL)
				return true;
	}
	return false;
}

static void names_every_option_in_the_manual(void **state)
{
	char *content = read_whole(manual);

	(void)state;
	for (size_t i = 0; i < OPTION_SECTIONS; i++)
		for (const struct option *row = option_sections[i].options; row->name != NULL;
			row++)
			if (!has_heading(content, row->name))
				fail_msg("%s does not name %s", manual, row->name);
	assert_false(has_heading(content, "no_such_option"));
	free(content);
}

/* The option that a line shows, or NULL. */
static const struct option *shown_by(const char *line)
{
	for (size_t i = 0; i < OPTION_SECTIONS; i++)
		for (const struct option *row = option_sections[i].options; row->name != NULL;
			row++)
			if (shows(line, row->name))
				return row;
	return NULL;
}

/* Makes options of the comments that show one with its default, and of their further lines. */
static void uncomment(char *content)
{
	bool in_list = false;
	char *rest = NULL;

	for (char *line = content; line != NULL; line = rest) {
		const struct option *row = shown_by(line);
		char *at = line + strspn(line, " ");
		size_t length = strcspn(line, "\n");

		rest = line[length] == '\n' ? line + length + 1 : NULL;
		if (*at != '#' || !(in_list || (row != NULL && row->fallback != NULL)))
			continue;
		*at = ' ';
		in_list = (in_list || memchr(line, '{', length) != NULL) &&
			  memchr(line, '}', length) == NULL;
	}
}

static void expect_same(const struct option *row, const void *a, const void *b)
{
	const void *left = (const char *)a + row->offset;
	const void *right = (const char *)b + row->offset;

	if (row->fallback == NULL)
		return;
	if (option_is_list(row)) {
		const struct strings *one = left;
		const struct strings *two = right;

		assert_int_equal(one->count, two->count);
		for (size_t i = 0; i < one->count; i++)
			assert_string_equal(one->items[i], two->items[i]);
	} else if (row->kind < OPTION_TEXTS) {
		assert_string_equal(*(char *const *)left, *(char *const *)right);
	} else if (row->kind == OPTION_FLAG) {
		assert_int_equal(*(const bool *)left, *(const bool *)right);
	} else if (row->kind == OPTION_CHOICE) {
		assert_int_equal(*(const int *)left, *(const int *)right);
	} else {
		assert_int_equal(*(const int64_t *)left, *(const int64_t *)right);
	}
}

static void compare(const struct config *shown, const struct config *defaults)
{
	struct destination_draft destinations[] = {{.destination = shown->destinations[0]},
		{.destination = defaults->destinations[0]}};
	struct shop_draft shops[] = {{.shop = shown->shops[0]}, {.shop = defaults->shops[0]}};

	for (const struct option *row = general_options; row->name != NULL; row++)
		expect_same(row, shown, defaults);
	for (const struct option *row = destination_options; row->name != NULL; row++)
		expect_same(row, &destinations[0], &destinations[1]);
	for (const struct option *row = shop_options; row->name != NULL; row++)
		expect_same(row, &shops[0], &shops[1]);
}

static void shows_true_defaults_in_the_example(void **state)
{
	char *content = read_whole(example);
	struct config *defaults = config_defaults("a.myshopify.com");
	struct config *config;

	(void)state;
	(void)write_file("segment-main", WRITE_KEY_OF_32 "\n");
	(void)write_file("my-store", "secret\n");
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
	config = load_good(content);
	compare(config, defaults);
	config_release(config);
	uncomment(content);
	assert_non_null(strstr(content, "\n  keep_deliveries = "));
	assert_non_null(strstr(content, "\"segment_anonymous_id\""));
	config = load_good(content);
	compare(config, defaults);
	config_release(config);
	config_release(defaults);
	free(content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(reads_flags),
		cmocka_unit_test(knows_addresses),
		cmocka_unit_test(knows_urls),
		cmocka_unit_test(knows_currencies),
		cmocka_unit_test(has_tables_that_make_sense),
		cmocka_unit_test(describes_every_option),
		cmocka_unit_test(names_every_option_in_the_example),
		cmocka_unit_test(names_every_option_in_the_manual),
		cmocka_unit_test(shows_true_defaults_in_the_example),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
