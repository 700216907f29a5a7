/* Builds the configuration from the parsed file. */
#include "config/load.h"

#include "config/admin_socket.h"
#include "config/options.h"
#include "config/secrets.h"
#include "config/sharing.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* "{}": an explicitly empty list, not the default. */
static bool is_emptied(cfg_t *cfg, const struct option *option)
{
	return cfg != NULL && option_is_list(option) && cfg_size(cfg, option->name) == 0 &&
	       (cfg_getopt(cfg, option->name)->flags & CFGF_MODIFIED) != 0;
}

/* Sets the members of a table of options from a section; without one, all from their defaults. */
static int set_options(cfg_t *cfg, const struct option *options, void *target)
{
	for (; options->name != NULL; options++) {
		const char *values[OPTION_VALUES_MAX] = {NULL};
		size_t count = cfg != NULL ? cfg_size(cfg, options->name) : 0;

		if (is_emptied(cfg, options))
			continue;
		for (size_t i = 0; i < count && i < OPTION_VALUES_MAX; i++)
			values[i] = cfg_getnstr(cfg, options->name, (unsigned)i);
		if (option_set(options, target, values, count) != 0)
			return -1;
	}
	return 0;
}

static int take_secret(const char *path, char **secret)
{
	bool readable_by_others;
	struct error error;

	return secret_read(path, secret, &readable_by_others, &error);
}

static void cut_slashes(char *url)
{
	size_t length = strlen(url);

	while (length > 0 && url[length - 1] == '/')
		url[--length] = '\0';
}

/* The URL of a Segment region (documentation, "Regional Segment"), or the option url without the
 * path that the sender adds. */
static char *url_of(enum region region, char *url)
{
	size_t length;

	if (url == NULL)
		return strdup(region == REGION_EU ? "https://events.eu1.segmentapis.com"
						  : "https://api.segment.io");
	cut_slashes(url);
	length = strlen(url);
	if (length > 3 && strcmp(url + length - 3, "/v1") == 0)
		url[length - 3] = '\0';
	cut_slashes(url);
	return url;
}

/* The base URLs of Segment's Public API (its documentation of regional endpoints). */
static char *public_api_url_of(enum region region, char *url)
{
	if (url == NULL)
		return strdup(region == REGION_EU ? "https://eu1.api.segmentapis.com"
						  : "https://api.segmentapis.com");
	cut_slashes(url);
	return url;
}

static int finish_destination(
	struct destination_draft *draft, const char *name, struct destination *destination)
{
	int result = 0;

	if (draft->write_key_file != NULL)
		result = take_secret(draft->write_key_file, &draft->destination.write_key);
	if (result == 0 && draft->public_api_token_file != NULL)
		result = take_secret(
			draft->public_api_token_file, &draft->destination.public_api_token);
	free(draft->write_key_file);
	free(draft->public_api_token_file);
	*destination = draft->destination;
	destination->url = url_of(draft->region, destination->url);
	destination->public_api_url = public_api_url_of(draft->region, destination->public_api_url);
	destination->name = strdup(name);
	if (result != 0 || destination->write_key == NULL || destination->url == NULL ||
		destination->name == NULL || destination->public_api_url == NULL)
		return -1;
	destination->space = uuid_of_name(
		&uuid_segrelay, destination->write_key, strlen(destination->write_key));
	return 0;
}

/* The destination of requests to delete a destination's users; the same sender sends them. */
static int make_deletions(struct destination *destination, struct destination *deletions)
{
	struct text url = {0};
	struct text name = {0};

	text_put(&url, destination->public_api_url);
	text_put(&url, "/regulations");
	if (destination->source_id != NULL) {
		text_put(&url, "/sources/");
		text_put(&url, destination->source_id);
	}
	text_put(&name, destination->name);
	text_put(&name, DELETIONS_SUFFIX);
	*deletions = (struct destination){
		.name = text_take(&name),
		.write_key = strdup(destination->public_api_token),
		.url = text_take(&url),
		.space = destination->space,
		.batch_messages = 1,
		.batches_in_flight = 1,
		.poison_after = destination->poison_after,
		.deletes = true,
	};
	destination->deletions = deletions;
	return deletions->name != NULL && deletions->write_key != NULL && deletions->url != NULL
		       ? 0
		       : -1;
}

static int make_all_deletions(struct config *config)
{
	for (size_t i = 0; i < config->destination_count; i++) {
		size_t at = config->destination_count + config->deletion_count;

		if (config->destinations[i].public_api_token == NULL)
			continue;
		config->deletion_count++;
		if (make_deletions(&config->destinations[i], &config->destinations[at]) != 0)
			return -1;
	}
	return 0;
}

/* The destinations of a shop: those it names, or all. */
static int find_destinations(
	const struct config *config, const struct strings *names, struct shop *shop)
{
	size_t count = names->count > 0 ? names->count : config->destination_count;

	shop->destinations = calloc(count, sizeof(const struct destination *));
	if (shop->destinations == NULL)
		return -1;
	for (size_t i = 0; i < count; i++)
		shop->destinations[i] = names->count > 0
						? config_destination(config, names->items[i])
						: &config->destinations[i];
	shop->destination_count = count;
	return 0;
}

