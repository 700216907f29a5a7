/* The pages of the admin listener: health, readiness, metrics. */
#ifndef SEGRELAY_ADMIN_PAGES_H
#define SEGRELAY_ADMIN_PAGES_H

#include "admin/admin_connections.h"
#include "admin/admin_listener.h"
#include "base/text.h"

#include <stdbool.h>

/* One request to the admin listener, and its answer. */
struct admin_request {
	struct text body;
	struct text answer;
	unsigned status;
	const char *type;
};

/* Writes the page of a path into request->answer. False when there is no such page. From any
 * thread. */
bool admin_page(const struct admin_sources *sources, struct admin_connections *connections,
	const char *path, struct admin_request *request);

#endif
