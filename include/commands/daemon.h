/* The daemon's state, shared by the files of serve. */
#ifndef SEGRELAY_COMMANDS_DAEMON_H
#define SEGRELAY_COMMANDS_DAEMON_H

#include "admin/admin_listener.h"
#include "config/config.h"
#include "engine/engine.h"
#include "receive/http/listener.h"
#include "send/sender.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct daemon {
	const char *path;
	struct config *config;
	struct config *started_with; /* what needs a restart is still as it is here */
	pthread_mutex_t parts;       /* held by the admin listener while it asks a part */
	struct store *store;
	struct engine *engine;
	struct sender *sender;
	struct listener *listener;
	struct admin *admin;
	int port;
	int admin_port;
	int64_t started;
	_Atomic bool stopping;
	bool store_failed; /* the start, at the store */
	_Atomic bool damaged;
	_Atomic bool reload_failed;
	_Atomic bool needs_restart;
	int64_t status_at;
};

/* What the admin listener asks, on its thread; `context` is the daemon. */
bool daemon_is_alive(void *context, struct error *reason);
bool daemon_is_ready(void *context, struct error *reason);
void daemon_metrics(void *context, struct text *text);

/* Takes a part away from the admin listener, before the part is stopped. NULL when it was not
 * started. */
struct listener *daemon_take_listener(struct daemon *daemon);
struct sender *daemon_take_sender(struct daemon *daemon);

/* Whether the addresses can be listened at, before anything is opened: a port that is taken is
 * found at each of systemd's tries, however large the store is. 0, or -1 with the reason. */
int daemon_check_addresses(const struct config *config, struct error *error);

/* Opens the store. The status to end with, EXIT_GOOD when it is open: EXIT_FAILED for what may
 * pass, so that systemd starts us again. A verb that looks in has the store for a moment. */
int daemon_open_store(struct daemon *daemon, struct error *error);

#endif
