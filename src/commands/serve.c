/* serve: the daemon. Starts the parts, monitors, reloads and stops them. */
#include "commands/commands.h"
#include "commands/common.h"
#include "commands/daemon.h"
#include "commands/signals.h"

#include "admin/admin_listener.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/log_writer.h"
#include "engine/engine.h"
#include "receive/http/listener.h"
#include "send/sender.h"
#include "store/store.h"

#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

enum { STATUS_EVERY = 10 * SECOND, TURN = 500, LOG_GRACE = SECOND };

static const char usage[] =
	"usage: segrelay serve [--config FILE]\n"
	"\n"
	"Receives webhooks and sends events to Segment. Logs to stderr. SIGHUP reloads the\n"
	"configuration, SIGTERM finishes requests in progress and stops. Exit status: 2 when the\n"
	"configuration is invalid or the store is damaged, 1 for a failure that may be\n"
	"temporary.\n"
	"\n"
	"  --config FILE  the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"example:\n"
	"  segrelay serve --config /etc/segrelay/segrelay.conf\n";

/* Called when the engine finds the store damaged: stops the daemon. Not by a signal: a second one
 * during the stop would end it at once. */
static void on_damaged(void *context)
{
	struct daemon *daemon = context;

	atomic_store(&daemon->damaged, true);
}

/* ---- reloading ---- */

/* Logs each line of a report. */
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
	bool needs_restart = config_needs_restart(daemon->started_with, config, &names);

	atomic_store(&daemon->needs_restart, needs_restart);
	if (needs_restart)
		log_line(LOG_WARNING, "changed options ignored",
			LOG_STRING("options", text_string(&names)),
			LOG_STRING("reason", "they need a restart"),
			LOG_STRING("action", "restart segrelay"));
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

	/* The end of this ms: systemd (Type=notify-reload) ignores a time before its signal, even
	 * by a few us. */
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic() * 1000 + 999);
	if (config_review(daemon->path, &config, &report) == 0) {
		log_report(LOG_WARNING, "configuration", &report);
		use_config(daemon, config);
		log_line(LOG_INFO, "reloaded", LOG_STRING("config", daemon->path),
			LOG_NUMBER("shops", config->shop_count),
			LOG_NUMBER("destinations", config->destination_count));
		atomic_store(&daemon->reload_failed, false);
	} else {
		log_report(LOG_ERROR, "configuration", &report);
		log_line(LOG_ERROR, "reload failed", LOG_STRING("config", daemon->path),
			LOG_STRING("effect", "the old configuration stays in use"),
			LOG_STRING(
				"action", "correct the errors logged before, then reload again"));
		atomic_store(&daemon->reload_failed, true);
	}
	text_free(&report);
	(void)sd_notify(0, "READY=1");
}

/* ---- monitoring ---- */

/* Notifies the watchdog only while all threads turn. */
static void watch(struct daemon *daemon)
{
	struct error reason;
	int64_t now = clock_monotonic();

	if (daemon_is_alive(daemon, &reason))
		(void)sd_notify(0, "WATCHDOG=1");
	if (now < daemon->status_at)
		return;
	daemon->status_at = now + STATUS_EVERY;
	(void)sd_notifyf(0, "STATUS=%s%s",
		daemon_is_ready(daemon, &reason) ? "receiving webhooks" : "rejecting webhooks: ",
		daemon_is_ready(daemon, &reason) ? "" : reason.text);
}

/* Handles signals until the daemon must stop. */
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
	struct admin_sources sources = {.is_alive = daemon_is_alive,
		.is_ready = daemon_is_ready,
		.metrics = daemon_metrics,
		.context = daemon};
	struct engine_hooks hooks = {.on_damaged = on_damaged,
		.on_queued = sender_queued,
		.on_removed = sender_removed,
		.context = daemon};

	daemon->started_with = config_share(daemon->config);
	daemon->store_failed =
		engine_start(daemon->store, daemon->config, &daemon->engine, error) != 0;
	if (daemon->store_failed)
		return -1;
	if (sender_start(daemon->engine, daemon->config, &daemon->sender, error) != 0) {
		daemon->store_failed =
			engine_refuses(daemon->engine, NULL); /* sender_start reads the store */
		return -1;
	}
	hooks.queued_context = daemon->sender;
	engine_set_hooks(daemon->engine, &hooks);
	if (listener_start(
		    daemon->engine, daemon->config, &daemon->listener, &daemon->port, error) != 0)
		return -1;
	sources.engine = daemon->engine;
	return admin_start(&sources, daemon->config->admin, daemon->config->admin_socket,
		&daemon->admin, &daemon->admin_port, error);
}

static int64_t left_until(int64_t end)
{
	int64_t now = clock_monotonic();

	return now < end ? end - now : 0;
}

