/* post: signs a payload as Shopify or ReCharge does and posts it to the relay. */
#include "commands/commands.h"
#include "commands/common.h"

#include "commands/signing.h"
#include "config/secrets.h"
#include "send/http.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HEADERS_MAX = 32 };

static const char usage[] =
	"usage: segrelay post --shop SHOP --topic TOPIC [--recharge [--legacy]] [--url URL]\n"
	"                     [--secret-file FILE] [--header 'NAME: VALUE'] [--config FILE] FILE\n"
	"\n"
	"Signs the payload in FILE (- for stdin) with the shop's first secret, as Shopify or\n"
	"ReCharge does, and posts it with all their headers. Exit status: 0 for a 2xx response.\n"
	"\n"
	"  --shop SHOP         the shop's domain\n"
	"  --topic TOPIC       the topic, for example orders/create\n"
	"  --recharge          sign as ReCharge, with a topic like subscription/created\n"
	"  --legacy            use only ReCharge's older signature, without a time\n"
	"  --url URL           the address (default: http:// with the option `listen` and\n"
	"                      /webhooks/shopify or /webhooks/recharge/SHOP/TOPIC)\n"
	"  --secret-file FILE  a file with the secret, instead of the shop's\n"
	"  --header 'N: V'     add or replace a header; may be repeated\n"
	"  --config FILE       the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"examples:\n"
	"  segrelay post --shop my-store.myshopify.com --topic orders/create order.json\n"
	"  segrelay post --recharge --shop my-store.myshopify.com --topic subscription/created "
	"s.json\n";

/* The signers. */
struct source {
	size_t secrets; /* the offset of the secrets in struct shop */
	const char *option;
	int (*sign)(const struct signing *signing, struct signed_headers *headers);
	void (*add_path)(const struct signing *signing, struct text *url);
};

struct post {
	const struct source *source;
	struct signing signing;
	const char *url;
	const char *secret_file;
	const char *config_path;
	const char *file;
	const char *given[HEADERS_MAX];
	size_t given_count;
	struct text body;
	struct text address;
	char *secret;
	struct signed_headers own;
	const char *headers[HEADERS_MAX + SIGNED_HEADERS + 1];
};

static void add_shopify_path(const struct signing *signing, struct text *url)
{
	(void)signing;
	text_put(url, "/webhooks/shopify");
}

static void add_recharge_path(const struct signing *signing, struct text *url)
{
	text_format(url, "/webhooks/recharge/%s/%s", signing->shop, signing->topic);
}

static const struct source shopify = {
	offsetof(struct shop, secrets), "secrets", sign_as_shopify, add_shopify_path};
static const struct source recharge = {offsetof(struct shop, recharge_secrets), "recharge_secrets",
	sign_as_recharge, add_recharge_path};

/* Whether a header of the same name was given as an option. */
static bool is_given(const struct post *post, const char *header)
{
	size_t length = strcspn(header, ":") + 1;

	for (size_t i = 0; i < post->given_count; i++)
		if (strncasecmp(post->given[i], header, length) == 0)
			return true;
	return false;
}

static int make_headers(struct post *post)
{
	size_t count = 0;

	post->signing.body = &post->body;
	post->signing.secret = post->secret;
	if (post->source->sign(&post->signing, &post->own) != 0)
		return -1;
	for (size_t i = 0; i < post->own.count; i++)
		if (!is_given(post, text_string(&post->own.lines[i])))
			post->headers[count++] = text_string(&post->own.lines[i]);
	for (size_t i = 0; i < post->given_count; i++)
		post->headers[count++] = post->given[i];
	return 0;
}

/* The first secret of the shop; NULL when there is none, or without memory. */
static char *secret_of(const struct source *source, const struct shop *shop)
{
	const struct strings *secrets = (const void *)((const char *)shop + source->secrets);

	return secrets->count > 0 ? strdup(secrets->items[0]) : NULL;
}

static int find_in_config(struct post *post)
{
	struct config *config = load_config(post->config_path);
	const struct shop *shop;
	bool is_known;

	if (config == NULL)
		return EXIT_USAGE;
	shop = config_shop(config, post->signing.shop);
	is_known = shop != NULL;
	if (post->secret == NULL && is_known)
		post->secret = secret_of(post->source, shop);
	if (post->url == NULL) {
		text_format(&post->address, "http://%s", config->listen);
		post->source->add_path(&post->signing, &post->address);
		post->url = text_string(&post->address);
	}
	config_release(config);
	if (post->secret != NULL)
		return EXIT_GOOD;
	if (is_known)
		return report_error("the shop \"%s\" has no %s: use --secret-file",
			post->signing.shop, post->source->option);
	return report_error(
		"the shop \"%s\" is not configured: use --secret-file", post->signing.shop);
}

/* The secret and the address, from the options or the configuration. */
static int find_secret(struct post *post)
{
	struct error error;
	bool readable_by_others;

	if (post->secret_file != NULL &&
		secret_read(post->secret_file, &post->secret, &readable_by_others, &error) != 0)
		return report_error("%s", error.text);
	if (post->secret != NULL && post->url != NULL)
		return EXIT_GOOD;
	return find_in_config(post);
}

static void print_answer(const struct http_answer *answer)
{
	const struct text *body = &answer->body;
	bool ends_line = body->length > 0 && body->data[body->length - 1] == '\n';

	(void)printf("%ld %s%s", answer->status, text_string(body), ends_line ? "" : "\n");
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
	struct http_answer answer = {0};
	struct error error;
	int status = EXIT_FAILED;

	if (make_headers(post) != 0) {
		(void)report_error("OpenSSL failed to sign");
	} else if (http_request(&call, &answer, &error) != 0) {
		(void)report_error("%s", error.text);
	} else {
		print_answer(&answer);
		status = answer.status >= 200 && answer.status < 300 ? EXIT_GOOD : EXIT_FAILED;
	}
	text_free(&answer.body);
	return status;
}

static int post_file(struct post *post)
{
	struct error error;
	int status = find_secret(post);

	if (status == EXIT_GOOD && read_file(post->file, &post->body, &error) != 0)
		status = report_error("%s", error.text);
	return status == EXIT_GOOD ? send_it(post) : status;
}

static void clear(struct post *post)
{
	secret_free(post->secret);
	text_free(&post->body);
	text_free(&post->address);
	signed_headers_free(&post->own);
}

int command_post(int argc, char **argv)
{
	struct post post = {0};
	bool as_recharge = false;
	const struct verb_option options[] = {
		{.name = "shop", .value = &post.signing.shop},
		{.name = "topic", .value = &post.signing.topic},
		{.name = "recharge", .flag = &as_recharge},
		{.name = "legacy", .flag = &post.signing.is_legacy},
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
	int operands = read_options(argc, argv, options, usage, &status);

	if (operands < 0)
		return status;
	if (operands != 1 || post.signing.shop == NULL || post.signing.topic == NULL)
		return report_usage_error(usage, "post needs --shop, --topic and one file");
	if (post.signing.is_legacy && !as_recharge)
		return report_usage_error(usage, "--legacy requires --recharge");
	for (size_t i = 0; i < post.given_count; i++)
		if (strchr(post.given[i], ':') == NULL) /* libcurl would omit it */
			return report_usage_error(
				usage, "--header needs a name, a colon and a value");
	post.source = as_recharge ? &recharge : &shopify;
	post.file = argv[0];
	status = post_file(&post);
	clear(&post);
	return status;
}
