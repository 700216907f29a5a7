/* The blocks of a configuration file. */
#ifndef SEGRELAY_CONFIG_BLOCKS_H
#define SEGRELAY_CONFIG_BLOCKS_H

#include "config/validate.h"

/* Returns the block that was just read, and sets its `line` to its first line. Adds an error when
 * its name is used already. */
cfg_t *blocks_take(struct validation *validation, const cfg_t *cfg, cfg_opt_t *opt);

#endif
