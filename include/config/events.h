/* The names of the event catalogue, and how options select and rename them. */
#ifndef SEGRELAY_CONFIG_EVENTS_H
#define SEGRELAY_CONFIG_EVENTS_H

#include "config/config.h"

enum { EVENT_NAME_MAX = 100 }; /* maximum size of a configured name, bytes */

enum {
	EVENT_IS_OFF = 1,     /* off by default */
	EVENT_IN_BROWSER = 2, /* sent by the storefront script */
};

struct event_name {
	const char *name;
	unsigned flags;
};

/* Ends with a row without a name. A test checks that the mapping's rules use exactly these names.
 */
extern const struct event_name event_names[];

/* The row of a name of `length` bytes, or NULL. */
const struct event_name *events_find(const char *name, size_t length);

/* Appends all names, or only those of the browser, separated by ", ". */
void events_list(struct text *text, bool in_browser);

/* Whether a text is "Name of the catalogue=Own name". */
bool events_is_rename(const char *value);

/* Whether a text is "/path=Name of an event of the browser". */
bool events_is_page(const char *value);

/* Whether a text is "purpose of Shopify's consent=Own name". */
bool events_is_purpose(const char *value);

/* The name of a shop's event at a destination; NULL when it is not sent there. The destination's
 * options have precedence over the shop's. Valid as long as the configuration. */
const char *events_name_at(
	const struct shop *shop, const struct destination *destination, const char *event);

/* Whether an event is sent to any destination of the shop. */
bool events_is_sent(const struct shop *shop, const char *event);
bool events_is_everywhere(const struct shop *shop, const char *event);

#endif
