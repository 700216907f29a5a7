/* Shared by the verbs: reading options, loading the configuration, calling the admin API. */
#ifndef SEGRELAY_COMMANDS_COMMON_H
#define SEGRELAY_COMMANDS_COMMON_H

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "config/config.h"

#include <stdbool.h>

/* An option of a verb: `--name VALUE`, or `--name` alone when `flag` is given. May be given once,
 * or up to `most` times into `values`. */
struct verb_option {
	const char *name;
	const char **value;  /* receives the value */
	bool *flag;          /* or is set */
	const char **values; /* or receives several values */
	size_t *count;
	size_t most;
};

/* Reads the options before, between and after the operands, and moves the operands to the front of
 * argv. Returns the number of operands; -1 when the verb must end with *status: after --help, or
 * after a usage error, which was printed with `usage`. `options` ends with a row without a name. */
int read_options(
	int argc, char **argv, const struct verb_option *options, const char *usage, int *status);

/* Prints `segrelay: …` to stderr. Returns EXIT_FAILED. */
int report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a usage error and the first line of `usage` to stderr. Returns EXIT_USAGE. */
int report_usage_error(const char *usage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Asks on the terminal; true when the answer is "yes". */
bool confirm(const char *question);

/* Loads the configuration; NULL after its errors were printed to stderr. */
struct config *load_config(const char *path);

/* Reads a whole file ("-" for stdin) into a text. 0, or -1 with the reason. */
int read_file(const char *path, struct text *content, struct error *error);

/* Calls the admin API: that of the running daemon over its unix socket, or directly on the store
 * when no daemon runs. The HTTP status, or -1 with the error. */
int admin_call(const struct config *config, const char *method, const char *path, const char *body,
	struct text *answer, struct error *error);

/* The same, with the answer parsed into the arena; prints the error and returns NULL unless the
 * status is 200. */
const cJSON *admin_call_json(const struct config *config, const char *method, const char *path,
	const char *body, struct arena *arena, struct text *answer);

#endif
