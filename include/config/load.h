/* Shared by reading a file and building the configuration. */
#ifndef SEGRELAY_CONFIG_LOAD_H
#define SEGRELAY_CONFIG_LOAD_H

#include "config/config.h"

#include <confuse.h>

/* Builds the configuration of a file that was read and validated. NULL with a line in `report` when
 * memory is exhausted or a secret's file has changed meanwhile. */
struct config *config_make(cfg_t *cfg, const char *path, struct text *report);

#endif
