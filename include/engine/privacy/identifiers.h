/* A set of words: ids, tokens and addresses of a person, to be looked for. */
#ifndef SEGRELAY_ENGINE_PRIVACY_IDENTIFIERS_H
#define SEGRELAY_ENGINE_PRIVACY_IDENTIFIERS_H

#include "base/arena.h"
#include "base/json.h"

#include <stdbool.h>

enum { WORDS_MAX = 20000 };

/* Words live in the arena, in lower case; of an address as gid://shopify/Customer/1 the last part.
 */
struct words {
	struct arena *arena;
	const char **items; /* sorted */
	size_t count;
	size_t room;
};

/* Adds a text as it is, at the end, unless it is NULL or there. For lists that are only gone
 * through; such a set must not be asked. As words_add. */
int words_append(struct words *words, const char *text);

/* Adds a word, unless it is NULL, empty or known. 1 when it is new, 0 when not, -1 when memory runs
 * out. Beyond WORDS_MAX none is new. */
int words_add(struct words *words, const char *word);

/* Whether a text is one of the words, as a whole. */
bool words_has(const struct words *words, const char *text);

/* Whether any string in a value, however deep, is; too short ones tell nothing. */
bool words_are_in(const struct words *words, const cJSON *value);

/* The same of text that is no JSON: whether any word stands in it. */
bool words_are_in_text(const struct words *words, const char *text, size_t length);

#endif
