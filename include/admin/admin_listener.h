/* The admin listener (loopback and a unix socket): health, metrics, and the operator's requests. */
#ifndef SEGRELAY_ADMIN_ADMIN_LISTENER_H
#define SEGRELAY_ADMIN_ADMIN_LISTENER_H

#include "base/error.h"
#include "base/text.h"
#include "engine/engine.h"

#include <stdbool.h>

struct admin;

/* Who is asked. The functions may be called from the admin's threads at any time until admin_stop.
 */
struct admin_sources {
	struct engine *engine;
	/* Whether all threads turn; false with the reason. */
	bool (*is_alive)(void *context, struct error *reason);
	/* Whether new webhooks are taken; false with the reason. Independent of Segment: a load
	 * balancer would turn an outage there into lost webhooks. */
	bool (*is_ready)(void *context, struct error *reason);
	/* Adds the Prometheus metrics of all parts but the engine's. */
	void (*metrics)(void *context, struct text *text);
	void *context;
};

/* Listens at an address ("127.0.0.1:9464"), which serves health, readiness and metrics, and on a
 * unix socket, which serves these and all of engine/operator.h; with a thread of its own for each.
 * `path` may be NULL for no socket. *port receives the port in use.
 *
 * Requests are answered only when their Host is an address, localhost or the host of `address`, so
 * that no name of a web page can lead here; those that modify something only as JSON, and without
 * an Origin. */
int admin_start(const struct admin_sources *sources, const char *address, const char *path,
	struct admin **admin, int *port, struct error *error);

/* Ends the threads, removes the socket and frees the admin. NULL is allowed. */
void admin_stop(struct admin *admin);

#endif
