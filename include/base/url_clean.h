/* URLs without what opens something or names somebody: the filter of every page that is sent,
 * whether a webhook or the browser named it. It removes at least what storefront/segrelay.js
 * removes.
 *
 * - credentials, fragments, and path segments or parameters with an "@", however it is encoded;
 * - in areas of a person (account, cart, checkouts, orders, gift cards, portals, whatever follows
 *   "reset", "activate", "unsubscribe" …): path segments and parameters that are not known to be
 *   harmless;
 * - everywhere: parameters named like secrets or like parts of a person, segments and values that
 *   look like tokens, and values that are URLs.
 *
 * Campaign parameters stay as long as they have no "@". */
#ifndef SEGRELAY_BASE_URL_CLEAN_H
#define SEGRELAY_BASE_URL_CLEAN_H

#include "base/text.h"

#include <stdbool.h>

/* Adds a clean copy of an absolute URL of any scheme with "//", or of a path with a query; nothing
 * of any other text. */
void url_add_clean(struct text *out, const char *address);

/* Adds a clean copy of a path. Its query and its fragment are left out. */
void url_add_clean_path(struct text *out, const char *path);

/* Adds a clean copy of a query that begins with "?", or nothing when nothing of it remains. `path`
 * is the one before it; NULL when it is not known. */
void url_add_clean_query(struct text *out, const char *query, const char *path);

#endif
