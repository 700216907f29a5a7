/* What is wrong with a configuration file, one line each. */
#ifndef SEGRELAY_CONFIG_MISTAKES_H
#define SEGRELAY_CONFIG_MISTAKES_H

#include "base/text.h"

#include <confuse.h>
#include <stddef.h>

struct mistakes {
	struct text *report; /* the caller's */
	size_t count;        /* of mistakes; warnings do not count */
};

/* Adds "file:line: " of what is being read, and "shop "title": " when it is in a block. */
void mistakes_place(const cfg_t *cfg, struct text *text);

/* Adds a line with the place. */
void mistakes_add(struct mistakes *mistakes, const cfg_t *cfg, const char *what);

/* The same for what works but is hardly meant. */
void mistakes_warn(struct mistakes *mistakes, const cfg_t *cfg, const char *what);

/* Adds a value in quotes: cut when long, and never more than one line. */
void mistakes_quote(struct text *text, const char *value);

#endif
