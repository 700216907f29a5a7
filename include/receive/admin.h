/* The admin listener (loopback by default): health, metrics, and the operator's questions. */
#ifndef SEGRELAY_RECEIVE_ADMIN_H
#define SEGRELAY_RECEIVE_ADMIN_H

#include "base/error.h"
#include "base/text.h"
#include "engine/engine.h"

#include <stdbool.h>

struct admin;

/* Who is asked. The functions may be called from the admin's thread at any time until admin_stop.
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

/* Listens at an address ("127.0.0.1:9464") with a thread of its own. *port receives the port in
 * use.
 *
 * Orders (POST) are taken only as JSON and only when they name this address or this machine as
 * their host and no page as their origin: a browser that was led here cannot give them. */
int admin_start(const struct admin_sources *sources, const char *address, struct admin **admin,
	int *port, struct error *error);

/* Ends the thread and frees the admin. NULL is allowed. */
void admin_stop(struct admin *admin);

#endif
