/* Warnings of values that are valid but hardly meant. */
#ifndef SEGRELAY_CONFIG_WARNINGS_H
#define SEGRELAY_CONFIG_WARNINGS_H

#include "config/validate.h"

/* Warns of a value, with the current position. */
void warnings_value(struct validation *validation, const cfg_t *cfg, cfg_opt_t *opt,
	const struct option *option, const char *value);

#endif
