/* What a configuration may say, but what is not safe: `segrelay check` and the daemon warn of it.
 */
#include "configuring.h"

#define SECRET "0f3a9c51d7e2486bb1a0c4d95e7f6a28"
#define SHOP "shop \"a.myshopify.com\" { secrets = {\"" SECRET "\"} }\n"
#define SAFE MAIN_DESTINATION SHOP

static struct config *review(const char *path, struct text *report)
{
	struct config *config = NULL;

	assert_int_equal(config_review(path, &config, report), 0);
	shorten(report);
	return config;
}

/* The report of a file that is good must be exactly this. */
static void expect_review(const char *content, const char *expected)
{
	struct text report = {0};

	config_release(review(write_file("segrelay.conf", content), &report));
	assert_string_equal(text_string(&report), expected);
	text_free(&report);
}

static void says_nothing_of_what_is_safe(void **state)
{
	(void)state;
	expect_review(SAFE, "");
	expect_review(
		SAFE "listen = \"[::1]:80\"\nadmin = \"localhost:81\"\nmin_free = 128MiB\n", "");
}

static void warns_of_addresses_that_others_reach(void **state)
{
	static const char *const public[] = {"0.0.0.0:80", "[::]:80", "203.0.113.9:80", "0:80",
		"[2001:db8::1]:80", "172.32.0.1:80", "192.169.0.1:80", "[::ffff:198.51.100.1]:80",
		"9.255.255.255:80", "11.0.0.1:80", "100.128.0.1:80"};
	static const char *const private[] = {"127.0.0.1:80", "127.1:80", "[::1]:80",
		"localhost:80", "10.1.2.3:80", "172.16.0.1:80", "172.31.255.255:80",
		"192.168.1.1:80", "[fd00::1]:80", "[fe80::1]:80", "169.254.1.1:80",
		"[::ffff:127.0.0.1]:80", "100.64.0.1:80", "relay.internal:80"};
	char content[512];
	char expected[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(public); i++) {
		(void)snprintf(content, sizeof(content), "listen = \"%s\"\nadmin = \"%s81\"\n" SAFE,
			public[i], public[i]);
		(void)snprintf(expected, sizeof(expected),
			"segrelay.conf:1: warning: listen = \"%s\" is reachable from other "
			"machines over plain HTTP: use 127.0.0.1 behind a reverse proxy with "
			"HTTPS\n"
			"segrelay.conf:2: warning: admin = \"%s81\" is reachable from other "
			"machines without a password: use 127.0.0.1\n",
			public[i], public[i]);
		expect_review(content, expected);
	}
	for (size_t i = 0; i < COUNT_OF(private); i++) {
		(void)snprintf(content, sizeof(content), "listen = \"%s\"\nadmin = \"%s81\"\n" SAFE,
			private[i], private[i]);
		expect_review(content, "");
	}
}

