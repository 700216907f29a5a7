/* Shops with the same secret: a webhook of one can be replayed for another. */
#ifndef SEGRELAY_CONFIG_SHARING_H
#define SEGRELAY_CONFIG_SHARING_H

#include "config/config.h"

/* Sets `sharing` of each shop, whose order must be sorted, and adds a warning for each secret of
 * several shops. 0, or -1 without memory. */
int sharing_find(struct config *config, struct text *report);

#endif
