/* The blocks of a configuration file. */
#ifndef SEGRELAY_CONFIG_BLOCKS_H
#define SEGRELAY_CONFIG_BLOCKS_H

#include "config/validate.h"

/* The block that was just read, whose `line` is now the one where it begins. Adds an error when
 * there is one of its name already. */
cfg_t *blocks_take(struct validation *validation, const cfg_t *cfg, cfg_opt_t *opt);

#endif
