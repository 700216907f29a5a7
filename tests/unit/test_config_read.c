/* What a good configuration file says arrives as it was written, and the rest has its defaults. */
#include "configuring.h"

#include "base/clock.h"
#include "config/options.h"

#include <pthread.h>

static void has_the_defaults_of_the_manual(void **state)
{
	struct config *config = load_good(MAIN_DESTINATION A_SHOP);

	(void)state;
	assert_string_equal(config->listen, "127.0.0.1:8080");
	assert_string_equal(config->admin, "127.0.0.1:9464");
	assert_null(config->public_url);
	assert_string_equal(config->store, "sqlite:/var/lib/segrelay/segrelay.db");
	assert_int_equal(config->keep_deliveries, 7 * DAY);
	assert_int_equal(config->keep_orders, 400 * DAY);
	assert_int_equal(config->keep_emitted, 730 * DAY);
	assert_int_equal(config->max_store, 10LL << 30);
	assert_int_equal(config->min_free, 256LL << 20);
	assert_int_equal(config->max_body, 16LL << 20);
	assert_int_equal(config->max_in_memory, 64LL << 20);
	assert_int_equal(config->max_connections, 1000);
	assert_int_equal(config->http_threads, 2);
	assert_int_equal(config->request_timeout, 20 * SECOND);
	assert_int_equal(config->idle_timeout, 75 * SECOND);
	assert_int_equal(config->stop_grace, 10 * SECOND);
	assert_int_equal(config->log_level, LOG_INFO);
	assert_int_equal(config->log_format, LOG_TEXT);
	config_release(config);
}

static void has_the_defaults_of_a_destination_and_a_shop(void **state)
{
	struct config *config = load_good(MAIN_DESTINATION A_SHOP);
	const struct destination *destination = config_destination(config, "main");
	const struct shop *shop = config_shop(config, "tea.myshopify.com");

	(void)state;
	assert_string_equal(destination->name, "main");
	assert_string_equal(destination->write_key, WRITE_KEY_OF_32);
	assert_int_equal(destination->batch_messages, 100);
	assert_int_equal(destination->batch_wait, SECOND);
	assert_int_equal(destination->batches_in_flight, 4);
	assert_false(destination->gzip);
	assert_int_equal(shop->order_id, ORDER_ID_ID);
	assert_int_equal(shop->user_id, USER_ID_CUSTOMER_ID);
	assert_int_equal(shop->order_completed_on, COMPLETED_ON_CREATE);
	assert_int_equal(shop->identify, IDENTIFY_EVERY);
	assert_true(shop->email_property);
	assert_false(shop->anonymize_ip);
	assert_int_equal(shop->test_orders, SKIP);
	assert_int_equal(shop->recharge_secrets.count, 0);
	assert_int_equal(shop->recharge_signature, RECHARGE_SIGNATURE_V1_OR_LEGACY);
	assert_null(shop->recharge_token);
	assert_string_equal(shop->recharge_api_url, "https://api.rechargeapps.com");
	assert_int_equal(shop->refund_without_money, SKIP);
	assert_int_equal(shop->anonymous_id_attributes.count, 5);
	assert_string_equal(shop->anonymous_id_attributes.items[0], "_segment_anonymous_id");
	assert_string_equal(shop->anonymous_id_attributes.items[4], "rudderAnonymousId");
	assert_int_equal(shop->google_client_id_attributes.count, 2);
	assert_string_equal(shop->google_client_id_attributes.items[1], "_google-clientID");
	assert_int_equal(shop->google_session_id_attributes.count, 1);
	config_release(config);
}