static void warns_of_what_hardly_is_a_secret(void **state)
{
#define QUOTED "the secret is in quotes, which count as part of it: remove them\n"
#define PLACEHOLDER "this looks like a placeholder, not a secret: copy the real one\n"
#define SHORT "the secret has fewer than 16 characters, and can be guessed: copy the whole one\n"
	static const struct {
		const char *secret;
		const char *warning;
	} cases[] = {
		{"'" SECRET "'", QUOTED},
		{"\\\"" SECRET "\\\"", QUOTED},
		{"`" SECRET "`", QUOTED},
		{"'" SECRET, QUOTED},
		{SECRET "\\\"", QUOTED},
		{"changeme-changeme", PLACEHOLDER},
		{"CHANGE_ME", PLACEHOLDER},
		{"your-webhook-signing-key", PLACEHOLDER},
		{"<the-shops-key-of-the-app>", PLACEHOLDER},
		{"shpss_xxxxxxxxxxxxxxxxxxxx", PLACEHOLDER},
		{"aaaaaaaaaaaaaaaaaaaaaaaa", PLACEHOLDER},
		{"my_client_secret", PLACEHOLDER},
		{"replace-this-by-the-key", PLACEHOLDER},
		{"0123456789abcdef0123456789abcdef", PLACEHOLDER},
		{"...", PLACEHOLDER},
		{"shpss_0f3a9c5", SHORT},
		{"k7", SHORT},
		{"0f3a9c51d7e2486", SHORT},
		{"0f3a9c51d7e2486b", NULL},
		{"shpss_" SECRET, NULL},
	};
	static const char *const options[] = {"secrets", "recharge_secrets"};
	char content[512];
	char expected[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
		const char *warning = cases[i / 2].warning;

		(void)snprintf(content, sizeof(content),
			MAIN_DESTINATION "shop \"a.myshopify.com\" {\n%s = {\"%s\"}\n%s }\n",
			options[i % 2], cases[i / 2].secret,
			i % 2 == 1 ? "secrets = {\"" SECRET "\"}" : "");
		(void)snprintf(expected, sizeof(expected),
			"segrelay.conf:3: shop \"a.myshopify.com\": warning: %s: %s",
			options[i % 2], warning != NULL ? warning : "");
		expect_review(content, warning != NULL ? expected : "");
	}
	expect_review("destination \"main\" { region = us\nwrite_key = \"'" WRITE_KEY_OF_32 "'\"\n"
		      "public_api_token = \"short\" }\n" SHOP,
		"segrelay.conf:2: destination \"main\": warning: write_key: " QUOTED
		"segrelay.conf:3: destination \"main\": warning: public_api_token: " SHORT
		"segrelay.conf:1: destination \"main\": warning: write_key must be 32 characters "
		"(got 34). Segment silently discards events sent with a wrong key.\n");
}

static void warns_of_what_hardly_is_a_secret_in_a_file(void **state)
{
	(void)state;
	(void)write_file("quoted", "\"" SECRET "\"\n");
	(void)write_file("short", "hush\n");
	(void)write_file("good", SECRET "\n");
	assert_int_equal(setenv("SEGRELAY_TEST_SECRETS", folder, 1), 0);
	expect_review(MAIN_DESTINATION
		"shop \"a.myshopify.com\" { secret_files = {\"${SEGRELAY_TEST_SECRETS}/quoted\",\n"
		"\"${SEGRELAY_TEST_SECRETS}/short\", \"${SEGRELAY_TEST_SECRETS}/good\"} }\n",
		"segrelay.conf:2: shop \"a.myshopify.com\": warning: quoted: " QUOTED
		"segrelay.conf:3: shop \"a.myshopify.com\": warning: short: " SHORT);
}

/* Once a file; not for what the environment has, nor for the group. */
static void warns_of_secrets_in_a_file_that_all_can_read(void **state)
{
#define OPEN                                                                                  \
	"warning: this file contains a secret and is readable by all users: keep secrets in " \
	"separate files (secret_files, write_key_file), or chmod 640 it\n"
	static const struct {
		mode_t mode;
		const char *expected;
	} cases[] = {
		{0600, ""},
		{0640, ""},
		{0660, ""},
		{0644, "segrelay.conf:1: destination \"main\": " OPEN},
		{0604, "segrelay.conf:1: destination \"main\": " OPEN},
	};
	static const char included[] = MAIN_DESTINATION "include(\"part.conf\")\n";
	static const char outside[] =
		"destination \"main\" { write_key = \"${SEGRELAY_TEST_KEY}\" region = us }\n"
		"shop \"a.myshopify.com\" { secrets = {\"${SEGRELAY_TEST_SECRET}\"} }\n";
	struct text report = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		config_release(review(
			write_bytes("segrelay.conf", SAFE, strlen(SAFE), cases[i].mode), &report));
		assert_string_equal(text_string(&report), cases[i].expected);
		text_free(&report);
	}
	(void)write_bytes("part.conf", "\n" SHOP, strlen("\n" SHOP), 0644);
	expect_review(included, "part.conf:2: shop \"a.myshopify.com\": " OPEN);
	assert_int_equal(setenv("SEGRELAY_TEST_KEY", WRITE_KEY_OF_32, 1), 0);
	assert_int_equal(setenv("SEGRELAY_TEST_SECRET", SECRET, 1), 0);
	config_release(
		review(write_bytes("segrelay.conf", outside, sizeof(outside) - 1, 0644), &report));
	assert_string_equal(text_string(&report), "");
	text_free(&report);
}