/* Adds the secrets from files to those in the configuration. */
static int read_secrets(const struct strings *files, struct strings *secrets)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < files->count; i++) {
		char *secret = NULL;

		result = take_secret(files->items[i], &secret);
		if (result == 0)
			result = strings_add(secrets, secret);
		secret_free(secret);
	}
	return result;
}

static int take_all_secrets(struct shop_draft *draft)
{
	if (read_secrets(&draft->secret_files, &draft->shop.secrets) != 0 ||
		read_secrets(&draft->recharge_secret_files, &draft->shop.recharge_secrets) != 0)
		return -1;
	return draft->recharge_token_file != NULL
		       ? take_secret(draft->recharge_token_file, &draft->shop.recharge_token)
		       : 0;
}

static int finish_shop(struct shop_draft *draft, const char *domain, const struct config *config,
	struct shop *shop)
{
	int result = take_all_secrets(draft);

	if (result == 0)
		result = find_destinations(config, &draft->destination_names, &draft->shop);
	strings_free(&draft->secret_files);
	strings_free(&draft->recharge_secret_files);
	strings_free(&draft->destination_names);
	free(draft->recharge_token_file);
	*shop = draft->shop;
	cut_slashes(shop->recharge_api_url);
	shop->domain = strdup(domain);
	if (shop->domain == NULL)
		return -1;
	for (char *at = shop->domain; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	return result;
}

static int take_destination(
	cfg_t *cfg, const char *name, const char *write_key, struct config *config)
{
	struct destination_draft draft = {0};

	if (set_options(cfg, destination_options, &draft) != 0) {
		option_free(destination_options, &draft);
		return -1;
	}
	if (write_key != NULL)
		draft.destination.write_key = strdup(write_key);
	return finish_destination(&draft, name, &config->destinations[config->destination_count++]);
}

static int take_shop(cfg_t *cfg, const char *domain, struct config *config)
{
	struct shop_draft draft = {0};

	if (set_options(cfg, shop_options, &draft) != 0) {
		option_free(shop_options, &draft);
		return -1;
	}
	return finish_shop(&draft, domain, config, &config->shops[config->shop_count++]);
}

static int by_domain(const void *a, const void *b)
{
	return strcmp(((const struct shop *)a)->domain, ((const struct shop *)b)->domain);
}

/* An empty configuration of the given sizes; the caller releases it. */
static struct config *make_room(const char *path, size_t destinations, size_t shops)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL)
		return NULL;
	config->references = 1;
	config->path = strdup(path);
	/* each may have one that deletes */
	config->destinations = calloc(destinations * 2, sizeof(*config->destinations));
	config->shops = calloc(shops, sizeof(*config->shops));
	if (config->path != NULL && config->destinations != NULL && config->shops != NULL)
		return config;
	config_release(config);
	return NULL;
}

static int take_all(cfg_t *cfg, struct config *config)
{
	if (set_options(cfg, general_options, config) != 0 || admin_socket_choose(config) != 0)
		return -1;
	if (config->public_url != NULL)
		cut_slashes(config->public_url);
	for (unsigned i = 0; i < cfg_size(cfg, "destination"); i++) {
		cfg_t *block = cfg_getnsec(cfg, "destination", i);

		if (take_destination(block, cfg_title(block), NULL, config) != 0)
			return -1;
	}
	if (make_all_deletions(config) != 0)
		return -1;
	for (unsigned i = 0; i < cfg_size(cfg, "shop"); i++) {
		cfg_t *block = cfg_getnsec(cfg, "shop", i);

		if (take_shop(block, cfg_title(block), config) != 0)
			return -1;
	}
	qsort(config->shops, config->shop_count, sizeof(*config->shops), by_domain);
	return 0;
}

/* Message ids depend on the write key, so two destinations with one key share emitted ids. */
static void warn_of_twins(const struct shop *shop, const char *path, struct text *report)
{
	for (size_t i = 0; i < shop->destination_count; i++)
		for (size_t j = i + 1; j < shop->destination_count; j++) {
			const struct destination *first = shop->destinations[i];
			const struct destination *second = shop->destinations[j];

			if (strcmp(first->write_key, second->write_key) == 0)
				text_format(report,
					"%s: warning: shop \"%s\": destinations \"%s\" and \"%s\" "
					"have the same write key: an event sent to the first is "
					"not "
					"sent to the second\n",
					path, shop->domain, first->name, second->name);
		}
}

struct config *config_make(cfg_t *cfg, const char *path, struct text *report)
{
	struct config *config =
		make_room(path, cfg_size(cfg, "destination"), cfg_size(cfg, "shop"));

	if (config != NULL && take_all(cfg, config) == 0 && sharing_find(config, report) == 0) {
		for (size_t i = 0; i < config->shop_count; i++)
			warn_of_twins(&config->shops[i], path, report);
		return config;
	}
	text_format(report, "%s: no memory, or a secret's file changed while it was read\n", path);
	config_release(config);
	return NULL;
}

struct config *config_defaults(const char *shop_domain)
{
	struct config *config = make_room("(defaults)", 1, 1);

	if (config != NULL && set_options(NULL, general_options, config) == 0 &&
		take_destination(NULL, "map", "map", config) == 0 &&
		take_shop(NULL, shop_domain, config) == 0)
		return config;
	config_release(config);
	return NULL;
}
