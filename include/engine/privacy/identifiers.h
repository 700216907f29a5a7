/* A set of ids, tokens and addresses of a person, to search for. */
#ifndef SEGRELAY_ENGINE_PRIVACY_IDENTIFIERS_H
#define SEGRELAY_ENGINE_PRIVACY_IDENTIFIERS_H

#include "base/arena.h"
#include "base/json.h"

#include <stdbool.h>

enum { IDENTIFIERS_MAX = 20000 };

/* Identifiers live in the arena, in lower case; of gid://shopify/Customer/1 the last part. */
struct identifiers {
	struct arena *arena;
	const char **items; /* sorted */
	size_t count;
	size_t room;
};

/* Appends a text unchanged, unless it is NULL or in the list. Only for lists that are iterated
 * over, not searched. Returns as identifiers_add. */
int identifiers_append(struct identifiers *identifiers, const char *text);

/* Adds an identifier, unless it is NULL, empty or in the set. Returns 1 when it is new, 0 when not,
 * -1 when memory runs out. Beyond IDENTIFIERS_MAX none is added. */
int identifiers_add(struct identifiers *identifiers, const char *identifier);

/* Whether a whole text is one of the identifiers. */
bool identifiers_has(const struct identifiers *identifiers, const char *text);

/* Whether any string in a value, at any depth, is one; short strings do not count. */
bool identifiers_are_in(const struct identifiers *identifiers, const cJSON *value);

/* Whether any identifier occurs in a text that is not JSON. */
bool identifiers_are_in_text(
	const struct identifiers *identifiers, const char *text, size_t length);

#endif
