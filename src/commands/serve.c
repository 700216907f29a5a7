/* serve: the daemon. Starts the parts, watches over them, reloads and stops them. */
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
	"Takes webhooks and sends them to Segment. Logs to stderr. SIGHUP reads the configuration\n"
	"again, SIGTERM finishes what is in flight and ends. Exit status: 2 when the\n"
	"configuration is not good or the store is damaged, 1 when it failed for a reason that\n"
	"may pass.\n"
	"\n"
	"  --config FILE  the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"example:\n"
	"  segrelay serve --config /etc/segrelay/segrelay.conf\n";

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
	bool needs_restart = config_needs_restart(daemon->started_with, config, &names);

	atomic_store(&daemon->needs_restart, needs_restart);
	if (needs_restart)
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
	if (config_review(daemon->path, &config, &report) == 0) {
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

	if (daemon_is_alive(daemon, &reason))
		(void)sd_notify(0, "WATCHDOG=1");
	if (now < daemon->status_at)
		return;
	daemon->status_at = now + STATUS_EVERY;
	(void)sd_notifyf(0, "STATUS=%s%s",
		daemon_is_ready(daemon, &reason) ? "taking webhooks" : "refusing webhooks: ",
		daemon_is_ready(daemon, &reason) ? "" : reason.text);
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
		daemon->store_failed = engine_refuses(daemon->engine, NULL); /* it asks the store */
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

/* Readiness says first that it is stopping. The listener is next, so that nothing new comes; then
 * the sender, whose outcomes the engine settles: it goes on while the listener finishes, so both
 * have the same stop_grace. The engine's last turns may still queue messages: they wait on disk,
 * and nobody hears of them. The admin listener answers until then. */
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

/* The address with the port in use, which differs from the configured one for port 0. */
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

/* When the store is what failed, whether it is damaged: then to start again is of no use. It is
 * read through for that, so not after other failures. */
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
	status = config_review(daemon.path, &daemon.config, &report);
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
	log_writer_stop(LOG_GRACE);
	config_release(daemon.config);
	return status;
}
