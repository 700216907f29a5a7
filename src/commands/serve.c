/* serve: the daemon. Starts the parts, watches over them, reloads and stops them. */
#include "commands/commands.h"
#include "commands/common.h"
#include "commands/process_metrics.h"
#include "commands/signals.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine.h"
#include "receive/admin.h"
#include "receive/listener.h"
#include "send/sender.h"
#include "store/store.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum { STALE = 10 * SECOND, STATUS_EVERY = 10 * SECOND, STORE_WAIT = 5 * SECOND, TURN = 500 };

static const char usage[] =
	"usage: segrelay serve [--config FILE]\n"
	"\n"
	"Takes webhooks and sends them to Segment. Logs to stderr. SIGHUP reads the configuration\n"
	"again, SIGTERM finishes what is in flight and ends. Exit status: 2 when the "
	"configuration\n"
	"is not good or the store is damaged, 1 when it failed for a reason that may pass.\n"
	"\n"
	"  --config FILE  the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"example:\n"
	"  segrelay serve --config /etc/segrelay/segrelay.conf\n";

struct daemon {
	const char *path;
	struct config *config;
	struct store *store;
	struct engine *engine;
	struct sender *sender;
	struct listener *listener;
	struct admin *admin;
	int port;
	int admin_port;
	int64_t started;
	_Atomic bool stopping;
	_Atomic bool damaged;
	_Atomic bool reload_failed;
	int64_t status_at;
};

/* ---- what others ask ---- */

static bool is_fresh(int64_t heartbeat, const char *part, struct error *reason)
{
	int64_t age = clock_monotonic() - heartbeat;

	if (age < STALE)
		return true;
	(void)error_set(reason, "%s has not turned for %" PRId64 " s", part, age / SECOND);
	return false;
}

static bool is_alive(void *context, struct error *reason)
{
	struct daemon *daemon = context;

	return is_fresh(listener_heartbeat(daemon->listener), "the listener", reason) &&
	       is_fresh(engine_heartbeat(daemon->engine), "the engine", reason) &&
	       is_fresh(sender_heartbeat(daemon->sender), "the sender", reason);
}

static bool is_ready(void *context, struct error *reason)
{
	struct daemon *daemon = context;

	if (atomic_load(&daemon->stopping)) {
		(void)error_set(reason, "stopping");
		return false;
	}
	return !engine_refuses(daemon->engine, reason);
}

static void add_metrics(void *context, struct text *text)
{
	struct daemon *daemon = context;

	process_metric(text, "segrelay_config_reload_success", "gauge",
		"0 when the configuration was not good at the last reload: the old one is in use.",
		atomic_load(&daemon->reload_failed) ? 0 : 1);
	process_metrics(text, daemon->started);
	listener_metrics(daemon->listener, text);
	sender_metrics(daemon->sender, text);
}

/* The engine found the store damaged: end in order. No signal says so: while it is stopping, that
 * would end it at once. */
static void on_damaged(void *context)
{
	struct daemon *daemon = context;

	atomic_store(&daemon->damaged, true);
}

/* ---- reloading ---- */

