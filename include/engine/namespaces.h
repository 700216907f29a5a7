/* The namespaces of messageIds, fixed for a destination's name at its first use. */
#ifndef SEGRELAY_ENGINE_NAMESPACES_H
#define SEGRELAY_ENGINE_NAMESPACES_H

#include "base/error.h"
#include "base/ids.h"
#include "config/config.h"

struct engine;

/* The namespaces that are known, by name. Starts as {0}. */
struct namespaces {
	struct fixed_namespace *items;
	size_t count;
	bool valid; /* all destinations of the configuration are among them, as the store has them
		     */
};

/* Reads the stored namespaces, and fixes those of the configured destinations that have none. In a
 * transaction. 0, or -1 when the store failed. */
int namespaces_fix(struct engine *engine, struct error *error);

/* The namespace of a destination, fixed if this is its first use. In a transaction. NULL when the
 * store failed. Lives until the next call of namespaces_fix. */
const struct uuid *namespaces_find(
	struct engine *engine, const struct destination *destination, struct error *error);

/* A transaction was rolled back, or the configuration changed: the store is to be read again. */
void namespaces_invalidate(struct namespaces *namespaces);

void namespaces_free(struct namespaces *namespaces);

#endif
