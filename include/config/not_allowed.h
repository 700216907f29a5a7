/* The error for a value that is not allowed. */
#ifndef SEGRELAY_CONFIG_NOT_ALLOWED_H
#define SEGRELAY_CONFIG_NOT_ALLOWED_H

#include "config/config_errors.h"
#include "config/options.h"

/* Adds the error for a value that its option does not accept, with a similar event name and the
 * allowed values. A secret is not shown. */
void value_not_allowed(struct config_errors *errors, const cfg_t *cfg, const struct option *option,
	const char *value);

#endif
