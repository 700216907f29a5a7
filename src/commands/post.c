/* post: signs a payload as Shopify does and posts it. */
#include "commands/commands.h"
#include "commands/common.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/ids.h"
#include "config/secrets.h"
#include "send/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

enum { HEADERS_MAX = 32, OWN_HEADERS = 8 };

static const char usage[] =
	"usage: segrelay post --shop SHOP --topic TOPIC [--url URL] [--header 'NAME: VALUE'] FILE\n"
	"\n"
	"Signs the payload in FILE (- for stdin) with the shop's first secret, as Shopify does, "
	"and\n"
	"posts it with all of Shopify's headers. Exit status: 0 when it was answered 2xx.\n"
	"\n"
	"  --shop SHOP         the shop's domain\n"
	"  --topic TOPIC       as orders/create\n"
	"  --url URL           where to (http:// and `listen` of the configuration and\n"
	"                      /webhooks/shopify)\n"
	"  --secret-file FILE  the secret to sign with, instead of the shop's\n"
	"  --header 'N: V'     a header more, or instead of one of Shopify's; may be repeated\n"
	"  --config FILE       the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"example:\n"
	"  segrelay post --shop my-store.myshopify.com --topic orders/create order.json\n";

struct post {
	const char *shop;
	const char *topic;
	const char *url;
	const char *secret_file;
	const char *config_path;
	const char *file;
	const char *given[HEADERS_MAX];
	size_t given_count;
	struct text body;
	char *secret;
	char address[512];
	struct text own[OWN_HEADERS]; /* Shopify's headers */
	const char *headers[HEADERS_MAX + OWN_HEADERS + 1];
};

/* Whether a header of the same name was given. */
static bool is_given(const struct post *post, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < post->given_count; i++)
		if (strncasecmp(post->given[i], name, length) == 0 && post->given[i][length] == ':')
			return true;
	return false;
}

static void random_uuid(char text[UUID_TEXT])
{
	struct uuid uuid = {{0}};

	(void)!getrandom(uuid.bytes, sizeof(uuid.bytes), 0);
	uuid.bytes[6] = (uuid.bytes[6] & 0x0f) | 0x40;
	uuid.bytes[8] = (uuid.bytes[8] & 0x3f) | 0x80;
	uuid_format(&uuid, text);
}

static int make_headers(struct post *post)
{
	unsigned char digest[SHA256_SIZE];
	char signature[SHA256_BASE64];
	char webhook_id[UUID_TEXT];
	char event_id[UUID_TEXT];
	char now[TIME_TEXT];
	const struct {
		const char *name;
		const char *value;
	} own[OWN_HEADERS] = {
		{"Content-Type", "application/json"},
		{"X-Shopify-Topic", post->topic},
		{"X-Shopify-Shop-Domain", post->shop},
		{"X-Shopify-Hmac-Sha256", signature},
		{"X-Shopify-API-Version", "2026-10"},
		{"X-Shopify-Webhook-Id", webhook_id},
		{"X-Shopify-Event-Id", event_id},
		{"X-Shopify-Triggered-At", now},
	};
	size_t count = 0;

	if (digest_hmac(post->secret, strlen(post->secret), text_string(&post->body),
		    post->body.length, digest) != 0)
		return -1;
	digest_base64(digest, signature);
	random_uuid(webhook_id);
	random_uuid(event_id);
	time_format(clock_now(), now);
	for (size_t i = 0; i < OWN_HEADERS; i++) {
		if (is_given(post, own[i].name))
			continue;
		text_format(&post->own[i], "%s: %s", own[i].name, own[i].value);
		post->headers[count++] = text_string(&post->own[i]);
	}
	for (size_t i = 0; i < post->given_count; i++)
		post->headers[count++] = post->given[i];
	return 0;
}

/* The secret and the address, from the words given or the configuration. */
static int find_secret(struct post *post)
{
	struct config *config = NULL;
	const struct shop *shop;
	struct error error;
	bool readable_by_others;

	if (post->secret_file != NULL &&
		secret_read(post->secret_file, &post->secret, &readable_by_others, &error) != 0)
		return complain("%s", error.text);
	if (post->secret != NULL && post->url != NULL)
		return EXIT_GOOD;
	config = load_config(post->config_path);
	if (config == NULL)
		return EXIT_USAGE;
	shop = config_shop(config, post->shop);
	if (post->secret == NULL && shop != NULL)
		post->secret = strdup(shop->secrets.items[0]);
	if (post->url == NULL) {
		(void)snprintf(post->address, sizeof(post->address), "http://%s/webhooks/shopify",
			config->listen);
		post->url = post->address;
	}
	config_release(config);
	if (post->secret == NULL)
		return complain("the shop \"%s\" is not in the configuration: give --secret-file",
			post->shop);
	return EXIT_GOOD;
}

static int send_it(struct post *post)
{
	struct http_call call = {
		.method = "POST",
		.url = post->url,
		.headers = post->headers,
		.body = text_string(&post->body),
		.body_length = post->body.length,
	};
	struct text answer = {0};
	struct error error;
	long http_status;
	int status = EXIT_FAILED;

	if (make_headers(post) != 0) {
		(void)complain("OpenSSL gives no signature");
	} else if (http_request(&call, &http_status, &answer, &error) != 0) {
		(void)complain("%s", error.text);
	} else {
		(void)printf("%ld %s%s", http_status, text_string(&answer),
			answer.length > 0 && answer.data[answer.length - 1] == '\n' ? "" : "\n");
		status = http_status >= 200 && http_status < 300 ? EXIT_GOOD : EXIT_FAILED;
	}
	text_free(&answer);
	return status;
}

static int post_file(struct post *post)
{
	struct error error;
	int status = find_secret(post);

	if (status == EXIT_GOOD && read_file(post->file, &post->body, &error) != 0)
		status = complain("%s", error.text);
	return status == EXIT_GOOD ? send_it(post) : status;
}

int command_post(int argc, char **argv)
{
	struct post post = {0};
	const struct verb_option options[] = {
		{.name = "shop", .value = &post.shop},
		{.name = "topic", .value = &post.topic},
		{.name = "url", .value = &post.url},
		{.name = "secret-file", .value = &post.secret_file},
		{.name = "config", .value = &post.config_path},
		{.name = "header",
			.values = post.given,
			.count = &post.given_count,
			.most = HEADERS_MAX},
		{0},
	};
	int status;
	int words = read_options(argc, argv, options, usage, &status);

	if (words < 0)
		return status;
	if (words != 1 || post.shop == NULL || post.topic == NULL)
		return complain_usage(usage, "post needs --shop, --topic and one file");
	post.file = argv[0];
	status = post_file(&post);
	if (post.secret != NULL)
		digest_forget(post.secret, strlen(post.secret));
	free(post.secret);
	text_free(&post.body);
	for (size_t i = 0; i < OWN_HEADERS; i++)
		text_free(&post.own[i]);
	return status;
}
