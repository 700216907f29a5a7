/* The log: one line per event on stderr, for journald. */
#include "base/log.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

const char log_is_number[] = "";

static _Atomic int threshold = LOG_INFO;
static _Atomic int chosen_format = LOG_TEXT;
static void (*_Atomic chosen_output)(const char *line, size_t length);
static _Thread_local bool buffering;
static _Thread_local struct text buffer;

void log_configure(enum log_level level, enum log_format format)
{
	atomic_store(&threshold, (int)level);
	atomic_store(&chosen_format, (int)format);
}

void log_set_output(void (*output)(const char *line, size_t length))
{
	atomic_store(&chosen_output, output);
}

static void put_line(const char *line, size_t length)
{
	void (*output)(const char *, size_t) = atomic_load(&chosen_output);

	if (output != NULL)
		output(line, length);
	else
		(void)!write(STDERR_FILENO, line, length);
}

bool log_enabled(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&threshold, memory_order_relaxed);
}

/* A level's name, and its syslog priority, written before a line as `<4>` (sd-daemon(3)). */
static const struct {
	const char *name;
	const char *priority;
} levels[] = {
	[LOG_ERROR] = {"error", "<3>"},
	[LOG_WARNING] = {"warning", "<4>"},
	[LOG_INFO] = {"info", "<6>"},
	[LOG_DEBUG] = {"debug", "<7>"},
};

/* Whether a value needs no quotes in `key=value`. */
static bool is_plain(const char *value)
{
	if (*value == '\0')
		return false;
	for (; *value != '\0'; value++)
		if (*value <= ' ' || *value == '"' || *value == '=' || *value == '\\' ||
			(unsigned char)*value >= 0x7f)
			return false;
	return true;
}

static void add_text_value(struct text *line, const char *value)
{
	if (is_plain(value))
		text_put(line, value);
	else
		json_add_string(line, value);
}

static void write_as_text(struct text *line, enum log_level level, const char *message,
	const struct log_field *fields)
{
	text_format(line, "level=%s msg=", levels[level].name);
	add_text_value(line, message);
	for (; fields->key != NULL; fields++) {
		if (fields->text == NULL)
			continue;
		text_format(line, " %s=", fields->key);
		if (fields->text == log_is_number)
			text_format(line, "%" PRId64, fields->number);
		else
			add_text_value(line, fields->text);
	}
}

static void write_as_json(struct text *line, enum log_level level, const char *message,
	const struct log_field *fields)
{
	char now[TIME_TEXT];

	time_format(clock_now(), now);
	text_put(line, "{");
	json_add_member(line, "time", now);
	json_add_member(line, "level", levels[level].name);
	json_add_member(line, "msg", message);
	for (; fields->key != NULL; fields++) {
		if (fields->text == log_is_number)
			json_add_number(line, fields->key, fields->number);
		else if (fields->text != NULL)
			json_add_member(line, fields->key, fields->text);
	}
	text_put(line, "}");
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
	struct text line = {0};

	if (!log_enabled(level))
		return;
	if (atomic_load(&chosen_format) == LOG_JSON) {
		write_as_json(&line, level, message, fields);
	} else {
		text_put(&line, levels[level].priority);
		write_as_text(&line, level, message, fields);
	}
	text_put(&line, "\n");
	if (buffering)
		text_add(&buffer, line.data, line.length);
	else if (!line.failed)
		put_line(line.data, line.length);
	text_free(&line);
}

bool log_set_buffered(bool buffered)
{
	bool before = buffering;

	buffering = buffered;
	return before;
}

void log_end_buffering(bool write_lines)
{
	const char *at = text_string(&buffer);

	while (write_lines && *at != '\0') {
		size_t length = strcspn(at, "\n") + 1;

		put_line(at, length);
		at += length;
	}
	text_free(&buffer);
	buffering = false;
}

size_t log_buffered(void)
{
	return buffer.length;
}

void log_discard_after(size_t length)
{
	text_cut(&buffer, length);
}

bool log_allow(struct log_limit *limit, int64_t period_ms, int64_t *suppressed)
{
	int64_t now = clock_monotonic();
	int64_t next = atomic_load(&limit->next);

	if (now < next || !atomic_compare_exchange_strong(&limit->next, &next, now + period_ms)) {
		atomic_fetch_add(&limit->suppressed, 1);
		return false;
	}
	*suppressed = atomic_exchange(&limit->suppressed, 0);
	return true;
}
