/* What the verbs have in common: their options, their configuration, their way to the store. */
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

/* Reads the options that stand before, between and after the other words, which are moved to the
 * front of argv. Returns how many there are; -1 when the verb shall end with *status: after --help,
 * or after a mistake, which was said with `usage`. `options` ends with a row without a name. */
int read_options(
	int argc, char **argv, const struct verb_option *options, const char *usage, int *status);

/* Says `segrelay: …` on stderr. Returns EXIT_FAILED. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says a mistake in the words given and how to use the verb. Returns EXIT_USAGE. */
int complain_usage(const char *usage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Asks on the terminal; whether the answer was "yes". */
bool ask_yes(const char *question);

/* Loads the configuration of a verb; NULL after its mistakes were said on stderr. */
struct config *load_config(const char *path);

/* Reads a whole file ("-" for stdin) into a text. 0, or -1 with the reason. */
int read_file(const char *path, struct text *content, struct error *error);

/* Asks what operator.h answers: the running daemon over its unix socket, or the store itself
 * when no daemon runs. The HTTP status, or -1 with the reason. */
int ask_operator(const struct config *config, const char *method, const char *path,
	const char *body, struct text *answer, struct error *error);

/* The same, with the answer parsed into the arena; says what is wrong and returns NULL when there
 * is no good one. */
const cJSON *ask_for_json(const struct config *config, const char *method, const char *path,
	const char *body, struct arena *arena, struct text *answer);

#endif
