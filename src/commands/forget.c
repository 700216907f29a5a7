/* forget: removes a person from the store, for good. */
#include "commands/commands.h"
#include "commands/common.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: segrelay forget --shop SHOP --customer ID [--config FILE]\n"
	"\n"
	"Removes all that is kept of a customer: what is remembered, webhooks, queued messages "
	"and\n"
	"dead letters. Segment is asked to delete the user where a destination has a token of the\n"
	"Public API. Shopify's customers/redact does the same by itself.\n"
	"\n"
	"  --shop SHOP      the shop's domain\n"
	"  --customer ID    Shopify's id of the customer\n"
	"  --config FILE    the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"example:\n"
	"  segrelay forget --shop my-store.myshopify.com --customer 7106345812043\n";

enum { CUSTOMER_MAX = 20 };

/* Shopify's ids are numbers; what else is given may be personal, and is not repeated. */
static bool is_customer(const char *id)
{
	size_t length = strlen(id);

	return length > 0 && length <= CUSTOMER_MAX && strspn(id, "0123456789") == length;
}

/* Asks for one thing; 1 while the job goes on, 0 when it is done, -1 after a complaint. */
static int ask(const struct config *config, const char *path, const char *body)
{
	struct arena *arena = arena_create(4096);
	struct text answer = {0};
	const cJSON *json = NULL;
	int running = -1;

	if (arena != NULL)
		json = ask_for_json(config, "POST", path, body, arena, &answer);
	if (json != NULL)
		running = json_is_true(json, "running");
	text_free(&answer);
	arena_destroy(arena);
	return running;
}

static int forget(const struct config *config, const char *shop, const char *customer)
{
	struct text body = {0};
	int running;

	text_put(&body, "{");
	json_add_member(&body, "shop", shop);
	json_add_member(&body, "customer", customer);
	text_put(&body, "}");
	running = ask(config, "/forget", text_string(&body));
	while (running == 1)
		running = ask(config, "/forget/step", text_string(&body));
	text_free(&body);
	if (running != 0)
		return EXIT_FAILED;
	(void)printf("customer %s of %s is forgotten\n", customer, shop);
	return EXIT_GOOD;
}

int command_forget(int argc, char **argv)
{
	const char *path = NULL;
	const char *shop = NULL;
	const char *customer = NULL;
	const struct verb_option options[] = {
		{.name = "config", .value = &path},
		{.name = "shop", .value = &shop},
		{.name = "customer", .value = &customer},
		{0},
	};
	struct config *config;
	int status;
	int words = read_options(argc, argv, options, usage, &status);

	if (words < 0)
		return status;
	if (words > 0 || shop == NULL || customer == NULL)
		return complain_usage(usage, "forget needs --shop and --customer");
	if (!is_customer(customer))
		return complain_usage(usage, "--customer must be Shopify's id, digits alone");
	config = load_config(path);
	if (config == NULL)
		return EXIT_USAGE;
	status = config_shop(config, shop) != NULL
			 ? forget(config, shop, customer)
			 : complain("the shop \"%s\" is not in %s", shop, config->path);
	config_release(config);
	return status;
}
