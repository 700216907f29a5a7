/* The admin listener (loopback and a unix socket): health, metrics, and the admin API. */
#ifndef SEGRELAY_ADMIN_ADMIN_LISTENER_H
#define SEGRELAY_ADMIN_ADMIN_LISTENER_H

#include "base/error.h"
#include "base/text.h"
#include "engine/engine.h"

#include <stdbool.h>

struct admin;

/* The sources of the answers. The admin's threads call the functions at any time until admin_stop.
 */
struct admin_sources {
	struct engine *engine;
	/* Whether all threads run; false with the reason. */
	bool (*is_alive)(void *context, struct error *reason);
	/* Whether new webhooks are accepted; false with the reason. Does not depend on Segment: a
	 * load balancer would turn an outage of Segment into lost webhooks. */
	bool (*is_ready)(void *context, struct error *reason);
	/* Adds the Prometheus metrics of all parts but the engine's. */
	void (*metrics)(void *context, struct text *text);
	void *context;
};

/* Listens at an address ("127.0.0.1:9464"), which serves health, readiness and metrics, and on a
 * unix socket, which also serves the admin API (admin/api.h). Each has its own thread. `path` may
 * be NULL for no socket. *port is the port in use. 0, or -1 with the error.
 *
 * A request's Host must be an address, localhost or the host of `address`, so that a web page
 * cannot reach the listener by DNS rebinding. A request that modifies something must be JSON
 * without an Origin. */
int admin_start(const struct admin_sources *sources, const char *address, const char *path,
	struct admin **admin, int *port, struct error *error);

/* Stops the threads, removes the socket and frees the admin. NULL is allowed. */
void admin_stop(struct admin *admin);

#endif
