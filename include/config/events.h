/* The names of the catalogue's events, and what an operator chose of them. */
#ifndef SEGRELAY_CONFIG_EVENTS_H
#define SEGRELAY_CONFIG_EVENTS_H

#include "config/config.h"

enum { EVENT_NAME_MAX = 100 }; /* bytes of an operator's own name for one */

enum {
	EVENT_IS_OFF = 1,     /* unless it is enabled */
	EVENT_IN_BROWSER = 2, /* told by the storefront's script */
};

struct event_name {
	const char *name;
	unsigned flags;
};

/* Ends with a row without a name. The mapping's rules speak of just these; a test sees to it. */
extern const struct event_name event_names[];

/* The row of a name of `length` bytes, or NULL. */
const struct event_name *events_find(const char *name, size_t length);

/* Adds all names, or only those of the browser, with ", " between. */
void events_list(struct text *text, bool in_browser);

/* Whether a text is "Name of the catalogue=Own name". */
bool events_is_rename(const char *value);

/* Whether a text is "/path=Name of an event of the browser". */
bool events_is_page(const char *value);

/* Whether a text is "purpose of Shopify's consent=Own name". */
bool events_is_purpose(const char *value);

/* What an event of a shop is called at a destination; NULL when it is not told there. What the
 * destination chose counts before what the shop chose. Lives as long as the configuration. */
const char *events_name_at(
	const struct shop *shop, const struct destination *destination, const char *event);

/* Whether an event is told anywhere, and whether at all of the shop's destinations. */
bool events_is_told(const struct shop *shop, const char *event);
bool events_is_everywhere(const struct shop *shop, const char *event);

#endif
