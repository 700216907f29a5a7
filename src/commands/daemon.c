/* The daemon's state: its answers to the admin listener, and the checks before the start. */
#include "commands/daemon.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "commands/commands.h"
#include "commands/process_metrics.h"
#include "receive/http/socket.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

enum { STALE = 10 * SECOND, STORE_WAIT = 5 * SECOND };

/* ---- for the admin listener ---- */

static bool is_fresh(int64_t heartbeat, const char *part, struct error *reason)
{
	int64_t age = clock_monotonic() - heartbeat;

	if (age < STALE)
		return true;
	(void)error_set(reason, "%s has been blocked for %" PRId64 " s", part, age / SECOND);
	return false;
}

/* The listener and the sender stop before the admin listener: then they are NULL here. */
bool daemon_is_alive(void *context, struct error *reason)
{
	struct daemon *daemon = context;
	bool alive;

	(void)pthread_mutex_lock(&daemon->parts);
	alive = (daemon->listener == NULL ||
			is_fresh(listener_heartbeat(daemon->listener), "the listener", reason)) &&
		is_fresh(engine_heartbeat(daemon->engine), "the engine", reason) &&
		(daemon->sender == NULL ||
			is_fresh(sender_heartbeat(daemon->sender), "the sender", reason));
	(void)pthread_mutex_unlock(&daemon->parts);
	return alive;
}

bool daemon_is_ready(void *context, struct error *reason)
{
	struct daemon *daemon = context;

	if (atomic_load(&daemon->stopping)) {
		(void)error_set(reason, "stopping");
		return false;
	}
	return !engine_refuses(daemon->engine, reason);
}

void daemon_metrics(void *context, struct text *text)
{
	struct daemon *daemon = context;

	metric_write(text, "segrelay_config_reload_success", METRIC_GAUGE,
		"0 when the last reload failed because the configuration was invalid.",
		atomic_load(&daemon->reload_failed) ? 0 : 1);
	metric_write(text, "segrelay_config_needs_restart", METRIC_GAUGE,
		"1 when a changed option takes effect only after a restart.",
		atomic_load(&daemon->needs_restart) ? 1 : 0);
	process_metrics(text, daemon->started);
	(void)pthread_mutex_lock(&daemon->parts);
	if (daemon->listener != NULL)
		listener_metrics(daemon->listener, text);
	if (daemon->sender != NULL)
		sender_metrics(daemon->sender, text);
	(void)pthread_mutex_unlock(&daemon->parts);
}

/* ---- stopping ---- */

struct listener *daemon_take_listener(struct daemon *daemon)
{
	struct listener *listener;

	(void)pthread_mutex_lock(&daemon->parts);
	listener = daemon->listener;
	daemon->listener = NULL;
	(void)pthread_mutex_unlock(&daemon->parts);
	return listener;
}

struct sender *daemon_take_sender(struct daemon *daemon)
{
	struct sender *sender;

	(void)pthread_mutex_lock(&daemon->parts);
	sender = daemon->sender;
	daemon->sender = NULL;
	(void)pthread_mutex_unlock(&daemon->parts);
	return sender;
}

/* ---- starting ---- */

int daemon_open_store(struct daemon *daemon, struct error *error)
{
	const struct timespec moment = {.tv_nsec = 20 * 1000000L};
	int64_t end = clock_monotonic() + STORE_WAIT;
	enum store_obstacle obstacle;

	while (store_open(daemon->config->store, &daemon->store, &obstacle, error) != 0) {
		if (obstacle == STORE_UNUSABLE)
			return EXIT_USAGE;
		if (obstacle == STORE_ABSENT || clock_monotonic() >= end)
			return EXIT_FAILED;
		(void)nanosleep(&moment, NULL);
	}
	return EXIT_GOOD;
}

int daemon_check_addresses(const struct config *config, struct error *error)
{
	const struct {
		const char *option;
		const char *address;
	} addresses[] = {{"listen", config->listen}, {"admin", config->admin}};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		int port;
		int fd = socket_listen(addresses[i].option, addresses[i].address, &port, error);

		if (fd < 0)
			return -1;
		(void)close(fd);
	}
	return 0;
}