static void reads_what_is_written(void **state)
{
	struct config *config = load_good(
		"listen = '[::1]:80' // the other kinds of comments and quotes\n"
		"keep_deliveries=2h /* of\nseveral lines */ max_body = 65536\n"
		"log_level = \"debug\"\r\nlog_format = json\r\n"
		"destination \"main\" { write_key = \"" WRITE_KEY_OF_32 "\" region = us\n"
		" batch_messages = 2400 batch_wait = 250ms batches_in_flight = 1 gzip = on }\n"
		"shop \"Tea.MyShopify.com\" { secrets = {\"a#b\", 'c//d', \"e\\\"f\",}\n"
		" anonymous_id_attributes = {} google_client_id_attributes = {\"ga\"} }\n");
	const struct shop *shop = config_shop(config, "tea.myshopify.com");

	(void)state;
	assert_string_equal(config->listen, "[::1]:80");
	assert_int_equal(config->keep_deliveries, 2 * HOUR);
	assert_int_equal(config->max_body, 65536);
	assert_int_equal(config->log_level, LOG_DEBUG);
	assert_int_equal(config->log_format, LOG_JSON);
	assert_int_equal(config->destinations[0].batch_messages, 2400);
	assert_int_equal(config->destinations[0].batch_wait, 250);
	assert_int_equal(config->destinations[0].batches_in_flight, 1);
	assert_true(config->destinations[0].gzip);
	assert_string_equal(shop->domain, "tea.myshopify.com");
	assert_int_equal(shop->secrets.count, 3);
	assert_string_equal(shop->secrets.items[0], "a#b");
	assert_string_equal(shop->secrets.items[1], "c//d");
	assert_string_equal(shop->secrets.items[2], "e\"f");
	assert_int_equal(shop->anonymous_id_attributes.count, 0);
	assert_int_equal(shop->google_client_id_attributes.count, 1);
	config_release(config);
}

static size_t count_choices(const struct option *options)
{
	size_t count = 0;

	for (; options->name != NULL; options++)
		for (size_t i = 0; options->choices != NULL && options->choices[i] != NULL; i++)
			count++;
	return count;
}

static void knows_every_choice(void **state)
{
#define CHOICE(member, word, value) #member, word, offsetof(struct shop, member), value
	static const struct {
		const char *name;
		const char *word;
		size_t offset;
		int value;
	} cases[] = {
		{CHOICE(order_id, "id", ORDER_ID_ID)},
		{CHOICE(order_id, "name", ORDER_ID_NAME)},
		{CHOICE(order_id, "number", ORDER_ID_NUMBER)},
		{CHOICE(user_id, "customer_id", USER_ID_CUSTOMER_ID)},
		{CHOICE(user_id, "email", USER_ID_EMAIL)},
		{CHOICE(user_id, "md5_email", USER_ID_MD5_EMAIL)},
		{CHOICE(user_id, "none", USER_ID_NONE)},
		{CHOICE(order_completed_on, "create", COMPLETED_ON_CREATE)},
		{CHOICE(order_completed_on, "paid", COMPLETED_ON_PAID)},
		{CHOICE(identify, "every", IDENTIFY_EVERY)},
		{CHOICE(identify, "changed", IDENTIFY_CHANGED)},
		{CHOICE(recharge_signature, "v1_or_legacy", RECHARGE_SIGNATURE_V1_OR_LEGACY)},
		{CHOICE(recharge_signature, "v1", RECHARGE_SIGNATURE_V1)},
		{CHOICE(recharge_signature, "either", RECHARGE_SIGNATURE_EITHER)},
		{CHOICE(consent, "required", CONSENT_REQUIRED)},
		{CHOICE(consent, "off", CONSENT_OFF)},
		{CHOICE(test_orders, "skip", SKIP)},
		{CHOICE(test_orders, "send", SEND)},
		{CHOICE(refund_without_money, "skip", SKIP)},
		{CHOICE(refund_without_money, "send", SEND)},
	};
	char content[512];

	(void)state;
	assert_int_equal(COUNT_OF(cases), count_choices(shop_options));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct config *config;

		(void)snprintf(content, sizeof(content),
			MAIN_DESTINATION "shop \"a.myshopify.com\" { secrets = {\"x\"} %s = %s }",
			cases[i].name, cases[i].word);
		config = load_good(content);
		assert_int_equal(*(const int *)((const char *)&config->shops[0] + cases[i].offset),
			cases[i].value);
		config_release(config);
	}
}

