/* The configuration: every mistake with its place, defaults, secrets, sharing. */
#include "unit.h"

#include "base/clock.h"
#include "config/config.h"
#include "config/options.h"
#include "config/values.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- files in a folder of their own ---- */

static char folder[] = "/tmp/segrelay-config-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command) == 0 ? 0 : -1; /* NOLINT(cert-env33-c): a test */
}

/* Writes a file of the folder; its path. */
static const char *write_file(const char *name, const char *content)
{
	static char paths[4][128];
	static int next;
	char *path = paths[next++ % 4];
	FILE *file;

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	(void)fclose(file);
	assert_int_equal(chmod(path, 0600), 0);
	return path;
}

static struct config *load(const char *content, struct text *report)
{
	struct config *config = NULL;
	int result = config_load(write_file("test.conf", content), &config, report);

	assert_int_equal(result == 0, config != NULL);
	return config;
}

/* Whether the report has a line that ends as said, at the line of the file. */
static void assert_reported(const struct text *report, int line, const char *what)
{
	char place[160];

	(void)snprintf(place, sizeof(place), "%s/test.conf:%d: %s", folder, line, what);
	if (strstr(text_string(report), place) == NULL)
		fail_msg("no \"%s\" in:\n%s", place, text_string(report));
}

static const char good[] = "destination \"main\" {\n"
			   "  write_key = \"0123456789abcdef0123456789abcdef\"\n"
			   "  region = \"eu\"\n"
			   "}\n"
			   "shop \"My-Store.myshopify.com\" {\n"
			   "  secrets = {\"one\", \"two\"}\n"
			   "}\n";

/* ---- tests ---- */

static void a_short_file_has_all_defaults(void **state)
{
	struct text report = {0};
	struct config *config = load(good, &report);
	const struct shop *shop;

	(void)state;
	assert_non_null(config);
	assert_string_equal(text_string(&report), "");
	assert_string_equal(config->listen, "127.0.0.1:8080");
	assert_int_equal(config->keep_deliveries, 7 * DAY);
	assert_int_equal(config->max_body, 16 << 20);
	assert_int_equal(config->log_level, LOG_INFO);
	assert_string_equal(config->destinations[0].url, "https://events.eu1.segmentapis.com");
	assert_int_equal(config->destinations[0].batch_messages, 100);
	shop = config_shop(config, "MY-store.MYSHOPIFY.com");
	assert_non_null(shop);
	assert_string_equal(shop->domain, "my-store.myshopify.com");
	assert_int_equal(shop->secrets.count, 2);
	assert_int_equal(shop->destination_count, 1);
	assert_true(shop->email_property);
	assert_int_equal(shop->test_orders, SKIP);
	assert_int_equal(shop->anonymous_id_attributes.count, 5);
	assert_string_equal(shop->anonymous_id_attributes.items[4], "rudderAnonymousId");
	assert_null(config_shop(config, "other.myshopify.com"));
	config_release(config);
	text_free(&report);
}

static void every_mistake_is_named_with_its_line(void **state)
{
	static const char content[] = "# a comment that libConfuse would count thrice\n"
				      "listen = \"nowhere\"\n"
				      "http_threds = 3\n"
				      "max_body = \"1KiB\" # too small\n"
				      "keep_deliveries = \"7 days\"\n"
				      "destination \"main\" {\n"
				      "  region = \"mars\"\n"
				      "  url = \"http://segment.example.com\"\n"
				      "}\n"
				      "shop \"a b\" {\n"
				      "  /* two\n"
				      "     lines */ destinations = {\"main\", \"nope\"}\n"
				      "  test_orders = \"maybe\"\n"
				      "  identify = yes\n"
				      "}\n"
				      "shop \"c.myshopify.com\" {\n"
				      "  secret_files = {\"/nonexistent/secret\"}\n"
				      "  secrets = {\"\"}\n"
				      "}\n";
	struct text report = {0};

	(void)state;
	assert_null(load(content, &report));
	assert_reported(&report, 2, "listen = \"nowhere\" is not allowed: an address");
	assert_reported(
		&report, 3, "unknown option \"http_threds\": did you mean \"http_threads\"?");
	assert_reported(&report, 4, "max_body = \"1KiB\" is not allowed: a size");
	assert_reported(&report, 5, "keep_deliveries = \"7 days\" is not allowed: a duration");
	assert_reported(
		&report, 7, "destination \"main\": region = \"mars\" is not allowed: us | eu");
	assert_reported(
		&report, 8, "destination \"main\": url = \"http://segment.example.com\" is not");
	assert_reported(
		&report, 9, "destination \"main\": give one of write_key_file and write_key");
	assert_reported(&report, 9, "destination \"main\": give one of region and url");
	assert_reported(&report, 12, "shop \"a b\": there is no destination \"nope\"");
	assert_reported(
		&report, 13, "shop \"a b\": test_orders = \"maybe\" is not allowed: skip | send");
	assert_reported(
		&report, 14, "shop \"a b\": identify = \"yes\" is not allowed: every | changed");
	assert_reported(&report, 15, "shop \"a b\": a shop is named by its domain");
	assert_reported(&report, 15, "shop \"a b\": no secret");
	assert_reported(&report, 17, "shop \"c.myshopify.com\": /nonexistent/secret: No such file");
	assert_reported(&report, 18, "shop \"c.myshopify.com\": secrets is not allowed");
	text_free(&report);
}

