/* Secrets from files. */
#ifndef SEGRELAY_CONFIG_SECRETS_H
#define SEGRELAY_CONFIG_SECRETS_H

#include "base/error.h"

#include <stdbool.h>

/* Reads a secret: the file's content without white space at its end. The caller frees *secret
 * with secret_free.
 * *readable_by_others is set when more than its owner may read the file. -1 with a reason that
 * names the path but never the content. */
int secret_read(const char *path, char **secret, bool *readable_by_others, struct error *error);

/* Overwrites a secret and frees it. NULL is allowed. */
void secret_free(char *secret);

#endif
