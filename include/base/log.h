/* The log: one line per event on stderr, for journald.
 *
 * A line contains names, ids, counts, times and answers of destinations; never a body, a secret or
 * personal data. The format is `key=value` or, with log_format = "json", one JSON object. */
#ifndef SEGRELAY_BASE_LOG_H
#define SEGRELAY_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

enum log_format { LOG_TEXT, LOG_JSON };

/* One `key=value` of a line: a C string (`text`, omitted when NULL) or a number. */
struct log_field {
	const char *key;
	const char *text;
	int64_t number;
};

#define LOG_STRING(key, value) ((struct log_field){(key), (value), 0})
#define LOG_NUMBER(key, value) ((struct log_field){(key), log_is_number, (int64_t)(value)})

/* Marks a field with a number; its content is not read. */
extern const char log_is_number[];

/* Lines below `level` are not written. Thread-safe, like all functions here. */
void log_configure(enum log_level level, enum log_format format);

/* Sets the function that writes complete lines, from any thread. NULL, the default, writes to
 * stderr. */
void log_set_output(void (*output)(const char *line, size_t length));

/* Whether lines of this level are written. */
bool log_enabled(enum log_level level);

/* Writes one line. `fields` ends with a field whose key is NULL. */
void log_write(enum log_level level, const char *message, const struct log_field *fields);

/* log_line(LOG_INFO, "ready", LOG_STRING("listen", address), LOG_NUMBER("shops", 2)) */
#define log_line(level, message, ...) \
	log_write((level), (message), (const struct log_field[]){__VA_ARGS__, {NULL, NULL, 0}})

/* A line without fields. */
#define log_plain(level, message) \
	log_write((level), (message), (const struct log_field[]){{NULL, NULL, 0}})

/* Starts (or stops) buffering the lines of this thread, for events that a rollback may undo.
 * Returns the previous state. */
bool log_set_buffered(bool buffered);

/* Writes the buffered lines, or discards them, and stops buffering. */
void log_end_buffering(bool write_lines);

/* The length of the buffer, and a function that truncates it to such a length. */
size_t log_buffered(void);
void log_discard_after(size_t length);

/* Limits a kind of line that a client can cause at will to one per period, and counts those
 * suppressed. Zero-initialised; shared by threads. */
struct log_limit {
	_Atomic int64_t next;
	_Atomic int64_t suppressed;
};

/* True when the line may be written now; *suppressed is the number of lines suppressed since the
 * last one. */
bool log_allow(struct log_limit *limit, int64_t period_ms, int64_t *suppressed);

#endif
