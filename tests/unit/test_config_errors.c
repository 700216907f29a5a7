/* Every error of a configuration file is named with its line, and no secret is ever shown. */
#include "configuring.h"

#define GOOD MAIN_DESTINATION A_SHOP

#define ADDRESS_ALLOWED "an address and port as \"127.0.0.1:8080\" or \"[::1]:8080\"\n"
#define DURATION_ALLOWED "a duration as \"500ms\", \"10s\", \"5m\", \"2h\" or \"7d\", from "
#define SIZE_ALLOWED "a size as \"512KiB\", \"16MiB\" or \"10GiB\", from "
#define NO_REGION                                                                               \
	"warning: region is not set: \"us\" is used. Segment silently discards events sent to " \
	"the wrong region, so set it\n"
#define NOT_32                                                                         \
	"warning: write_key must be 32 characters (got 5). Segment silently discards " \
	"events sent with a wrong key.\n"
#define NO_SYSTEMD                                                                            \
	"the variable CREDENTIALS_DIRECTORY is not set: systemd sets it for the service; by " \
	"hand, "                                                                              \
	"write CREDENTIALS_DIRECTORY=/etc/segrelay/credentials before the command\n"

static void names_all_errors_in_one_go(void **state)
{
	(void)state;
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	expect_refused("# a comment, whose line counts once\n"
		       "listen = \"nowhere\"\n"
		       "http_threds = 3\n"
		       "/* two\n"
		       "lines */ keep_orders = 5\n"
		       "max_body = \"1\"\n"
		       "\n"
		       "destination \"main\" {\n"
		       "    write_key = \"short\"\n"
		       "    region = \"mars\"\n"
		       "    batch_messages = 2401\n"
		       "    gzip = maybe\n"
		       "    sercet = {\"a\", \"b\"}\n"
		       "}\n"
		       "destination \"other\" { url = \"http://example.com\" region = us }\n"
		       "shop \"tea shop\" {\n"
		       "    destinations = {\"main\",\n"
		       "        \"nope\"}\n"
		       "    order_id = nam\n"
		       "    secret_files = {\n"
		       "        \"${CREDENTIALS_DIRECTORY}/tea\"\n"
		       "    }\n"
		       "}\n"
		       "shop \"cup.example.com\" { batch_wait = 1s }\n"
		       "store = \"mysql:x\"\n",
		"segrelay.conf:2: listen = \"nowhere\" is not allowed: " ADDRESS_ALLOWED
		"segrelay.conf:3: unknown option \"http_threds\": did you mean \"http_threads\"?\n"
		"segrelay.conf:5: keep_orders = \"5\" is not allowed: " DURATION_ALLOWED
		"1d to 36500d\n"
		"segrelay.conf:6: max_body = \"1\" is not allowed: " SIZE_ALLOWED
		"64KiB to 256MiB\n"
		"segrelay.conf:10: destination \"main\": region = \"mars\" is not allowed: us | "
		"eu\n"
		"segrelay.conf:11: destination \"main\": batch_messages = \"2401\" is not allowed: "
		"a whole number from 1 to 2400\n"
		"segrelay.conf:12: destination \"main\": gzip = \"maybe\" is not allowed: yes | "
		"no\n"
		"segrelay.conf:13: destination \"main\": unknown option \"sercet\"\n"
		"segrelay.conf:8: destination \"main\": " NOT_32
		"segrelay.conf:15: destination \"other\": url = \"http://example.com\" is not "
		"allowed: an https:// URL, or http:// to this machine\n"
		"segrelay.conf:15: destination \"other\": set one of write_key_file and write_key\n"
		"segrelay.conf:15: destination \"other\": set one of region and url\n"
		"segrelay.conf:19: shop \"tea shop\": order_id = \"nam\" is not allowed: id | name "
		"| number\n"
		"segrelay.conf:21: shop \"tea shop\": secret_files: " NO_SYSTEMD
		"segrelay.conf:16: shop \"tea shop\": a shop's name must be its domain, for "
		"example \"my-store.myshopify.com\"\n"
		"segrelay.conf:24: shop \"cup.example.com\": \"batch_wait\" is only allowed in a "
		"destination block\n"
		"segrelay.conf:24: shop \"cup.example.com\": warning: Shopify names shops by their "
		"permanent domain, which ends in .myshopify.com\n"
		"segrelay.conf:24: shop \"cup.example.com\": no secret: set secret_files or "
		"secrets\n"
		"segrelay.conf:25: store = \"mysql:x\" is not allowed: \"sqlite:FILE\", as "
		"\"sqlite:/var/lib/segrelay/segrelay.db\"\n"
		"segrelay.conf:18: shop \"tea shop\": unknown destination \"nope\"\n");
}

