/* Configuration files as libConfuse should see them. */
#ifndef SEGRELAY_CONFIG_SOURCE_H
#define SEGRELAY_CONFIG_SOURCE_H

#include "base/error.h"
#include "base/text.h"

#include <stdio.h>

/* A copy of a file in memory, for libConfuse 3.3: comments are spaces, because it counts their
 * lines three times; and what it would read over is refused: a quote, comment or "{" that is never
 * closed. The caller closes it. NULL with a reason, and with the line or 0 when the file cannot be
 * read. `blocks` receives an int for each block: the line where it begins. */
FILE *source_open(const char *path, int *line, struct text *blocks, struct error *error);

/* The name, up to its "}", of a "${NAME}" in a value that the environment does not have; libConfuse
 * would take "" for it. NULL when there is none. */
const char *source_unset_variable(const char *value);

#endif
