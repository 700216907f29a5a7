/* Shops that share a secret: a webhook of one can be posted again for the other. */
#ifndef SEGRELAY_CONFIG_SHARING_H
#define SEGRELAY_CONFIG_SHARING_H

#include "config/config.h"

/* Fills `sharing` of each shop, of a configuration whose shops are sorted, and adds a warning for
 * each secret that several have. 0, or -1 when there is no memory. */
int sharing_find(struct config *config, struct text *report);

#endif