static void a_file_must_have_a_shop_and_a_destination(void **state)
{
	struct text report = {0};

	(void)state;
	assert_null(load("listen = \"127.0.0.1:1\"\n", &report));
	assert_non_null(strstr(text_string(&report), "no destination: at least one"));
	assert_non_null(strstr(text_string(&report), "no shop: at least one"));
	text_free(&report);
}

static void broken_syntax_is_refused(void **state)
{
	static const char *const files[] = {"shop {", "listen = ", "= 5", "shop \"a.b\" {\n",
		"destination \"a\" {}\ndestination \"a\" {}\n", "include(\"/nonexistent\")\n",
		"\""};
	struct text report = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		assert_null(load(files[i], &report));
		assert_true(report.length > 0);
		text_cut(&report, 0);
	}
	text_free(&report);
}

static void a_missing_file_is_named(void **state)
{
	struct text report = {0};
	struct config *config;

	(void)state;
	assert_int_equal(config_load("/nonexistent.conf", &config, &report), -1);
	assert_non_null(strstr(text_string(&report), "/nonexistent.conf: cannot be read: No such"));
	text_free(&report);
}

static void secrets_come_from_files(void **state)
{
	struct text content = {0};
	struct text report = {0};
	struct config *config;
	const char *key = write_file("key", "0123456789abcdef0123456789abcdef\n");
	const char *secret = write_file("secret", "shpss_from_file\r\n");

	(void)state;
	text_format(&content,
		"destination \"d\" { write_key_file = \"%s\"\n region = us }\n"
		"shop \"a.myshopify.com\" { secret_files = {\"%s\"}\n secrets = {\"inline\"} }\n",
		key, secret);
	config = load(text_string(&content), &report);
	assert_non_null(config);
	assert_string_equal(config->destinations[0].write_key, "0123456789abcdef0123456789abcdef");
	assert_string_equal(config->shops[0].secrets.items[0], "inline");
	assert_string_equal(config->shops[0].secrets.items[1], "shpss_from_file");
	config_release(config);
	assert_int_equal(chmod(secret, 0644), 0);
	config = load(text_string(&content), &report);
	assert_non_null(config);
	assert_reported(&report, 3, "shop \"a.myshopify.com\": warning: ");
	assert_non_null(strstr(text_string(&report), "can be read by others"));
	config_release(config);
	text_free(&content);
	text_free(&report);
}

static void unusable_secret_files_are_named_but_never_shown(void **state)
{
	static const char *const contents[] = {
		"", "\n\n", "SECRETONE SECRETTWO", "SECRETONE\nSECRETTWO"};
	struct text content = {0};
	struct text report = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(contents); i++) {
		const char *path = write_file("bad", contents[i]);

		text_format(&content,
			"destination \"d\" { write_key = \"short\"\n region = us }\n"
			"shop \"a.myshopify.com\" { secret_files = {\"%s\"} }\n",
			path);
		assert_null(load(text_string(&content), &report));
		assert_non_null(strstr(text_string(&report), "/bad "));
		assert_null(strstr(text_string(&report), "SECRET"));
		assert_null(strstr(text_string(&report), "short\""));
		text_cut(&content, 0);
		text_cut(&report, 0);
	}
	text_free(&content);
	text_free(&report);
}

static void files_can_be_included(void **state)
{
	struct text content = {0};
	struct text report = {0};
	const char *path =
		write_file("more.conf", "# x\nshop \"b.myshopify.com\" {\n  wrong = 1\n}\n");

	(void)state;
	text_format(&content, "include(\"%s\")\n%s", path, good);
	assert_null(load(text_string(&content), &report));
	assert_non_null(
		strstr(text_string(&report), "more.conf:3: shop \"b.myshopify.com\": unknown"));
	text_free(&content);
	text_free(&report);
}

