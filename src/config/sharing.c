/* Shops that share a secret. */
#include "config/sharing.h"

#include <stdlib.h>
#include <string.h>

struct owned {
	const char *secret;
	struct shop *shop;
};

static int by_secret(const void *a, const void *b)
{
	const struct owned *first = a;
	const struct owned *second = b;
	int order = strcmp(first->secret, second->secret);

	return order != 0 ? order : strcmp(first->shop->domain, second->shop->domain);
}

static void collect(struct shop *shop, const struct strings *secrets, struct owned **end)
{
	for (size_t i = 0; i < secrets->count; i++)
		*(*end)++ = (struct owned){secrets->items[i], shop};
}

/* All secrets of all shops, sorted; the caller frees them. */
static struct owned *collect_all(struct config *config, size_t *count)
{
	struct owned *all;
	struct owned *end;

	*count = 0;
	for (size_t i = 0; i < config->shop_count; i++)
		*count += config->shops[i].secrets.count + config->shops[i].recharge_secrets.count;
	all = calloc(*count + 1, sizeof(*all));
	if (all == NULL)
		return NULL;
	end = all;
	for (size_t i = 0; i < config->shop_count; i++) {
		collect(&config->shops[i], &config->shops[i].secrets, &end);
		collect(&config->shops[i], &config->shops[i].recharge_secrets, &end);
	}
	qsort(all, *count, sizeof(*all), by_secret);
	return all;
}

static bool shares(const struct shop *shop, const struct shop *other)
{
	for (size_t i = 0; i < shop->sharing_count; i++)
		if (shop->sharing[i] == other)
			return true;
	return false;
}

static int add(struct shop *shop, const struct shop *other)
{
	if (shop == other || shop->sharing_count == SHARING_MAX || shares(shop, other))
		return 0;
	if (shop->sharing == NULL)
		shop->sharing = calloc(SHARING_MAX, sizeof(const struct shop *));
	if (shop->sharing == NULL)
		return -1;
	shop->sharing[shop->sharing_count++] = other;
	return 0;
}

/* Each shop shares with the next SHARING_MAX ones, in a ring: bounded, and each shop is listed by
 * another. */
static int join(const struct owned *group, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 1; j < count && j <= SHARING_MAX; j++)
			if (add(group[i].shop, group[(i + j) % count].shop) != 0)
				return -1;
	return 0;
}

/* Of two shops the second one is the last of the group. */
static void warn(
	const struct owned *group, size_t shops, const struct config *config, struct text *report)
{
	const struct shop *second = NULL;

	for (size_t i = 1; second == NULL; i++)
		if (group[i].shop != group[0].shop)
			second = group[i].shop;
	text_format(report, "%s: warning: shops \"%s\" and \"%s\"", config->path,
		group[0].shop->domain, second->domain);
	if (shops > 2)
		text_format(report, " and %zu more", shops - 2);
	text_put(report, " have a secret in common: a webhook of one can be replayed for the "
			 "other. Create a separate app, with its own secret, for each shop\n");
}

static size_t count_shops(const struct owned *group, size_t count)
{
	size_t shops = 1;

	for (size_t i = 1; i < count; i++)
		shops += group[i].shop != group[i - 1].shop;
	return shops;
}

int sharing_find(struct config *config, struct text *report)
{
	size_t count;
	struct owned *all = collect_all(config, &count);
	int result = all != NULL ? 0 : -1;

	for (size_t i = 0, end; result == 0 && i < count; i = end) {
		size_t shops;

		for (end = i + 1; end < count && strcmp(all[end].secret, all[i].secret) == 0;)
			end++;
		shops = count_shops(all + i, end - i);
		if (shops < 2)
			continue;
		warn(all + i, shops, config, report);
		result = join(all + i, end - i);
	}
	free(all);
	return result;
}