static void knows_every_log_level(void **state)
{
	static const char *const levels[] = {"error", "warning", "info", "debug"};
	static const enum log_level values[] = {LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
	char content[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		struct config *config;

		(void)snprintf(content, sizeof(content), MAIN_DESTINATION A_SHOP "log_level = %s",
			levels[i]);
		config = load_good(content);
		assert_int_equal(config->log_level, values[i]);
		config_release(config);
	}
}

static void finds_the_url(void **state)
{
	static const struct {
		const char *written;
		const char *url;
	} cases[] = {
		{"region = us", "https://api.segment.io"},
		{"region = eu", "https://events.eu1.segmentapis.com"},
		{"url = https://proxy.example.com", "https://proxy.example.com"},
		{"url = \"https://proxy.example.com:8443/\"", "https://proxy.example.com:8443"},
		{"url = \"https://proxy.example.com/v1\"", "https://proxy.example.com"},
		{"url = \"https://proxy.example.com/x//v1/\"", "https://proxy.example.com/x"},
		{"url = \"http://127.0.0.1:9000/v1\"", "http://127.0.0.1:9000"},
		{"url = \"http://[::1]:9000\"", "http://[::1]:9000"},
		{"url = \"http://localhost\"", "http://localhost"},
	};
	char content[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct config *config;

		(void)snprintf(content, sizeof(content),
			"destination \"d\" { write_key = \"" WRITE_KEY_OF_32 "\" %s }\n" A_SHOP,
			cases[i].written);
		config = load_good(content);
		assert_string_equal(config->destinations[0].url, cases[i].url);
		config_release(config);
	}
}

static void makes_the_space_of_the_write_key(void **state)
{
	struct config *config = load_good(MAIN_DESTINATION OTHER_DESTINATION A_SHOP);
	struct uuid space = uuid_of_name(&uuid_segrelay, WRITE_KEY_OF_32, 32);

	(void)state;
	assert_memory_equal(&config->destinations[0].space, &space, sizeof(space));
	config_release(config);
}

static void gives_shops_their_destinations(void **state)
{
	struct config *config =
		load_good("shop \"all.myshopify.com\" { secrets = {\"x\"} }\n"
			  "shop \"one.myshopify.com\" { secrets = {\"y\"}\n"
			  " destinations = {\"eu\"} }\n" MAIN_DESTINATION OTHER_DESTINATION);
	const struct shop *all = config_shop(config, "all.myshopify.com");
	const struct shop *one = config_shop(config, "one.myshopify.com");

	(void)state;
	assert_int_equal(all->destination_count, 2);
	assert_ptr_equal(all->destinations[0], config_destination(config, "main"));
	assert_ptr_equal(all->destinations[1], config_destination(config, "eu"));
	assert_int_equal(one->destination_count, 1);
	assert_ptr_equal(one->destinations[0], config_destination(config, "eu"));
	assert_null(config_destination(config, "Main"));
	config_release(config);
}

static void makes_a_place_for_deletions(void **state)
{
	struct config *config =
		load_good("destination \"main\" { write_key = \"" WRITE_KEY_OF_32 "\" region = eu\n"
			  " public_api_token = \"sgp_1\" }\n"
			  "destination \"other\" { write_key = \"" OTHER_KEY_OF_32 "\"\n"
			  " url = \"http://127.0.0.1:9000\" public_api_token = \"sgp_2\"\n"
			  " public_api_url = \"http://127.0.0.1:9001/\" source_id = \"src1\" }\n"
			  "destination \"none\" { write_key = \"ccccccccccccccccdddddddddddddddd\" "
			  "region = us }\n"
			  "shop \"tea.myshopify.com\" { secrets = {\"a\"} }\n");
	const struct destination *main = config_destination(config, "main (deletions)");
	const struct destination *other = config_destination(config, "other (deletions)");

	(void)state;
	assert_int_equal(config->destination_count, 3);
	assert_int_equal(config_shop(config, "tea.myshopify.com")->destination_count, 3);
	assert_ptr_equal(config_destination(config, "main")->deletions, main);
	assert_string_equal(main->url, "https://eu1.api.segmentapis.com/regulations");
	assert_string_equal(main->write_key, "sgp_1");
	assert_true(main->deletes);
	assert_string_equal(other->url, "http://127.0.0.1:9001/regulations/sources/src1");
	assert_null(config_destination(config, "none")->deletions);
	assert_null(config_destination(config, "none (deletions)"));
	config_release(config);
}

static void finds_shops_in_any_case(void **state)
{
	struct text content = {0};
	struct config *config;
	char domain[64];

	(void)state;
	text_put(&content, MAIN_DESTINATION);
	for (int i = 99; i >= 0; i--)
		text_format(&content, "shop \"%s%d.myshopify.com\" { secrets = {\"x%d\"} }\n",
			i % 2 == 0 ? "Even" : "odd", i, i);
	config = load_good(text_string(&content));
	assert_int_equal(config->shop_count, 100);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(domain, sizeof(domain), "%s%d.MyShopify.COM",
			i % 2 == 0 ? "even" : "ODD", i);
		assert_non_null(config_shop(config, domain));
		assert_int_equal(strcasecmp(config_shop(config, domain)->domain, domain), 0);
	}
	assert_null(config_shop(config, "even1.myshopify.com"));
	assert_null(config_shop(config, ""));
	text_free(&content);
	config_release(config);
}

