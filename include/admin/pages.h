/* The pages of the admin listener: health, readiness, metrics. */
#ifndef SEGRELAY_ADMIN_PAGES_H
#define SEGRELAY_ADMIN_PAGES_H

#include "admin/admin_connections.h"
#include "admin/admin_listener.h"
#include "base/text.h"

#include <stdbool.h>

/* One request and its answer. */
struct visit {
	struct text body;
	struct text answer;
	unsigned status;
	const char *type;
};

/* Writes the page of a path into the visit; false when no page has that path. From any thread. */
bool admin_page(const struct admin_sources *sources, struct admin_clients *clients,
	const char *path, struct visit *visit);

#endif