/* Says each line of a report as a line of the log. */
static void log_report(enum log_level level, const char *message, struct text *report)
{
	char *line = report->data;
	char *rest = NULL;

	if (line == NULL)
		return;
	for (line = strtok_r(line, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		log_line(level, message, LOG_STRING("at", line));
}

static void use_config(struct daemon *daemon, struct config *config)
{
	struct text names = {0};

	if (config_needs_restart(daemon->config, config, &names))
		log_line(LOG_WARNING, "changed options need a restart",
			LOG_STRING("options", text_string(&names)),
			LOG_STRING("effect", "they stay as they were"),
			LOG_STRING("next", "restart segrelay when it suits"));
	text_free(&names);
	log_configure(config->log_level, config->log_format);
	engine_reload(daemon->engine, config);
	sender_reload(daemon->sender, config);
	listener_reload(daemon->listener, config);
	config_release(daemon->config);
	daemon->config = config;
}

static void reload(struct daemon *daemon)
{
	struct text report = {0};
	struct config *config;

	/* The end of this ms: for systemd (Type=notify-reload) a time from before its signal, be it
	 * by a few us, is that of another reload. */
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic() * 1000 + 999);
	if (config_load(daemon->path, &config, &report) == 0) {
		log_report(LOG_WARNING, "configuration", &report);
		use_config(daemon, config);
		log_line(LOG_INFO, "reloaded", LOG_STRING("config", daemon->path),
			LOG_NUMBER("shops", config->shop_count),
			LOG_NUMBER("destinations", config->destination_count));
		atomic_store(&daemon->reload_failed, false);
	} else {
		log_report(LOG_ERROR, "configuration", &report);
		log_line(LOG_ERROR, "reload failed: the old configuration stays in use",
			LOG_STRING("config", daemon->path),
			LOG_STRING("next", "mend what is named above, then reload again"));
		atomic_store(&daemon->reload_failed, true);
	}
	text_free(&report);
	(void)sd_notify(0, "READY=1");
}

/* ---- watching ---- */

/* The watchdog is fed only while all threads turn. */
static void watch(struct daemon *daemon)
{
	struct error reason;
	int64_t now = clock_monotonic();

	if (is_alive(daemon, &reason))
		(void)sd_notify(0, "WATCHDOG=1");
	if (now < daemon->status_at)
		return;
	daemon->status_at = now + STATUS_EVERY;
	(void)sd_notifyf(0, "STATUS=%s%s",
		is_ready(daemon, &reason) ? "taking webhooks" : "refusing webhooks: ",
		is_ready(daemon, &reason) ? "" : reason.text);
}

/* Waits for signals until it is time to end. */
static void wait_for_end(struct daemon *daemon)
{
	int signal = 0;

	while (signal != SIGTERM && signal != SIGINT && !atomic_load(&daemon->damaged)) {
		signal = signals_wait(TURN);
		if (signal == SIGHUP)
			reload(daemon);
		watch(daemon);
	}
}

/* ---- starting and stopping ---- */

static int start_parts(struct daemon *daemon, struct error *error)
{
	struct admin_sources sources = {.is_alive = is_alive,
		.is_ready = is_ready,
		.metrics = add_metrics,
		.context = daemon};
	struct engine_hooks hooks = {.on_damaged = on_damaged,
		.on_queued = sender_queued,
		.on_removed = sender_removed,
		.context = daemon};

	if (engine_start(daemon->store, daemon->config, &daemon->engine, error) != 0 ||
		sender_start(daemon->engine, daemon->config, &daemon->sender, error) != 0)
		return -1;
	hooks.queued_context = daemon->sender;
	engine_set_hooks(daemon->engine, &hooks);
	if (listener_start(
		    daemon->engine, daemon->config, &daemon->listener, &daemon->port, error) != 0)
		return -1;
	sources.engine = daemon->engine;
	return admin_start(
		&sources, daemon->config->admin, &daemon->admin, &daemon->admin_port, error);
}

/* The listener first, so that nothing new comes; then the sender, whose outcomes the engine
 * settles. The engine's last turns may still queue messages: they wait on disk, and nobody hears of
 * them. */
static void stop_parts(struct daemon *daemon)
{
	const struct engine_hooks alone = {.on_damaged = on_damaged, .context = daemon};
	int64_t grace = daemon->config->stop_grace;

	atomic_store(&daemon->stopping, true);
	admin_stop(daemon->admin);
	listener_stop(daemon->listener, grace);
	if (daemon->engine != NULL)
		engine_set_hooks(daemon->engine, &alone);
	sender_stop(daemon->sender, grace);
	engine_stop(daemon->engine);
}

/* The address with the port in use, which differs from the configured one for port 0. */
static void address_in_use(const char *configured, int port, char *text, size_t size)
{
	const char *colon = strrchr(configured, ':');

	(void)snprintf(text, size, "%.*s:%d", colon != NULL ? (int)(colon - configured) : 0,
		configured, port);
}

static void log_started(const struct daemon *daemon)
{
	char listen[300];
	char admin[300];

	address_in_use(daemon->config->listen, daemon->port, listen, sizeof(listen));
	address_in_use(daemon->config->admin, daemon->admin_port, admin, sizeof(admin));
	log_line(LOG_INFO, "started", LOG_STRING("version", SEGRELAY_VERSION),
		LOG_STRING("listen", listen), LOG_STRING("admin", admin),
		LOG_STRING("store", daemon->config->store),
		LOG_NUMBER("shops", daemon->config->shop_count),
		LOG_NUMBER("destinations", daemon->config->destination_count));
}

/* The status to end with: EXIT_FAILED for what may pass, so that systemd starts us again. A verb
 * that looks in has the store for a moment. */
static int open_store(struct daemon *daemon, struct error *error)
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

static int run(struct daemon *daemon)
{
	struct error error;
	bool damaged = false;
	int status;

	signals_block();
	daemon->started = clock_now();
	status = open_store(daemon, &error);
	if (status != EXIT_GOOD) {
		log_line(LOG_ERROR, "cannot start", LOG_STRING("reason", error.text));
		return status;
	}
	if (start_parts(daemon, &error) == 0) {
		log_started(daemon);
		(void)sd_notify(0, "READY=1");
		wait_for_end(daemon);
		(void)sd_notify(0, "STOPPING=1");
		log_plain(LOG_INFO, "stopping");
		signals_end_at_once(); /* all that was answered is on disk */
	} else {
		log_line(LOG_ERROR, "cannot start", LOG_STRING("reason", error.text));
		status = EXIT_FAILED;
	}
	stop_parts(daemon);
	if (status == EXIT_FAILED) /* to start again is of no use when it is damaged */
		(void)store_reopen(daemon->store, &damaged, &error);
	if (damaged || atomic_load(&daemon->damaged))
		status = EXIT_USAGE;
	store_close(daemon->store);
	log_line(LOG_INFO, "stopped", LOG_NUMBER("status", status));
	return status;
}

int command_serve(int argc, char **argv)
{
	struct daemon daemon = {.path = CONFIG_DEFAULT_PATH};
	const struct verb_option options[] = {{.name = "config", .value = &daemon.path}, {0}};
	struct text report = {0};
	int status;
	int words = read_options(argc, argv, options, usage, &status);

	if (words < 0)
		return status;
	if (words > 0)
		return complain_usage(usage, "serve takes no \"%s\"", argv[0]);
	(void)umask(0077);
	/* Bodies and batches take and give back up to some 100 KB each: handing them to the kernel
	 * and taking them again would be a tenth of all that is done with a webhook. */
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 4 << 20);
	(void)prctl(PR_SET_DUMPABLE, 0); /* a core would hold secrets and personal data */
	status = config_load(daemon.path, &daemon.config, &report);
	if (daemon.config != NULL)
		log_configure(daemon.config->log_level, daemon.config->log_format);
	log_report(status == 0 ? LOG_WARNING : LOG_ERROR, "configuration", &report);
	text_free(&report);
	if (status != 0 || daemon.config == NULL) {
		log_line(LOG_ERROR, "cannot start: mend the configuration",
			LOG_STRING("config", daemon.path));
		return EXIT_USAGE;
	}
	status = run(&daemon);
	config_release(daemon.config);
	return status;
}