static void finds_shops_that_share_a_secret(void **state)
{
	struct config *config = load_good("shop \"a.myshopify.com\" { secrets = {\"own\"} }\n"
					  "shop \"b.myshopify.com\" { secrets = {\"x\", \"b\"} "
					  "recharge_secrets = {\"rb\"} }\n" MAIN_DESTINATION);

	(void)state;
	assert_int_equal(config->shops[0].sharing_count, 0);
	assert_int_equal(config->shops[1].sharing_count, 0);
	config_release(config);
}

static void reads_secrets_from_files(void **state)
{
	struct config *config;

	(void)state;
	(void)write_file("key", WRITE_KEY_OF_32 "\n");
	(void)write_file("old", "old-secret \r\n\n");
	(void)write_file("new", "new-secret");
	assert_int_equal(setenv("SEGRELAY_TEST_SECRETS", folder, 1), 0);
	config = load_good("destination \"main\" { region = eu\n"
			   " write_key_file = \"${SEGRELAY_TEST_SECRETS}/key\" }\n"
			   "shop \"a.myshopify.com\" { secrets = {\"inline\"}\n"
			   " secret_files = {\"${SEGRELAY_TEST_SECRETS}/new\",\n"
			   "                 \"${SEGRELAY_TEST_SECRETS}/old\"} }\n");
	assert_string_equal(config->destinations[0].write_key, WRITE_KEY_OF_32);
	assert_int_equal(config->shops[0].secrets.count, 3);
	assert_string_equal(config->shops[0].secrets.items[0], "inline");
	assert_string_equal(config->shops[0].secrets.items[1], "new-secret");
	assert_string_equal(config->shops[0].secrets.items[2], "old-secret");
	config_release(config);
	assert_int_equal(unsetenv("SEGRELAY_TEST_SECRETS"), 0);
}