/* Readiness reports the stop first. The listener stops next, so that no delivery is added; then the
 * sender. Both have the same stop_grace, because the sender goes on while the listener finishes.
 * The engine's last turns may still queue messages: they stay in the outbox. The admin listener
 * answers until the end. */
static void stop_parts(struct daemon *daemon)
{
	const struct engine_hooks alone = {.on_damaged = on_damaged, .context = daemon};
	int64_t end = clock_monotonic() + daemon->config->stop_grace;

	atomic_store(&daemon->stopping, true);
	listener_stop(daemon_take_listener(daemon), left_until(end));
	if (daemon->engine != NULL)
		engine_set_hooks(daemon->engine, &alone);
	sender_stop(daemon_take_sender(daemon), left_until(end));
	admin_stop(daemon->admin);
	engine_stop(daemon->engine);
	config_release(daemon->started_with);
}

/* The address with the port in use, which differs from the option when that is port 0. */
static void address_in_use(const char *configured, int port, char *text, size_t size)
{
	const char *colon = strrchr(configured, ':');

	(void)snprintf(text, size, "%.*s:%d", colon != NULL ? (int)(colon - configured) : 0,
		configured, port);
}

static void log_started(const struct daemon *daemon)
{
	const struct config *config = daemon->config;
	char listen[300];
	char admin[300];

	address_in_use(config->listen, daemon->port, listen, sizeof(listen));
	address_in_use(config->admin, daemon->admin_port, admin, sizeof(admin));
	log_line(LOG_INFO, "started", LOG_STRING("version", SEGRELAY_VERSION),
		LOG_STRING("listen", listen), LOG_STRING("admin", admin),
		LOG_STRING("admin_socket", config->admin_socket),
		LOG_STRING("store", config->store), LOG_NUMBER("shops", config->shop_count),
		LOG_NUMBER("destinations", config->destination_count));
}

/* Whether the store is damaged, when it was the store that failed: then a restart is useless. The
 * check reads the whole file, so it is not made after other failures. */
static bool is_damaged(struct daemon *daemon)
{
	struct error error;
	bool damaged = false;

	if (daemon->store_failed)
		(void)store_reopen(daemon->store, &damaged, &error);
	return damaged || atomic_load(&daemon->damaged);
}

static int run(struct daemon *daemon)
{
	struct error error;
	int status = EXIT_FAILED;

	signals_block();
	daemon->started = clock_now();
	if (log_writer_start(&error) == 0 && daemon_check_addresses(daemon->config, &error) == 0)
		status = daemon_open_store(daemon, &error);
	if (status != EXIT_GOOD) {
		log_line(LOG_ERROR, "start failed", LOG_STRING("reason", error.text));
		return status;
	}
	if (start_parts(daemon, &error) == 0) {
		log_started(daemon);
		(void)sd_notify(0, "READY=1");
		wait_for_end(daemon);
		(void)sd_notify(0, "STOPPING=1");
		log_plain(LOG_INFO, "stopping");
		signals_end_at_once(); /* every answered webhook is on disk */
	} else {
		log_line(LOG_ERROR, "start failed", LOG_STRING("reason", error.text));
		status = EXIT_FAILED;
	}
	stop_parts(daemon);
	if (is_damaged(daemon))
		status = EXIT_USAGE;
	store_close(daemon->store);
	log_line(LOG_INFO, "stopped", LOG_NUMBER("status", status));
	return status;
}

int command_serve(int argc, char **argv)
{
	struct daemon daemon = {.path = CONFIG_DEFAULT_PATH, .parts = PTHREAD_MUTEX_INITIALIZER};
	const struct verb_option options[] = {{.name = "config", .value = &daemon.path}, {0}};
	struct text report = {0};
	int status;
	int operands = read_options(argc, argv, options, usage, &status);

	if (operands < 0)
		return status;
	if (operands > 0)
		return report_usage_error(usage, "unexpected operand \"%s\"", argv[0]);
	(void)umask(0077);
	/* Bodies and batches allocate and free some 100 KB each. Returning that memory to the
	 * kernel each time would take a tenth of the CPU time of a webhook. */
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 4 << 20);
	(void)prctl(PR_SET_DUMPABLE, 0); /* a core dump would contain secrets and personal data */
	status = config_review(daemon.path, &daemon.config, &report);
	if (daemon.config != NULL)
		log_configure(daemon.config->log_level, daemon.config->log_format);
	log_report(status == 0 ? LOG_WARNING : LOG_ERROR, "configuration", &report);
	text_free(&report);
	if (status != 0 || daemon.config == NULL) {
		log_line(LOG_ERROR, "start failed", LOG_STRING("config", daemon.path),
			LOG_STRING("reason", "the configuration is invalid"),
			LOG_STRING("action", "correct the errors logged before"));
		return EXIT_USAGE;
	}
	status = run(&daemon);
	log_writer_stop(LOG_GRACE);
	config_release(daemon.config);
	return status;
}
