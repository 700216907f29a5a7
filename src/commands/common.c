/* Shared by the verbs: reading options, loading the configuration, calling the admin API. */
#include "commands/common.h"

#include "admin/api.h"
#include "base/clock.h"
#include "base/socket_path.h"
#include "commands/commands.h"
#include "send/http.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_LINE_SECONDS = 10, UNREACHABLE_WAIT = 5 * SECOND };

/* ---- messages ---- */

__attribute__((format(printf, 1, 0))) static void print_line(const char *format, va_list arguments)
{
	(void)fputs("segrelay: ", stderr);
	(void)vfprintf(stderr, format, arguments);
	(void)fputs("\n", stderr);
}

int report_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_line(format, arguments);
	va_end(arguments);
	return EXIT_FAILED;
}

int report_usage_error(const char *usage, const char *format, ...)
{
	va_list arguments;
	size_t first_line = strcspn(usage, "\n");

	va_start(arguments, format);
	print_line(format, arguments);
	va_end(arguments);
	(void)fprintf(stderr, "%.*s\n", (int)first_line, usage);
	return EXIT_USAGE;
}

bool confirm(const char *question)
{
	char answer[8] = "";

	(void)fputs(question, stdout);
	(void)fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

/* ---- options ---- */

static const struct verb_option *find_option(const struct verb_option *options, const char *name)
{
	for (; options->name != NULL; options++)
		if (strcmp(options->name, name) == 0)
			return options;
	return NULL;
}

/* Reads the option at argv[*at]; false after an error was printed. */
static bool read_option(
	int argc, char **argv, int *at, const struct verb_option *options, const char *usage)
{
	const struct verb_option *option = find_option(options, argv[*at] + 2);

	if (option == NULL) {
		(void)report_usage_error(usage, "unknown option %s", argv[*at]);
		return false;
	}
	if (option->flag != NULL) {
		*option->flag = true;
		return true;
	}
	if (*at + 1 == argc) {
		(void)report_usage_error(usage, "%s needs a value", argv[*at]);
		return false;
	}
	++*at;
	if (option->value != NULL) {
		*option->value = argv[*at];
	} else if (*option->count < option->most) {
		option->values[(*option->count)++] = argv[*at];
	} else {
		(void)report_usage_error(usage, "--%s is given too often", option->name);
		return false;
	}
	return true;
}

int read_options(
	int argc, char **argv, const struct verb_option *options, const char *usage, int *status)
{
	bool only_operands = false;
	int operands = 0;

	for (int i = 1; i < argc; i++) {
		if (!only_operands && strcmp(argv[i], "--") == 0) {
			only_operands = true;
		} else if (!only_operands &&
			   (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
			(void)fputs(usage, stdout);
			*status = EXIT_GOOD;
			return -1;
		} else if (!only_operands && strncmp(argv[i], "--", 2) == 0) {
			if (!read_option(argc, argv, &i, options, usage)) {
				*status = EXIT_USAGE;
				return -1;
			}
		} else {
			argv[operands++] = argv[i];
		}
	}
	return operands;
}

/* ---- files ---- */

struct config *load_config(const char *path)
{
	struct config *config;
	struct text report = {0};

	if (config_load(path != NULL ? path : CONFIG_DEFAULT_PATH, &config, &report) != 0)
		(void)fputs(text_string(&report), stderr);
	text_free(&report);
	return config;
}

int read_file(const char *path, struct text *content, struct error *error)
{
	bool is_standard = strcmp(path, "-") == 0;
	FILE *file = is_standard ? stdin : fopen(path, "rb");
	char part[16384];
	size_t length;
	int result = 0;

	if (file == NULL)
		return error_set(error, "%s: %s", path, strerror(errno));
	do {
		length = fread(part, 1, sizeof(part), file);
		text_add(content, part, length);
	} while (length == sizeof(part)); /* fewer bytes: the end of the file, or an error */
	if (ferror(file) || content->failed)
		result = error_set(error, "reading %s failed", path);
	if (!is_standard)
		(void)fclose(file);
	return result;
}

/* ---- the admin API ---- */

/* The store is locked, so a daemon runs. */
static int unanswered(const struct config *config, struct error *error)
{
	const struct error reason = *error;

	return error_set(error,
		"the daemon is running but does not answer at admin_socket = \"%s\": %s. It is "
		"stopping, or was started with another admin_socket: then restart it",
		config->admin_socket, reason.text);
}

/* Waits however long the work takes: the watchdog ends a daemon that hangs, and then the wait ends.
 */
static void print_waiting(int64_t seconds)
{
	static int64_t said;

	if (seconds == 0)
		said = 0;
	if (seconds < said + WAIT_LINE_SECONDS)
		return;
	said = seconds;
	(void)fprintf(stderr,
		"segrelay: waiting for the daemon's answer for %" PRId64
		" s; interrupting this command does not stop the daemon's work\n",
		seconds);
}

static int ask_daemon(const struct config *config, const char *method, const char *path,
	const char *body, struct text *answer, bool *is_unreachable, struct error *error)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	char url[512];
	struct socket_path socket = {.directory = -1};
	struct http_call call = {
		.method = method,
		.url = url,
		.unix_socket = socket.text,
		.headers = headers,
		.body = body,
		.body_length = body != NULL ? strlen(body) : 0,
		.on_wait = print_waiting,
	};
	struct http_answer answered = {.body = *answer};
	int result;

	if (socket_path_open(config->admin_socket, &socket, error) != 0)
		return unanswered(config, error);
	(void)snprintf(url, sizeof(url), "http://localhost%s", path);
	result = http_request(&call, &answered, error);
	socket_path_close(&socket);
	*answer = answered.body;
	*is_unreachable = answered.is_unreachable;
	return result == 0 ? (int)answered.status : unanswered(config, error);
}

static int ask_store(struct store *store, const struct config *config, const char *method,
	const char *path, const char *body, struct text *answer, struct error *error)
{
	size_t path_length = strcspn(path, "?");
	char only_path[256];
	struct engine *engine;
	int status;

	if (engine_start(store, (struct config *)(uintptr_t)config, &engine, error) != 0)
		return -1;
	(void)snprintf(only_path, sizeof(only_path), "%.*s", (int)path_length, path);
	status = api_handle(engine, method, only_path, path + path_length, body,
		body != NULL ? strlen(body) : 0, answer);
	engine_stop(engine);
	return status;
}

/* The store can be locked by a process that does not listen: a daemon that starts or stops, or
 * another command. So this is retried for a while. */
int admin_call(const struct config *config, const char *method, const char *path, const char *body,
	struct text *answer, struct error *error)
{
	const struct timespec moment = {.tv_nsec = 100 * 1000000L};
	int64_t end = clock_monotonic() + UNREACHABLE_WAIT;
	bool is_unreachable = true;
	int status = -1;

	while (is_unreachable) {
		struct store *store;
		enum store_obstacle obstacle;

		if (store_open(config->store, &store, &obstacle, error) == 0) {
			status = ask_store(store, config, method, path, body, answer, error);
			store_close(store);
			return status;
		}
		if (obstacle != STORE_IN_USE)
			return -1;
		status = ask_daemon(config, method, path, body, answer, &is_unreachable, error);
		if (clock_monotonic() >= end)
			break;
		if (is_unreachable)
			(void)nanosleep(&moment, NULL);
	}
	return status;
}

const cJSON *admin_call_json(const struct config *config, const char *method, const char *path,
	const char *body, struct arena *arena, struct text *answer)
{
	struct error error;
	int status = admin_call(config, method, path, body, answer, &error);
	const cJSON *json;

	if (status < 0) {
		(void)report_error("%s", error.text);
		return NULL;
	}
	json = json_parse(arena, text_string(answer), answer->length, &error);
	if (json == NULL)
		(void)report_error("status %d: %s", status, error.text);
	else if (status != 200)
		(void)report_error("%s", json_text(json, "error") != NULL ? json_text(json, "error")
									  : text_string(answer));
	return status == 200 ? json : NULL;
}