static void reads_what_recharge_needs(void **state)
{
	struct config *config;
	const struct shop *shop;

	(void)state;
	(void)write_file("recharge", "secret-of-a-file\n");
	(void)write_file("token", "sk_of_a_file\n");
	assert_int_equal(setenv("SEGRELAY_TEST_SECRETS", folder, 1), 0);
	config = load_good(MAIN_DESTINATION
		"public_url = \"https://relay.example.com/\"\n"
		"shop \"a.myshopify.com\" { secrets = {\"x\"} recharge_signature = v1\n"
		" recharge_secrets = {\"inline\"} recharge_api_url = \"http://127.0.0.1:90/\"\n"
		" recharge_secret_files = {\"${SEGRELAY_TEST_SECRETS}/recharge\"}\n"
		" recharge_token_file = \"${SEGRELAY_TEST_SECRETS}/token\" }\n");
	shop = &config->shops[0];
	assert_string_equal(config->public_url, "https://relay.example.com");
	assert_int_equal(shop->secrets.count, 1);
	assert_int_equal(shop->recharge_secrets.count, 2);
	assert_string_equal(shop->recharge_secrets.items[0], "inline");
	assert_string_equal(shop->recharge_secrets.items[1], "secret-of-a-file");
	assert_string_equal(shop->recharge_token, "sk_of_a_file");
	assert_string_equal(shop->recharge_api_url, "http://127.0.0.1:90");
	config_release(config);
	assert_int_equal(unsetenv("SEGRELAY_TEST_SECRETS"), 0);
}

static void takes_the_default_of_a_variable(void **state)
{
	struct config *config;

	(void)state;
	assert_int_equal(unsetenv("SEGRELAY_TEST_PORT"), 0);
	config = load_and_expect("listen = \"127.0.0.1:${SEGRELAY_TEST_PORT:-81}\"\n"
				 "admin = \"127.0.0.1:82\" # not ${THIS_ONE}\n" MAIN_DESTINATION
				 "shop \"a.myshopify.com\" { secrets = {'${LITERAL}'} }\n",
		"segrelay.conf:4: shop \"a.myshopify.com\": warning: secrets: ${ is replaced only "
		"within double quotes\n");
	assert_string_equal(config->listen, "127.0.0.1:81");
	assert_string_equal(config->shops[0].secrets.items[0], "${LITERAL}");
	config_release(config);
}

static void includes_as_seen_from_the_including_file(void **state)
{
	struct config *config;

	(void)state;
	(void)write_file("shops.conf", "# shops\n" A_SHOP "include(\"more.conf\")\n");
	(void)write_file("more.conf", "shop \"b.myshopify.com\" { secrets = {\"x\"} }");
	config = load_good("include(\"shops.conf\")\n" MAIN_DESTINATION "http_threads = 3");
	assert_int_equal(config->shop_count, 2);
	assert_int_equal(config->http_threads, 3);
	assert_string_equal(config->path, path_of("segrelay.conf"));
	config_release(config);
}

static void *share_and_release(void *config)
{
	for (int i = 0; i < 1000; i++)
		config_release(config_share(config));
	config_release(config);
	return NULL;
}

static void is_shared_between_threads(void **state)
{
	struct config *config = load_good(MAIN_DESTINATION A_SHOP);
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, share_and_release, config_share(config)),
			0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(config->references, 1);
	assert_string_equal(config->shops[0].secrets.items[0], "leaf");
	config_release(config);
	assert_null(config_share(NULL));
	config_release(NULL);
}

static void maps_without_a_file(void **state)
{
	struct config *config = config_defaults("Tea.myshopify.com");
	const struct shop *shop;

	(void)state;
	assert_non_null(config);
	shop = config_shop(config, "tea.myshopify.com");
	assert_non_null(shop);
	assert_int_equal(shop->destination_count, 1);
	assert_string_equal(shop->destinations[0]->name, "map");
	assert_string_equal(shop->destinations[0]->write_key, "map");
	assert_true(shop->email_property);
	assert_int_equal(config->max_body, 16LL << 20);
	config_release(config);
}

