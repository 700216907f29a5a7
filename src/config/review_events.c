/* Warnings of events of a shop that are sent with the same name. */
#include "config/events.h"
#include "config/review.h"

#include <string.h>
#include <strings.h>

enum { EVENTS_MAX = 128 };

/* A block by the name in the configuration. */
static const cfg_t *find_block(cfg_t *cfg, const char *kind, const char *name)
{
	for (unsigned i = 0; i < cfg_size(cfg, kind); i++) {
		cfg_t *block = cfg_getnsec(cfg, kind, i);

		if (strcasecmp(cfg_title(block), name) == 0)
			return block;
	}
	return cfg;
}

/* The block that renames one of two events: the destination's options have precedence over the
 * shop's. */
static const cfg_t *renaming_block(cfg_t *cfg, const struct shop *shop,
	const struct destination *destination, const char *first, const char *second)
{
	if (strings_named(&destination->events.rename, first) != NULL ||
		strings_named(&destination->events.rename, second) != NULL)
		return find_block(cfg, "destination", destination->name);
	return find_block(cfg, "shop", shop->domain);
}

/* A destination's options apply to all shops, so each pair is reported once. */
static void report_pair(struct config_errors *errors, const cfg_t *block,
	const char *const events[2], const char *name)
{
	struct text line = {0};

	errors_place(block, &line);
	text_format(&line, "warning: the events \"%s\" and \"%s\" are both sent as ", events[0],
		events[1]);
	errors_quote(&line, name);
	text_put(&line, ": they cannot be distinguished\n");
	if (strstr(text_string(errors->report), text_string(&line)) == NULL)
		text_put(errors->report, text_string(&line));
	text_free(&line);
}

/* Compared ignoring case: warehouses use one table for names that differ only in case. */
static void review_destination(cfg_t *cfg, const struct shop *shop,
	const struct destination *destination, struct config_errors *errors)
{
	const char *names[EVENTS_MAX];
	size_t count = 0;

	for (; count < EVENTS_MAX && event_names[count].name != NULL; count++)
		names[count] = events_name_at(shop, destination, event_names[count].name);
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; names[i] != NULL && j < count; j++) {
			const char *const events[2] = {event_names[i].name, event_names[j].name};

			if (names[j] != NULL && strcasecmp(names[i], names[j]) == 0)
				report_pair(errors,
					renaming_block(
						cfg, shop, destination, events[0], events[1]),
					events, names[i]);
		}
}

void review_config(const struct config *config, cfg_t *cfg, struct config_errors *errors)
{
	for (size_t i = 0; i < config->shop_count; i++) {
		const struct shop *shop = &config->shops[i];

		for (size_t j = 0; j < shop->destination_count; j++)
			if (shop->events.rename.count > 0 ||
				shop->destinations[j]->events.rename.count > 0)
				review_destination(cfg, shop, shop->destinations[j], errors);
	}
}