static void wants_a_shop_and_a_destination(void **state)
{
	(void)state;
	expect_refused("", "segrelay.conf: no destination: at least one is needed\n"
			   "segrelay.conf: no shop: at least one is needed\n");
	expect_refused(A_SHOP, "segrelay.conf: no destination: at least one is needed\n");
	expect_refused(MAIN_DESTINATION, "segrelay.conf: no shop: at least one is needed\n");
}

static void wants_each_name_once(void **state)
{
	(void)state;
	expect_refused("destination \"main\" { write_key = \"" WRITE_KEY_OF_32 "\" region = us\n}\n"
		       "destination \"Main\" { write_key = \"" WRITE_KEY_OF_32
		       "\" region = us }\n" A_SHOP MAIN_DESTINATION
		       "shop \"cup.myshopify.com\" { secrets = {\"x\"} }\n"
		       "shop \"TEA.myshopify.com\" {\n secrets = {\"x\"}\n}\n",
		"segrelay.conf:5: destination \"main\": duplicate block: a destination of this "
		"name "
		"is already defined at segrelay.conf:1\n"
		"segrelay.conf:7: shop \"TEA.myshopify.com\": duplicate block: a shop of this name "
		"is "
		"already defined at segrelay.conf:4\n");
}

/* Wherever the second one stands. */
static void names_both_blocks_of_one_name(void **state)
{
	(void)state;
	(void)write_file("part.conf",
		"\n\nshop\n\"Tea.MyShopify.com\"\n{\n secrets = {\"x\"}\n}\n"
		"destination \"Main\" { write_key = \"" OTHER_KEY_OF_32 "\" region = us }\n");
	expect_refused(
		"trusted_proxies = {\n\"10.0.0.0/8\"\n}\n" GOOD "include(\"part.conf\")\n"
		"shop \"cup.myshopify.com\" { secrets = {\"x\"} } shop \"cup.myshopify.com\" "
		"{\n secrets = {\"x\"}\n}\n"
		"destination \"Main\" # {\n{\n}\n",
		"part.conf:4: shop \"Tea.MyShopify.com\": duplicate block: a shop of this name is "
		"already defined at segrelay.conf:5\n"
		"segrelay.conf:7: shop \"cup.myshopify.com\": duplicate block: a shop of this name "
		"is "
		"already defined at segrelay.conf:7\n"
		"segrelay.conf:10: destination \"Main\": duplicate block: a destination of this "
		"name "
		"is already defined at part.conf:8\n"
		"segrelay.conf:10: destination \"Main\": set one of write_key_file and write_key\n"
		"segrelay.conf:10: destination \"Main\": " NO_REGION);
}

/* The one where it begins, not the one where it ends. */
static void names_the_first_line_of_a_block(void **state)
{
	(void)state;
	(void)write_file("part.conf", "shop \"b.myshopify.com\"\n{\n\n}\n");
	expect_refused("/* shop \"no\" {\n*/\n" MAIN_DESTINATION
		       "shop \"a.myshopify.com\" {\n destinations = {\n \"main\"\n }\n\n}\n"
		       "include(\"part.conf\")\n\nshop \"c.myshopify.com\" {\n}\n",
		"segrelay.conf:4: shop \"a.myshopify.com\": no secret: set secret_files or "
		"secrets\n"
		"part.conf:1: shop \"b.myshopify.com\": no secret: set secret_files or secrets\n"
		"segrelay.conf:12: shop \"c.myshopify.com\": no secret: set secret_files or "
		"secrets\n");
}

