/* References to a configuration, and look-ups in it. */
#include "config/config.h"

#include "config/options.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct config *config_share(struct config *config)
{
	if (config != NULL)
		atomic_fetch_add(&config->references, 1);
	return config;
}

static void free_destination(struct destination *destination)
{
	struct destination_draft draft = {.destination = *destination};

	option_free(destination_options, &draft);
	free(destination->name);
}

static void free_shop(struct shop *shop)
{
	struct shop_draft draft = {.shop = *shop};

	option_free(shop_options, &draft);
	free(shop->domain);
	free((void *)shop->destinations);
	free((void *)shop->sharing);
}

void config_release(struct config *config)
{
	if (config == NULL || atomic_fetch_sub(&config->references, 1) != 1)
		return;
	for (size_t i = 0; i < config->destination_count + config->deletion_count; i++)
		free_destination(&config->destinations[i]);
	for (size_t i = 0; i < config->shop_count; i++)
		free_shop(&config->shops[i]);
	option_free(general_options, config);
	free(config->destinations);
	free(config->shops);
	free(config->path);
	free(config);
}

struct domain_key {
	const char *domain; /* not NUL-terminated */
	size_t length;
};

/* The order of strcasecmp, by which shops are sorted. */
static int compare_domain(const void *key, const void *shop)
{
	const struct domain_key *wanted = key;
	const char *domain = ((const struct shop *)shop)->domain;
	size_t length = strlen(domain);
	int order = strncasecmp(
		wanted->domain, domain, wanted->length < length ? wanted->length : length);

	return order != 0 ? order : (wanted->length > length) - (wanted->length < length);
}

const struct shop *config_shop_of(const struct config *config, const char *domain, size_t length)
{
	const struct domain_key key = {domain, length};

	if (config->shop_count == 0)
		return NULL;
	return bsearch(
		&key, config->shops, config->shop_count, sizeof(*config->shops), compare_domain);
}

const struct shop *config_shop(const struct config *config, const char *domain)
{
	return config_shop_of(config, domain, strlen(domain));
}

const struct destination *config_destination(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->destination_count + config->deletion_count; i++)
		if (strcmp(config->destinations[i].name, name) == 0)
			return &config->destinations[i];
	return NULL;
}

static void add_name(struct text *names, const char *name, bool differs)
{
	if (differs)
		text_format(names, "%s%s", names->length > 0 ? ", " : "", name);
}

/* Either may be NULL. */
static bool is_other(const char *before, const char *after)
{
	return before == NULL || after == NULL ? before != after : strcmp(before, after) != 0;
}

bool config_needs_restart(
	const struct config *before, const struct config *after, struct text *names)
{
	add_name(names, "listen", strcmp(before->listen, after->listen) != 0);
	add_name(names, "admin", strcmp(before->admin, after->admin) != 0);
	/* its default depends on the store */
	add_name(names, "admin_socket",
		strcmp(before->store, after->store) == 0 &&
			is_other(before->admin_socket, after->admin_socket));
	add_name(names, "store", strcmp(before->store, after->store) != 0);
	add_name(names, "http_threads", before->http_threads != after->http_threads);
	add_name(names, "max_connections", before->max_connections != after->max_connections);
	return names->length > 0;
}

bool destination_is_deletions(const char *name)
{
	static const char suffix[] = DELETIONS_SUFFIX;
	size_t length = name != NULL ? strlen(name) : 0;

	return length >= sizeof(suffix) &&
	       strcmp(name + length - (sizeof(suffix) - 1), suffix) == 0;
}