static void values_are_read_whole(void **state)
{
	static const struct {
		const char *value;
		int64_t expected;
	} durations[] = {{"500ms", 500}, {"10s", 10000}, {"0s", 0}, {"2h", 7200000}, {"10", -1},
		{"s", -1}, {"1.5s", -1}, {"-1s", -1}, {"1 s", -1}, {"99999999999999999s", -1},
		{"10S", -1}},
	  sizes[] = {{"1", 1}, {"16MiB", 16 << 20}, {"1GiB", 1 << 30}, {"1MB", -1}, {"", -1}};
	static const char *const addresses[] = {"127.0.0.1:80", "[::1]:0", "localhost:65535"};
	static const char *const no_addresses[] = {
		"127.0.0.1", ":80", "[::1:80", "a b:1", "127.0.0.1:65536", "127.0.0.1:", "host:1x"};
	static const char *const urls[] = {"https://a.example", "https://a.example:8443/x",
		"http://127.0.0.1:9", "http://localhost", "http://[::1]:9/v1"};
	static const char *const no_urls[] = {"http://a.example", "ftp://a", "https://",
		"a.example", "https://a.example?x", "https://u@a.example", "http://127.example.com",
		"https://a b"};
	int64_t number;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(durations); i++)
		assert_int_equal(value_duration(durations[i].value, &number) ? number : -1,
			durations[i].expected);
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		assert_int_equal(
			value_size(sizes[i].value, &number) ? number : -1, sizes[i].expected);
	for (size_t i = 0; i < COUNT_OF(addresses); i++)
		assert_true(value_address(addresses[i]));
	for (size_t i = 0; i < COUNT_OF(no_addresses); i++)
		assert_false(value_address(no_addresses[i]));
	for (size_t i = 0; i < COUNT_OF(urls); i++)
		assert_true(value_url(urls[i]));
	for (size_t i = 0; i < COUNT_OF(no_urls); i++)
		assert_false(value_url(no_urls[i]));
}

static void an_old_configuration_lives_as_long_as_it_is_used(void **state)
{
	struct text report = {0};
	struct text names = {0};
	struct config *config = load(good, &report);
	struct config *shared = config_share(config);
	struct config *other;

	(void)state;
	config_release(config);
	assert_string_equal(shared->listen, "127.0.0.1:8080");
	other = load(
		"listen = \"127.0.0.1:9\"\nlog_level = debug\n"
		"destination \"main\" { write_key = \"k\"\n url = \"http://127.0.0.1:1/v1/\" }\n"
		"shop \"b.myshopify.com\" { secrets = {\"x\"} }\n",
		&report);
	assert_non_null(other);
	assert_string_equal(other->destinations[0].url, "http://127.0.0.1:1");
	assert_true(config_needs_restart(shared, other, &names));
	assert_string_equal(text_string(&names), "listen");
	config_release(other);
	config_release(shared);
	config_release(NULL);
	text_free(&report);
	text_free(&names);
}

/* Whether a text names an option as a word of its own. */
static bool names_option(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = text; (at = strstr(at, name)) != NULL; at += length)
		if (at[length] == ' ' && (at == text || strchr(" \n#", at[-1]) != NULL))
			return true;
	return false;
}

static void the_example_and_the_manual_name_every_option(void **state)
{
	static const struct option *const tables[] = {
		general_options, destination_options, shop_options};
	static const char *const files[] = {"config/segrelay.conf", "docs/segrelay.conf.5"};

	(void)state;
	for (size_t f = 0; f < COUNT_OF(files); f++) {
		char text[65536] = {0};
		FILE *file = fopen(files[f], "r");

		if (file == NULL)
			skip(); /* not run from the project's folder */
		assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
		(void)fclose(file);
		for (char *at = text; f == 1 && *at != '\0'; at++)
			if (*at == '\n' || *at == ',')
				*at = ' ';
		for (size_t i = 0; i < COUNT_OF(tables); i++)
			for (const struct option *row = tables[i]; row->name != NULL; row++)
				if (!names_option(text, row->name))
					fail_msg("%s does not name \"%s\"", files[f], row->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_file_has_all_defaults),
		cmocka_unit_test(every_mistake_is_named_with_its_line),
		cmocka_unit_test(a_file_must_have_a_shop_and_a_destination),
		cmocka_unit_test(broken_syntax_is_refused),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(secrets_come_from_files),
		cmocka_unit_test(unusable_secret_files_are_named_but_never_shown),
		cmocka_unit_test(files_can_be_included),
		cmocka_unit_test(values_are_read_whole),
		cmocka_unit_test(an_old_configuration_lives_as_long_as_it_is_used),
		cmocka_unit_test(the_example_and_the_manual_name_every_option),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
