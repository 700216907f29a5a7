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
	struct config *started_with; /* has the values of options that need a restart */
	pthread_mutex_t parts;       /* held by the admin listener while it uses a part */
	struct store *store;
	struct engine *engine;
	struct sender *sender;
	struct listener *listener;
	struct admin *admin;
	int port;
	int admin_port;
	int64_t started;
	_Atomic bool stopping;
	bool store_failed; /* the start failed because of the store */
	_Atomic bool damaged;
	_Atomic bool reload_failed;
	_Atomic bool needs_restart;
	int64_t status_at;
};

/* Called by the admin listener, on its thread; `context` is the daemon. */
bool daemon_is_alive(void *context, struct error *reason);
bool daemon_is_ready(void *context, struct error *reason);
void daemon_metrics(void *context, struct text *text);

/* Removes a part from the daemon before it is stopped, so that the admin listener does not use it.
 * NULL when it was not started. */
struct listener *daemon_take_listener(struct daemon *daemon);
struct sender *daemon_take_sender(struct daemon *daemon);

/* Checks that the addresses can be used, before anything is opened: so each restart by systemd
 * finds a port in use at once, however large the store is. 0, or -1 with the error. */
int daemon_check_addresses(const struct config *config, struct error *error);

/* Opens the store, waiting a moment for another command that has it open. EXIT_GOOD, or the exit
 * status: EXIT_FAILED for a failure that may be temporary, so that systemd restarts the daemon. */
int daemon_open_store(struct daemon *daemon, struct error *error);

#endif
