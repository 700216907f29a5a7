/* The filter for addresses of pages in sent messages: removes everything that may grant access or
 * identify a person. Only known harmless parts are kept (docs/storefront.md, Addresses);
 * storefront/segrelay.js does the same.
 *
 * Kept paths: blogs, collections and products with all below them, a page or policy, and the first
 * segment of other paths if it is a word, with "login", "orders" and "register" after it.
 *
 * Kept parameters: those of campaigns (utm_..., click ids, ref ...) and of product lists (variant,
 * q, page, sort_by, filter. ...).
 *
 * Segments and parameters with an "@" are removed, however it is encoded. */
#ifndef SEGRELAY_BASE_URL_CLEAN_H
#define SEGRELAY_BASE_URL_CLEAN_H

#include "base/text.h"

#include <stdbool.h>

/* Appends a clean copy of an absolute URL of any scheme with "//", or of a path with a query;
 * nothing for any other text. */
void url_add_clean(struct text *out, const char *address);

/* Appends a clean copy of a path, without query and fragment. */
void url_add_clean_path(struct text *out, const char *path);

/* Appends a clean copy of a query that begins with "?", or nothing when nothing of it remains. */
void url_add_clean_query(struct text *out, const char *query);

#endif
