/* What is wrong with a configuration file, one line each. */
#ifndef SEGRELAY_CONFIG_CONFIG_ERRORS_H
#define SEGRELAY_CONFIG_CONFIG_ERRORS_H

#include "base/text.h"

#include <confuse.h>
#include <stddef.h>

struct config_errors {
	struct text *report; /* the caller's */
	size_t count;        /* of errors; warnings do not count */
};

/* Adds "file:line: " of what is being read, and "shop "title": " when it is in a block. */
void errors_place(const cfg_t *cfg, struct text *text);

/* Adds a line with the place. */
void errors_add(struct config_errors *errors, const cfg_t *cfg, const char *what);

/* The same for what works but is hardly meant. */
void errors_add_warning(struct config_errors *errors, const cfg_t *cfg, const char *what);

/* Adds a value in quotes: cut when long, and never more than one line. */
void errors_quote(struct text *text, const char *value);

#endif
