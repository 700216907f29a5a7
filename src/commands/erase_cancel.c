/* erase cancel: cancels a pending erasure of a shop. */
#include "commands/commands.h"
#include "commands/common.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: segrelay erase cancel --shop SHOP [--config FILE]\n"
	"\n"
	"Cancels the pending erasure of a shop, which Shopify's shop/redact requested and which\n"
	"waits for redact_grace. `segrelay status` lists pending erasures. The same request stays\n"
	"cancelled when Shopify repeats it.\n"
	"\n"
	"  --shop SHOP      the shop's domain\n"
	"  --config FILE    the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"example:\n"
	"  segrelay erase cancel --shop my-store.myshopify.com\n";

static int cancel(const struct config *config, const char *shop)
{
	struct arena *arena = arena_create(4096);
	struct text body = {0};
	struct text answer = {0};
	const cJSON *json = NULL;

	text_put(&body, "{");
	json_add_member(&body, "shop", shop);
	text_put(&body, "}");
	if (arena != NULL && !body.failed)
		json = admin_call_json(
			config, "POST", "/erase/cancel", text_string(&body), arena, &answer);
	if (json != NULL)
		(void)printf("erasure cancelled: %s\n", shop);
	text_free(&body);
	text_free(&answer);
	arena_destroy(arena);
	return json != NULL ? EXIT_GOOD : EXIT_FAILED;
}

int command_erase_cancel(int argc, char **argv)
{
	const char *path = NULL;
	const char *shop = NULL;
	const struct verb_option options[] = {
		{.name = "config", .value = &path},
		{.name = "shop", .value = &shop},
		{0},
	};
	struct config *config;
	int status;
	int operands = read_options(argc, argv, options, usage, &status);

	if (operands < 0)
		return status;
	if (operands != 1 || strcmp(argv[0], "cancel") != 0 || shop == NULL)
		return report_usage_error(usage, "erase cancel needs --shop");
	config = load_config(path);
	if (config == NULL)
		return EXIT_USAGE;
	status = cancel(config, shop);
	config_release(config);
	return status;
}
