/* Between reading the file and making a configuration of it. */
#ifndef SEGRELAY_CONFIG_LOAD_H
#define SEGRELAY_CONFIG_LOAD_H

#include "config/config.h"

#include <confuse.h>

/* Makes a configuration of a file that was read and found good. NULL with a line in `report` when
 * there is no memory or a secret's file changed meanwhile. */
struct config *config_make(cfg_t *cfg, const char *path, struct text *report);

#endif