static void warns_of_a_min_free_that_one_turn_uses_up(void **state)
{
#define MIN_FREE                                                                              \
	"segrelay.conf: warning: min_free is less than twice max_in_memory: the store's "     \
	"write-ahead log may fill the disk before webhooks are rejected. Raise min_free, or " \
	"lower max_in_memory\n"
	(void)state;
	expect_review(SAFE "min_free = 0\n", MIN_FREE);
	expect_review(SAFE "min_free = 127MiB\n", MIN_FREE);
	expect_review(SAFE "max_in_memory = 129MiB\n", MIN_FREE);
	expect_review(SAFE "min_free = 32MiB\nmax_in_memory = 16MiB\n", "");
}

static void warns_of_two_events_under_one_name(void **state)
{
#define DISTINGUISHED ": they cannot be distinguished\n"
#define BOTH "warning: the events \"Order Completed\" and \"Order Refunded\" are both sent as "
	static const struct {
		const char *of_shop;
		const char *of_destination;
		const char *expected;
	} cases[] = {
		{"rename = {\"Order Completed=Order Refunded\"}", "",
			"segrelay.conf:2: shop \"a.myshopify.com\": " BOTH
			"\"Order Refunded\"" DISTINGUISHED},
		{"rename = {\"Order Completed=Sale\", \"Order Refunded=sale\"}", "",
			"segrelay.conf:2: shop \"a.myshopify.com\": " BOTH
			"\"Sale\"" DISTINGUISHED},
		{"", "rename = {\"Order Completed=Order Refunded\"}",
			"segrelay.conf:1: destination \"main\": " BOTH
			"\"Order Refunded\"" DISTINGUISHED},
		{"rename = {\"Order Completed=Sale\"}", "rename = {\"Order Refunded=Sale\"}",
			"segrelay.conf:1: destination \"main\": " BOTH "\"Sale\"" DISTINGUISHED},
		/* a swap, a name that is not sent, and one that the destination changes again */
		{"rename = {\"Order Completed=Order Refunded\", \"Order Refunded=Order "
		 "Completed\"}",
			"", ""},
		{"rename = {\"Order Completed=Order Refunded\"}\ndisable = {\"Order Refunded\"}",
			"", ""},
		{"rename = {\"Order Completed=Order Updated\"}", "", ""},
		{"rename = {\"Order Completed=Order Refunded\"}",
			"rename = {\"Order Completed=Purchase\"}", ""},
		{"rename = {\"Order Completed=order completed\"}", "", ""},
	};
	char content[1024];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		(void)snprintf(content, sizeof(content),
			"destination \"main\" { write_key = \"" WRITE_KEY_OF_32
			"\" region = us %s }\n"
			"shop \"a.myshopify.com\" { secrets = {\"" SECRET "\"}\n%s\n}\n"
			"shop \"b.myshopify.com\" { secrets = {\"another-" SECRET "\"} }\n",
			cases[i].of_destination, cases[i].of_shop);
		expect_review(content, cases[i].expected);
	}
}

/* They need no such warnings, and would print them each time. */
static void verbs_that_only_read_are_not_warned(void **state)
{
	(void)state;
	config_release(
		load_good("listen = \"0.0.0.0:80\"\nmin_free = 0\n" MAIN_DESTINATION A_SHOP));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_nothing_of_what_is_safe),
		cmocka_unit_test(warns_of_addresses_that_others_reach),
		cmocka_unit_test(warns_of_what_hardly_is_a_secret),
		cmocka_unit_test(warns_of_what_hardly_is_a_secret_in_a_file),
		cmocka_unit_test(warns_of_secrets_in_a_file_that_all_can_read),
		cmocka_unit_test(warns_of_a_min_free_that_one_turn_uses_up),
		cmocka_unit_test(warns_of_two_events_under_one_name),
		cmocka_unit_test(verbs_that_only_read_are_not_warned),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
