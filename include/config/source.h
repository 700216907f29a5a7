/* Configuration files as libConfuse should see them. */
#ifndef SEGRELAY_CONFIG_SOURCE_H
#define SEGRELAY_CONFIG_SOURCE_H

#include "base/error.h"

#include <stdio.h>

/* Stands in place of the "$" of a "${NAME}" that the environment does not have: libConfuse would
 * take "" for it. */
#define SOURCE_UNSET '\001'

/* A copy of a file in memory, for libConfuse 3.3: comments are spaces, because it counts their
 * lines three times; and what it would read over is refused: a quote, comment or "{" that is never
 * closed. The caller closes it. NULL with a reason, and with the line or 0 when the file cannot be
 * read. */
FILE *source_open(const char *path, int *line, struct error *error);

#endif
