/* Splits URLs: paths, queries and parameters. */
#ifndef SEGRELAY_BASE_URL_H
#define SEGRELAY_BASE_URL_H

#include "base/arena.h"

#include <stdbool.h>

/* The parts of an absolute URL or of a path with a query. `host` is NULL for a path; `path` is at
 * least "/"; `search` starts with "?" or is "". All in the arena; the fragment is dropped. */
struct url {
	const char *host;
	const char *path;
	const char *search;
};

/* Splits a URL. False when it is neither http(s) nor a path, or without memory. */
bool url_split(struct arena *arena, const char *string, struct url *url);

/* The decoded value of a parameter of a query ("?a=1&b=x%20y"), in the arena; NULL when it is
 * absent, empty, or does not decode to UTF-8 without control characters. */
const char *url_parameter(struct arena *arena, const char *search, const char *name);

/* Decodes form encoding in place: `+` is a space. "%00" is kept. */
void url_decode(char *string);

/* Whether a string is UTF-8 (RFC 3629) without control characters. */
bool url_is_clean_text(const char *string);

#endif
