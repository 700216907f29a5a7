/* Saying what a name could have meant that no option has. */
#ifndef SEGRELAY_CONFIG_UNKNOWN_H
#define SEGRELAY_CONFIG_UNKNOWN_H

#include "config/config_errors.h"

/* Adds the error of a name that no option of this block has. */
void unknown_name(struct config_errors *errors, const cfg_t *cfg, const char *name);

#endif
