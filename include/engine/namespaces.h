/* The namespaces of messageIds, fixed for a destination's name at its first use. */
#ifndef SEGRELAY_ENGINE_NAMESPACES_H
#define SEGRELAY_ENGINE_NAMESPACES_H

#include "base/error.h"
#include "base/ids.h"
#include "config/config.h"

struct engine;

/* The stored namespaces, by destination. Starts as {0}. */
struct namespaces {
	struct fixed_namespace *items;
	size_t count;
	bool valid; /* they agree with the store and the configuration */
};

/* Reads the stored namespaces, and fixes those of the configured destinations that have none. In a
 * transaction. 0, or -1 when the store failed. */
int namespaces_fix(struct engine *engine, struct error *error);

/* The namespace of a destination, fixed if this is its first use. In a transaction. NULL when the
 * store failed. Lives until the next call of namespaces_fix. */
const struct uuid *namespaces_find(
	struct engine *engine, const struct destination *destination, struct error *error);

/* To be called after a rollback or a reload: the store is read again at the next use. */
void namespaces_invalidate(struct namespaces *namespaces);

void namespaces_free(struct namespaces *namespaces);

#endif
