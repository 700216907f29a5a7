/* The errors of a configuration file, one line each. */
#ifndef SEGRELAY_CONFIG_CONFIG_ERRORS_H
#define SEGRELAY_CONFIG_CONFIG_ERRORS_H

#include "base/text.h"

#include <confuse.h>
#include <stddef.h>

struct config_errors {
	struct text *report; /* the caller's */
	size_t count;        /* of errors; warnings do not count */
};

/* Appends "file:line: " of the current position, and "shop "title": " inside a block. */
void errors_place(const cfg_t *cfg, struct text *text);

/* Adds an error with its position. */
void errors_add(struct config_errors *errors, const cfg_t *cfg, const char *what);

/* The same for a warning: the value is valid but probably not intended. */
void errors_add_warning(struct config_errors *errors, const cfg_t *cfg, const char *what);

/* Appends a value in quotes: truncated when long, and always one line. */
void errors_quote(struct text *text, const char *value);

#endif
