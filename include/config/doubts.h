/* What a configuration may say, but hardly means. */
#ifndef SEGRELAY_CONFIG_DOUBTS_H
#define SEGRELAY_CONFIG_DOUBTS_H

#include "config/checks.h"

/* Warns of a value at the place that is being read. */
void doubts_value(struct checks *checks, const cfg_t *cfg, cfg_opt_t *opt,
	const struct option *option, const char *value);

#endif
