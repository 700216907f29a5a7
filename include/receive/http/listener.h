/* The public listener: from the socket to a verified delivery, and back to an answer. */
#ifndef SEGRELAY_RECEIVE_HTTP_LISTENER_H
#define SEGRELAY_RECEIVE_HTTP_LISTENER_H

#include "base/error.h"
#include "base/text.h"
#include "config/config.h"
#include "engine/engine.h"

struct listener;

/* Listens at config->listen with config->http_threads threads. Keeps a reference to the
 * configuration; the engine must outlive the listener. *port is the port in use (for ":0"). */
int listener_start(struct engine *engine, struct config *config, struct listener **listener,
	int *port, struct error *error);

/* Uses another configuration for requests that begin from now on. */
void listener_reload(struct listener *listener, struct config *config);

/* Stops accepting connections, finishes the requests in progress (for at most `grace` ms; those
 * that the engine has are finished in any case, since they may be committed), and frees the
 * listener. NULL is allowed. */
void listener_stop(struct listener *listener, int64_t grace);

/* The heartbeat of the loop that turned longest ago, in ms of clock_monotonic(); for the watchdog.
 */
int64_t listener_heartbeat(const struct listener *listener);

/* Appends the Prometheus metrics of receiving. From any thread. */
void listener_metrics(struct listener *listener, struct text *text);

#endif