static void warns_of_every_option_that_is_set_twice(void **state)
{
#define TWICE " is set twice: the last value wins\n"
	(void)state;
	(void)write_file("part.conf", "log_level = debug\nlisten = \"127.0.0.1:82\"\n");
	config_release(load_and_expect(
		"listen = \"127.0.0.1:81\"\ntrusted_proxies = {\"::1\", \"10.0.0.1\"}\n"
		"include(\"part.conf\")\ntrusted_proxies += {\"10.0.0.2\"}\n"
		"destination \"main\" { region = us region = us\n write_key = \"" OTHER_KEY_OF_32
		"\"\n write_key = \"" WRITE_KEY_OF_32 "\" }\n"
		"destination \"two\" { region = us write_key = \"" OTHER_KEY_OF_32 "\" }\n" A_SHOP
		"trusted_proxies = {\"10.0.0.3\"}\n",
		"part.conf:2: warning: listen" TWICE
		"segrelay.conf:5: destination \"main\": warning: region" TWICE
		"segrelay.conf:7: destination \"main\": warning: write_key" TWICE
		"segrelay.conf:10: warning: trusted_proxies" TWICE));
#undef TWICE
}

static void suggests_the_nearest_name(void **state)
{
	static const struct {
		const char *option;
		const char *suggested;
	} cases[] = {
		{"disable = {\"Order Complete\"}", "did you mean \"Order Completed\"? Allowed: "},
		{"enable = {\"order updated\"}", "did you mean \"Order Updated\"? Allowed: "},
		{"enable = {\"ORDER REFUNDED\"}", "did you mean \"Order Refunded\"? Allowed: "},
		{"rename = {\"Product Aded=Added\"}", "did you mean \"Product Added\"? Allowed: "},
		{"storefront_pages = {\"/cart=Cart View\"}",
			"did you mean \"Cart Viewed\"? Allowed: "},
		{"destinations = {\"mian\"}",
			"unknown destination \"mian\": did you mean \"main\"?\n"},
		{"userid = none", "did you mean \"user_id\"?\n"},
		{"disable = {\"Nothing Like It\"}", "is not allowed: Product Added"},
		{"rename = {\"Order Completed\"}", "is not allowed: \"NAME=OWN NAME\""},
		{"storefront_pages = {\"/x=Order Completd\"}", "is not allowed: \"/PATH=NAME\""},
		{"destinations = {\"somewhere\"}", "unknown destination \"somewhere\"\n"},
	};
	char content[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct config *config = NULL;
		struct text report = {0};

		(void)snprintf(content, sizeof(content),
			MAIN_DESTINATION "shop \"a.myshopify.com\" { secrets = {\"x\"}\n%s }\n",
			cases[i].option);
		assert_int_equal(
			config_load(write_file("segrelay.conf", content), &config, &report), -1);
		if (strstr(text_string(&report), cases[i].suggested) == NULL)
			fail_msg("%s: %s", cases[i].option, text_string(&report));
		text_free(&report);
	}
}

static void wants_room_for_a_body_in_memory(void **state)
{
	(void)state;
	expect_refused(GOOD "max_in_memory = 8MiB\n",
		"segrelay.conf:3: max_in_memory must not be less than max_body\n");
	expect_refused("max_in_memory = 16MiB\n" GOOD "max_body = 17MiB\n",
		"segrelay.conf:4: max_in_memory must not be less than max_body\n");
	config_release(load_good(GOOD "max_in_memory = 16MiB max_body = 16MiB\n"));
}

