/* Prepares configuration files for libConfuse. */
#ifndef SEGRELAY_CONFIG_SOURCE_H
#define SEGRELAY_CONFIG_SOURCE_H

#include "base/error.h"
#include "base/text.h"

#include <stdio.h>

/* A copy of a file in memory, prepared for libConfuse 3.3. Comments become spaces, because
 * libConfuse counts their lines three times. Errors that libConfuse ignores are rejected: a quote,
 * comment or "{" that is never closed. The caller closes it. NULL with an error, and with its line,
 * or 0 when the file cannot be read. `blocks` receives an int for each block: the line where it
 * begins. */
FILE *source_open(const char *path, int *line, struct text *blocks, struct error *error);

/* The name, up to its "}", of a "${NAME}" in a value that the environment does not have; libConfuse
 * would take "" for it. NULL when there is none. */
const char *source_unset_variable(const char *value);

#endif
