/* Saying that a value is not allowed, and which are. */
#ifndef SEGRELAY_CONFIG_NOT_ALLOWED_H
#define SEGRELAY_CONFIG_NOT_ALLOWED_H

#include "config/config_errors.h"
#include "config/options.h"

/* Adds the error of a value that its option does not accept, with the nearest name of an event. A
 * secret is not shown. */
void value_not_allowed(struct config_errors *errors, const cfg_t *cfg, const struct option *option,
	const char *value);

#endif
