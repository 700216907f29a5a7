/* The log: one line an event on stderr, for journald.
 *
 * A line holds names, ids, counts, times and what a peer answered; never a body, a secret or
 * personal data. Written as `key=value` or, with log_format = "json", as one JSON object. */
#ifndef SEGRELAY_BASE_LOG_H
#define SEGRELAY_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

enum log_format { LOG_TEXT, LOG_JSON };

/* One `key=value` of a line: a C string (`text`, left out when NULL) or a number. */
struct log_field {
	const char *key;
	const char *text;
	int64_t number;
};

#define LOG_STRING(key, value) ((struct log_field){(key), (value), 0})
#define LOG_NUMBER(key, value) ((struct log_field){(key), log_is_number, (int64_t)(value)})

/* Marks a field that holds a number; never read. */
extern const char log_is_number[];

/* Lines below `level` are not written; thread-safe, as everything here. */
void log_configure(enum log_level level, enum log_format format);

/* Where lines go, each with its end: to a function that may be called from any thread, or, as
 * before the first call and with NULL, straight to stderr. */
void log_set_output(void (*output)(const char *line, size_t length));

/* Whether a line of this level would be written. */
bool log_enabled(enum log_level level);

/* Writes one line. `fields` ends with a field whose key is NULL. */
void log_write(enum log_level level, const char *message, const struct log_field *fields);

/* log_line(LOG_INFO, "ready", LOG_STRING("listen", address), LOG_NUMBER("shops", 2)) */
#define log_line(level, message, ...) \
	log_write((level), (message), (const struct log_field[]){__VA_ARGS__, {NULL, NULL, 0}})

/* A line without fields. */
#define log_plain(level, message) \
	log_write((level), (message), (const struct log_field[]){{NULL, NULL, 0}})

/* Keeps back the lines of this thread from now on (or no more), for what may yet turn out not to
 * have happened. Returns how it was before. */
bool log_hold(bool hold);

/* Writes the lines that were kept back, or forgets them; keeps back no more. */
void log_release(bool say);

/* How much is kept back, and forgetting all that was kept back since. */
size_t log_mark(void);
void log_forget(size_t mark);

/* Bounds a kind of line that a peer can cause at will: at most one a period, with the number of
 * those left out. Zero-initialised; shared by threads. */
struct log_limit {
	_Atomic int64_t next;
	_Atomic int64_t left_out;
};

/* True when the line may be written now; then *left_out is how many were left out before it. */
bool log_allow(struct log_limit *limit, int64_t period_ms, int64_t *left_out);

#endif