static void bounds_lists(void **state)
{
	struct text content = {0};

	(void)state;
	text_put(&content, MAIN_DESTINATION "shop \"a.myshopify.com\" { secrets = {\"0\"");
	for (int i = 1; i < 64; i++)
		text_format(&content, ", \"%d\"", i);
	text_put(&content, "} }\n");
	config_release(load_good(text_string(&content)));
	text_cut(&content, content.length - 4);
	text_put(&content, ", \"x\", \"y\"} }\n");
	expect_refused(text_string(&content),
		"segrelay.conf:2: shop \"a.myshopify.com\": secrets: at most 64 values\n");
	expect_refused(MAIN_DESTINATION
		"shop \"a.myshopify.com\" { secrets = {\"x\"} destinations = {} }",
		"segrelay.conf:2: shop \"a.myshopify.com\": destinations = {} is not allowed: "
		"leave it out for all destinations\n");
	text_free(&content);
}

static void warns_of_two_destinations_that_are_one(void **state)
{
	static const char twins[] =
		"destination \"a\" { write_key = \"" WRITE_KEY_OF_32 "\" region = us }\n"
		"destination \"b\" { write_key = \"" WRITE_KEY_OF_32 "\" region = eu }\n";
	struct text content = {0};

	(void)state;
	text_put(&content, twins);
	text_put(&content,
		"shop \"one.myshopify.com\" { secrets = {\"x\"} destinations = {\"a\"} }\n"
		"shop \"two.myshopify.com\" { secrets = {\"y\"} }\n");
	config_release(load_and_expect(text_string(&content),
		"segrelay.conf: warning: shop \"two.myshopify.com\": destinations \"a\" and \"b\" "
		"have the same write key: an event sent to the first is not sent to the second\n"));
	text_free(&content);
}

static void warns_of_shops_that_share_a_secret(void **state)
{
	static const char ends[] =
		" have a secret in common: a webhook of one can be replayed for the other. Create "
		"a separate app, with its own secret, for each shop\n";
	struct text report = {0};
	struct config *config;

	(void)state;
	text_format(&report,
		"segrelay.conf: warning: shops \"a.myshopify.com\" and \"c.myshopify.com\"%s"
		"segrelay.conf: warning: shops \"a.myshopify.com\" and \"b.myshopify.com\" and 1 "
		"more%s",
		ends, ends);
	config = load_and_expect(MAIN_DESTINATION
		"shop \"a.myshopify.com\" { secrets = {\"z\", \"x\", \"z\"}\n"
		" recharge_secrets = {\"r\"} }\n"
		"shop \"b.myshopify.com\" { secrets = {\"y\", \"z\"} }\n"
		"shop \"c.myshopify.com\" { secrets = {\"z\", \"w\"} recharge_secrets = {\"r\"} }\n"
		"shop \"d.myshopify.com\" { secrets = {\"own\", \"own\"} }\n",
		text_string(&report));
	assert_int_equal(config_shop(config, "a.myshopify.com")->sharing_count, 2);
	assert_int_equal(config_shop(config, "b.myshopify.com")->sharing_count, 2);
	assert_int_equal(config_shop(config, "d.myshopify.com")->sharing_count, 0);
	config_release(config);
	text_free(&report);
}

static void warns_of_what_is_hardly_meant(void **state)
{
	(void)state;
	config_release(load_and_expect(MAIN_DESTINATION
		"shop \"a.myshopify.com\" {\n secrets = {\"new\"}\n secrets = {\"old\"}\n}\n"
		"shop \"b.myshopify.com\" {\n secrets = {\"b1\"}\n secrets += {\"b2\"}\n}\n"
		"store = \"sqlite:segrelay.db\"\n",
		"segrelay.conf:4: shop \"a.myshopify.com\": warning: secrets is set twice: the "
		"last value wins\n"
		"segrelay.conf:10: warning: store is not an absolute path: a command that is run "
		"in another folder does not find it\n"));
}

