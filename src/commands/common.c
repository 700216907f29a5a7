/* What the verbs have in common: their options, their configuration, their way to the store. */
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

/* ---- saying ---- */

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list arguments)
{
	(void)fputs("segrelay: ", stderr);
	(void)vfprintf(stderr, format, arguments);
	(void)fputs("\n", stderr);
}

int complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	return EXIT_FAILED;
}

int complain_usage(const char *usage, const char *format, ...)
{
	va_list arguments;
	size_t first_line = strcspn(usage, "\n");

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	(void)fprintf(stderr, "%.*s\n", (int)first_line, usage);
	return EXIT_USAGE;
}

bool ask_yes(const char *question)
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

/* Takes the option at argv[*at]; false after an error was printed. */
static bool take_option(
	int argc, char **argv, int *at, const struct verb_option *options, const char *usage)
{
	const struct verb_option *option = find_option(options, argv[*at] + 2);

	if (option == NULL) {
		(void)complain_usage(usage, "there is no option %s", argv[*at]);
		return false;
	}
	if (option->flag != NULL) {
		*option->flag = true;
		return true;
	}
	if (*at + 1 == argc) {
		(void)complain_usage(usage, "%s needs a value", argv[*at]);
		return false;
	}
	++*at;
	if (option->value != NULL) {
		*option->value = argv[*at];
	} else if (*option->count < option->most) {
		option->values[(*option->count)++] = argv[*at];
	} else {
		(void)complain_usage(usage, "--%s was given too often", option->name);
		return false;
	}
	return true;
}

int read_options(
	int argc, char **argv, const struct verb_option *options, const char *usage, int *status)
{
	bool only_words = false;
	int words = 0;

	for (int i = 1; i < argc; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else if (!only_words &&
			   (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
			(void)fputs(usage, stdout);
			*status = EXIT_GOOD;
			return -1;
		} else if (!only_words && strncmp(argv[i], "--", 2) == 0) {
			if (!take_option(argc, argv, &i, options, usage)) {
				*status = EXIT_USAGE;
				return -1;
			}
		} else {
			argv[words++] = argv[i];
		}
	}
	return words;
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
	} while (length == sizeof(part)); /* fewer are the end, or an error */
	if (ferror(file) || content->failed)
		result = error_set(error, "%s cannot be read", path);
	if (!is_standard)
		(void)fclose(file);
	return result;
}

/* ---- the operator ---- */

/* The store's lock says that a daemon runs. */
static int unanswered(const struct config *config, struct error *error)
{
	const struct error reason = *error;

	return error_set(error,
		"segrelay is running, but does not answer at admin_socket = \"%s\": %s: it is "
		"ending, or this is not what it started with, and needs a restart",
		config->admin_socket, reason.text);
}

/* Long work is waited for: what hangs is ended by the watchdog, and then so is this. */
static void say_waiting(int64_t seconds)
{
	static int64_t said;

	if (seconds == 0)
		said = 0;
	if (seconds < said + WAIT_LINE_SECONDS)
		return;
	said = seconds;
	(void)fprintf(stderr,
		"segrelay: the daemon is at work and has not answered for %" PRId64
		" s: still waiting; to interrupt the verb stops none of it\n",
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
		.on_wait = say_waiting,
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

/* Who has the store and does not listen is a daemon that starts or ends, or another verb: that
 * passes. */
int ask_operator(const struct config *config, const char *method, const char *path,
	const char *body, struct text *answer, struct error *error)
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

const cJSON *ask_for_json(const struct config *config, const char *method, const char *path,
	const char *body, struct arena *arena, struct text *answer)
{
	struct error error;
	int status = ask_operator(config, method, path, body, answer, &error);
	const cJSON *json;

	if (status < 0) {
		(void)complain("%s", error.text);
		return NULL;
	}
	json = json_parse(arena, text_string(answer), answer->length, &error);
	if (json == NULL)
		(void)complain("status %d: %s", status, error.text);
	else if (status != 200)
		(void)complain("%s", json_text(json, "error") != NULL ? json_text(json, "error")
								      : text_string(answer));
	return status == 200 ? json : NULL;
}
