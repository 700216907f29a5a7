/* What opens nothing and names nobody of the address of a page: the filter of every page that is
 * sent, whether a webhook or the browser named it. Only what is known to be harmless stays
 * (docs/storefront.md, Addresses); storefront/segrelay.js does the same.
 *
 * - of paths: blogs, collections and products with all below them, a page or policy, the first
 *   segment of other paths if it is a word, "login", "orders" and "register" behind it;
 * - of parameters: those of campaigns (utm_..., click ids, ref ...) and of lists of products
 *   (variant, q, page, sort_by, filter. ...);
 * - of these no segment and no parameter with an "@", however it is encoded. */
#ifndef SEGRELAY_BASE_URL_CLEAN_H
#define SEGRELAY_BASE_URL_CLEAN_H

#include "base/text.h"

#include <stdbool.h>

/* Adds a clean copy of an absolute URL of any scheme with "//", or of a path with a query; nothing
 * of any other text. */
void url_add_clean(struct text *out, const char *address);

/* Adds a clean copy of a path. Its query and its fragment are left out. */
void url_add_clean_path(struct text *out, const char *path);

/* Adds a clean copy of a query that begins with "?", or nothing when nothing of it remains. */
void url_add_clean_query(struct text *out, const char *query);

#endif