/* Each of these is taken for the secret, and all that comes is refused later. */
static void wants_secrets_that_can_be_ones(void **state)
{
#define SHOP "shop \"a.myshopify.com\": "
#define NO_SECRET "secrets is not allowed: the secret alone: ASCII without spaces\n"
	(void)state;
	(void)write_file("quoted", "“secret”\n");
	assert_int_equal(setenv("SEGRELAY_TEST_SECRETS", folder, 1), 0);
	expect_refused(MAIN_DESTINATION
		"shop \"a.myshopify.com\" {\n"
		" secrets = {“secret”}\n}\n"
		"shop \"b.myshopify.com\" {\n secrets = {\"secret \"}\n}\n"
		"shop \"c.myshopify.com\" {\n secrets = [secret]\n}\n"
		"shop \"d.myshopify.com\" {\n"
		" secret_files = {\"${SEGRELAY_TEST_SECRETS}/quoted\"}\n}\n",
		"segrelay.conf:3: shop \"a.myshopify.com\": " NO_SECRET
		"segrelay.conf:6: shop \"b.myshopify.com\": " NO_SECRET
		"segrelay.conf:9: shop \"c.myshopify.com\": secrets: write a list in { }, not in [ "
		"]\n"
		"segrelay.conf:12: shop \"d.myshopify.com\": quoted must contain only the secret, "
		"in one line\n");
	config_release(load_and_expect(MAIN_DESTINATION
		"shop \"a.myshopify.com\" {\n secrets = {'${CREDENTIALS_DIRECTORY}/a',\n"
		" \"/etc/segrelay/credentials/a\"}\n}\n",
		"segrelay.conf:3: " SHOP
		"warning: secrets: ${ is replaced only within double quotes\n"
		"segrelay.conf:4: " SHOP
		"warning: secrets seems to be a path: use the option for files\n"));
#undef NO_SECRET
#undef SHOP
}

static void wants_two_addresses(void **state)
{
	(void)state;
	expect_refused(GOOD "admin = \"127.0.0.1:8080\"\n",
		"segrelay.conf: listen and admin must not be the same address\n");
	config_release(load_good(GOOD "listen = \"[::1]:0\"\nadmin = \"[::1]:0\"\n"));
	expect_refused(GOOD "listen = \"x\"\nadmin = \"x\"\n",
		"segrelay.conf:3: listen = \"x\" is not allowed: " ADDRESS_ALLOWED
		"segrelay.conf:4: admin = \"x\" is not allowed: " ADDRESS_ALLOWED);
}

static void warns_of_what_segment_would_not_say(void **state)
{
	(void)state;
	config_release(load_and_expect("destination \"a\" { write_key = \"short\" }\n"
				       "destination \"b\" { write_key = \"small\"\n"
				       " url = \"http://127.0.0.1:9\" }\n" A_SHOP,
		"segrelay.conf:1: destination \"a\": " NO_REGION
		"segrelay.conf:1: destination \"a\": " NOT_32));
	(void)write_file("key", "short\n");
	assert_int_equal(setenv("SEGRELAY_TEST_SECRETS", folder, 1), 0);
	config_release(
		load_and_expect("destination \"a\" { region = us\n"
				" write_key_file = \"${SEGRELAY_TEST_SECRETS}/key\" }\n" A_SHOP,
			"segrelay.conf:1: destination \"a\": " NOT_32));
}

