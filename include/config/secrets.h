/* Secrets from files. */
#ifndef SEGRELAY_CONFIG_SECRETS_H
#define SEGRELAY_CONFIG_SECRETS_H

#include "base/error.h"

#include <stdbool.h>

/* Reads a secret: the file's content without trailing white space. The caller frees *secret with
 * secret_free. *readable_by_others is true when users other than its owner may read the file. -1
 * with an error that names the path but never the content. */
int secret_read(const char *path, char **secret, bool *readable_by_others, struct error *error);

/* Overwrites a secret and frees it. NULL is allowed. */
void secret_free(char *secret);

#endif