static void names_what_needs_a_restart(void **state)
{
	struct config *before = load_good(MAIN_DESTINATION A_SHOP);
	struct config *same = load_good(
		MAIN_DESTINATION A_SHOP "log_level = debug keep_deliveries = 1d max_body = 1MiB");
	struct config *after = load_good(MAIN_DESTINATION A_SHOP
		"store = \"sqlite:/x\" listen = \"[::1]:1\" http_threads = 9 max_connections = 5");
	struct text names = {0};

	(void)state;
	assert_false(config_needs_restart(before, same, &names));
	assert_string_equal(text_string(&names), "");
	assert_true(config_needs_restart(before, after, &names));
	assert_string_equal(text_string(&names), "listen, store, http_threads, max_connections");
	text_free(&names);
	config_release(before);
	config_release(same);
	config_release(after);
}

/* The verbs find the daemon's socket by the configuration alone. */
static void chooses_the_socket_by_the_store(void **state)
{
	static const struct {
		const char *options;
		const char *socket;
	} cases[] = {
		{"store = \"sqlite:/srv/a/shops.db\"\n", "/srv/a/shops.sock"},
		{"store = \"sqlite:/srv/a.b/shops\"\n", "/srv/a.b/shops.sock"},
		{"store = \"sqlite:/var/lib/segrelay-no-such/x.db\"\n",
			"/var/lib/segrelay-no-such/x.sock"},
		{"store = \"sqlite:/var/lib/x.db\"\n", "/var/lib/x.sock"},
		{"store = \"sqlite:/var/lib/lock/x.db\"\n", "/run/lock/admin.sock"},
		{"store = \"sqlite::memory:\"\n", NULL},
		{"admin_socket = \"/srv/own\"\n", "/srv/own"},
		{"store = \"sqlite::memory:\"\nadmin_socket = \"/srv/own\"\n", "/srv/own"},
	};
	char content[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct config *config;

		if (i == 4 && access("/run/lock", F_OK) != 0)
			continue;
		(void)snprintf(content, sizeof(content), "%s%s", cases[i].options,
			MAIN_DESTINATION A_SHOP);
		config = load_good(content);
		if (cases[i].socket == NULL)
			assert_null(config->admin_socket);
		else
			assert_string_equal(config->admin_socket, cases[i].socket);
		config_release(config);
	}
}

static void names_a_socket_that_needs_a_restart(void **state)
{
	struct config *before = load_good("admin_socket = \"/srv/a\"\n" MAIN_DESTINATION A_SHOP);
	struct config *after = load_good("admin_socket = \"/srv/b\"\n" MAIN_DESTINATION A_SHOP);
	struct text names = {0};

	(void)state;
	assert_true(config_needs_restart(before, after, &names));
	assert_string_equal(text_string(&names), "admin_socket");
	text_free(&names);
	config_release(before);
	config_release(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses_the_socket_by_the_store),
		cmocka_unit_test(names_a_socket_that_needs_a_restart),
		cmocka_unit_test(has_the_defaults_of_the_manual),
		cmocka_unit_test(has_the_defaults_of_a_destination_and_a_shop),
		cmocka_unit_test(reads_what_is_written),
		cmocka_unit_test(makes_a_place_for_deletions),
		cmocka_unit_test(knows_every_choice),
		cmocka_unit_test(knows_every_log_level),
		cmocka_unit_test(finds_the_url),
		cmocka_unit_test(makes_the_space_of_the_write_key),
		cmocka_unit_test(gives_shops_their_destinations),
		cmocka_unit_test(finds_shops_in_any_case),
		cmocka_unit_test(finds_shops_that_share_a_secret),
		cmocka_unit_test(reads_secrets_from_files),
		cmocka_unit_test(reads_what_recharge_needs),
		cmocka_unit_test(takes_the_default_of_a_variable),
		cmocka_unit_test(includes_as_seen_from_the_including_file),
		cmocka_unit_test(is_shared_between_threads),
		cmocka_unit_test(maps_without_a_file),
		cmocka_unit_test(names_what_needs_a_restart),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