static void says_what_is_never_closed(void **state)
{
	static const struct {
		const char *content;
		const char *expected;
	} cases[] = {
		{GOOD "\nlisten = \"127.0.0.1:80\nadmin = \"127.0.0.1:81\"\n",
			"segrelay.conf:4: a quote on this line is never closed\n"},
		{GOOD "listen = '127.0.0.1:80",
			"segrelay.conf:3: a quote on this line is never closed\n"},
		{GOOD "/* all that follows\nis not read\n",
			"segrelay.conf:3: the comment that begins here is never closed\n"},
		{MAIN_DESTINATION "shop \"a.myshopify.com\" {\n secrets = {\"x\"}\n\n" A_SHOP,
			"segrelay.conf:2: the \"{\" on this line is never closed\n"},
		{GOOD "listen = \"${HOST:80\"\n}",
			"segrelay.conf:3: the ${ on this line is never closed\n"},
		{GOOD "}\n", "segrelay.conf:3: unexpected closing brace\n"},
		{"shop \"a.myshopify.com\" { secrets = {\"x\"}\nlisten = \"x\" "
		 "}\n" MAIN_DESTINATION,
			"segrelay.conf:2: shop \"a.myshopify.com\": \"listen\" is not allowed in a "
			"shop block: is a \"}\" missing before it?\n"},
		{"destinatio \"main\" { }\n",
			"segrelay.conf:1: unknown option \"destinatio\": did you mean "
			"\"destination\"?\n"},
		{GOOD "listen \"x\"\n", "segrelay.conf:3: listen has no \"=\" after it\n"},
		{GOOD "listen = {\"x\"}\n",
			"segrelay.conf:3: unexpected token: write NAME = VALUE, and a list as NAME "
			"= {\"one\", \"two\"}\n"},
		{GOOD "shop = \"a\" {\n}\n",
			"segrelay.conf:3: missing title for section: write shop \"DOMAIN\" { … } "
			"or destination \"NAME\" { … }\n"},
		{GOOD "include \"a\"\n", "segrelay.conf:3: missing parenthesis for function: write "
					 "include(\"FILE\")\n"},
		{GOOD "include(\"a\", \"b\")\n",
			"segrelay.conf:3: include takes one file: include(\"FILE\")\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		expect_refused(cases[i].content, cases[i].expected);
}

static void reads_bytes_that_are_no_text(void **state)
{
	static const char nul[] = GOOD "\nlisten\0 = 3";
	struct config *config = NULL;
	struct text report = {0};

	(void)state;
	assert_int_equal(
		config_load(write_bytes("nul.conf", nul, sizeof(nul) - 1, 0600), &config, &report),
		-1);
	assert_non_null(strstr(text_string(&report), "nul.conf:4: a NUL byte"));
	text_free(&report);
	config_release(load_good("\xEF\xBB\xBF" GOOD));
	expect_refused(GOOD "listen = \"\\x01\"\nadmin = \"\001\"\n",
		"segrelay.conf:3: listen = \"?\" is not allowed: " ADDRESS_ALLOWED
		"segrelay.conf:4: admin = \"?\" is not allowed: " ADDRESS_ALLOWED);
	expect_refused(GOOD "listen = \"a\\nb\"\n",
		"segrelay.conf:3: listen = \"a?b\" is not allowed: " ADDRESS_ALLOWED);
}

static void names_the_included_file(void **state)
{
	(void)state;
	(void)write_file("part.conf", "# first\nlisten = \"x\"\nlisten = \"y\"\n");
	expect_refused("include(\"part.conf\")\n" GOOD "\nadmin = \"z\"\n",
		"part.conf:2: listen = \"x\" is not allowed: " ADDRESS_ALLOWED
		"part.conf:3: warning: listen is set twice: the last value wins\n"
		"part.conf:3: listen = \"y\" is not allowed: " ADDRESS_ALLOWED
		"segrelay.conf:5: admin = \"z\" is not allowed: " ADDRESS_ALLOWED);
	expect_refused("include(\"none.conf\")\nadmin = \"z\"\n",
		"segrelay.conf:1: none.conf: reading failed: No such file or directory\n"
		"segrelay.conf:2: admin = \"z\" is not allowed: " ADDRESS_ALLOWED);
	/* a pipe would be waited for without end */
	assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
	expect_refused("include(\"pipe\")\n" GOOD,
		"segrelay.conf:1: pipe: reading failed: it is not a regular file\n");
	expect_refused("include(\"/dev/zero\")\n" GOOD,
		"segrelay.conf:1: /dev/zero: reading failed: it is not a regular file\n");
	expect_refused("include(\"${SEGRELAY_TEST_NONE}/x\")\n" GOOD,
		"segrelay.conf:1: include: the variable of ${NAME} in it is not set\n");
	expect_refused("include(\"segrelay.conf\")\n",
		"segrelay.conf:1: include: nested too deeply, or in a circle\n");
}

/* libConfuse's own include stops working after ten errors in included files. */
static void includes_again_after_many_errors(void **state)
{
	struct text part = {0};
	struct text expected = {0};

	(void)state;
	for (int i = 0; i < 20; i++) {
		text_format(&part, "zzzzzz%c = 1\n", 'a' + i);
		text_format(
			&expected, "part.conf:%d: unknown option \"zzzzzz%c\"\n", i + 1, 'a' + i);
	}
	(void)write_file("part.conf", text_string(&part));
	expect_refused("include(\"part.conf\")\n" GOOD, text_string(&expected));
	(void)write_file("part.conf", A_SHOP);
	config_release(load_good("include(\"part.conf\")\n" MAIN_DESTINATION));
	text_free(&part);
	text_free(&expected);
}

static void refuses_files_that_hold_no_secret(void **state)
{
	char long_secret[1026];

	(void)state;
	memset(long_secret, 's', sizeof(long_secret) - 1);
	long_secret[sizeof(long_secret) - 1] = '\0';
	(void)write_file("empty", " \n\n");
	(void)write_file("two", "one\ntwo\n");
	(void)write_file("long", long_secret);
	(void)write_bytes("nul", "a\0b", 3, 0600);
	assert_int_equal(setenv("SEGRELAY_TEST_SECRETS", folder, 1), 0);
	expect_refused(MAIN_DESTINATION "shop \"a.myshopify.com\" { secret_files = {\n"
					"\"${SEGRELAY_TEST_SECRETS}/none\",\n"
					"\"${SEGRELAY_TEST_SECRETS}/empty\",\n"
					"\"${SEGRELAY_TEST_SECRETS}/two\",\n"
					"\"${SEGRELAY_TEST_SECRETS}/long\",\n"
					"\"${SEGRELAY_TEST_SECRETS}/nul\",\n"
					"\"${SEGRELAY_TEST_SECRETS}/.\",\n"
					"\"not/whole\",\n"
					"\"/run/credentials/segrelay.test/none\",\n"
					"\"${SEGRELAY_TEST_NONE}/x\"} }\n",
#define SHOP "shop \"a.myshopify.com\": "
		"segrelay.conf:3: " SHOP "none: No such file or directory\n"
		"segrelay.conf:4: " SHOP "empty is empty: write the secret into it\n"
		"segrelay.conf:5: " SHOP "two must contain only the secret, in one line\n"
		"segrelay.conf:6: " SHOP "long is longer than 1024 bytes: not a secret\n"
		"segrelay.conf:7: " SHOP "nul must contain only the secret, in one line\n"
		"segrelay.conf:8: " SHOP ". is not a regular file\n"
		"segrelay.conf:9: " SHOP
		"secret_files is not allowed: the absolute path of a file with the secret\n"
		"segrelay.conf:10: " SHOP "/run/credentials/segrelay.test/none: No such file or "
		"directory: name it in the unit (LoadCredential=) and restart segrelay: systemd "
		"copies credentials when the service starts\n"
		"segrelay.conf:11: " SHOP
		"secret_files: the variable SEGRELAY_TEST_NONE is not set: set it, "
		"or write ${SEGRELAY_TEST_NONE:-default}\n");
#undef SHOP
}

static void warns_of_secrets_that_others_can_read(void **state)
{
	static const mode_t open_modes[] = {0640, 0604, 0644};
	static const char content[] = MAIN_DESTINATION
		"shop \"a.myshopify.com\" { secret_files = {\"${SEGRELAY_TEST_SECRETS}/open\"} }\n";

	(void)state;
	assert_int_equal(setenv("SEGRELAY_TEST_SECRETS", folder, 1), 0);
	for (size_t i = 0; i < COUNT_OF(open_modes); i++) {
		(void)write_bytes("open", "secret", 6, open_modes[i]);
		config_release(load_and_expect(content,
			"segrelay.conf:2: shop \"a.myshopify.com\": warning: open can be read by "
			"others: chmod 600 it\n"));
	}
	(void)write_bytes("open", "secret", 6, 0600);
	config_release(load_good(content));
}

/* Whatever is wrong around a secret: the report is on the operator's screen and in the journal. */
static void never_shows_a_secret(void **state)
{
	static const char *const blocks[] = {
		"{ secrets = {\"SESAME7\" \"SESAME7\"} }",
		"{ secrets = {\"x\"} SESAME7 }",
		"{ secrets = {\"x\"} SESAME7 = 1 }",
		"{ secrets = {\"x\"} \"SESAME7\" { } }",
		"{ secrets = \"x\" \"SESAME7\" }",
		"{ secrets \"SESAME7\" }",
		"{ secrets = SESAME7\\999 order_id = x }",
		"{ secrets = {\"SESAME7\\999\"} }",
		"{ secrets = {\"SESAME7} }",
		"{ secret_files = {\"SESAME7\"} }",
		"{ secrets = {\"SESAME7\"} user_id = SESAM }",
		"{ secret = \"SESAME7\" }",
		"{ secrets = {\"SESAME7${SEGRELAY_TEST_NONE}\"} }",
		"{ secrets += {\"SESAME7\" } x }",
	};
	char content[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(blocks); i++) {
		struct config *config = NULL;
		struct text report = {0};

		(void)snprintf(content, sizeof(content),
			MAIN_DESTINATION "shop \"a.myshopify.com\" %s\n", blocks[i]);
		assert_int_equal(
			config_load(write_file("segrelay.conf", content), &config, &report), -1);
		assert_true(report.length > 0);
		if (strstr(text_string(&report), "SESAME7") != NULL)
			fail_msg("%s shows the secret: %s", blocks[i], text_string(&report));
		text_free(&report);
	}
	expect_refused("destination \"a\" { write_key = \"" WRITE_KEY_OF_32 "\"\n"
		       " url = \"https://user:SESAME7@example.com\" }\n" A_SHOP,
		"segrelay.conf:2: destination \"a\": url is not allowed: an https:// URL, or "
		"http:// to this machine\n");
}

static void says_that_the_file_is_missing(void **state)
{
	struct config *config = NULL;
	struct text report = {0};

	(void)state;
	assert_int_equal(config_load("/nonexistent/segrelay.conf", &config, &report), -1);
	assert_null(config);
	assert_string_equal(text_string(&report),
		"/nonexistent/segrelay.conf: reading failed: No such file or directory\n");
	text_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_all_errors_in_one_go),
		cmocka_unit_test(wants_a_shop_and_a_destination),
		cmocka_unit_test(wants_each_name_once),
		cmocka_unit_test(names_both_blocks_of_one_name),
		cmocka_unit_test(names_the_first_line_of_a_block),
		cmocka_unit_test(warns_of_every_option_that_is_set_twice),
		cmocka_unit_test(suggests_the_nearest_name),
		cmocka_unit_test(wants_room_for_a_body_in_memory),
		cmocka_unit_test(bounds_lists),
		cmocka_unit_test(warns_of_two_destinations_that_are_one),
		cmocka_unit_test(warns_of_shops_that_share_a_secret),
		cmocka_unit_test(warns_of_what_is_hardly_meant),
		cmocka_unit_test(wants_secrets_that_can_be_ones),
		cmocka_unit_test(wants_two_addresses),
		cmocka_unit_test(warns_of_what_segment_would_not_say),
		cmocka_unit_test(says_what_is_never_closed),
		cmocka_unit_test(reads_bytes_that_are_no_text),
		cmocka_unit_test(names_the_included_file),
		cmocka_unit_test(includes_again_after_many_errors),
		cmocka_unit_test(refuses_files_that_hold_no_secret),
		cmocka_unit_test(warns_of_secrets_that_others_can_read),
		cmocka_unit_test(never_shows_a_secret),
		cmocka_unit_test(says_that_the_file_is_missing),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
