/* Writes metrics in Prometheus' text format. */
#include "base/metrics.h"

#include "base/clock.h"

#include <inttypes.h>

void metric_begin(struct text *text, const char *name, const char *type, const char *help)
{
	text_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_name(struct text *text, const char *name, const struct metric_label *labels)
{
	text_put(text, name);
	for (size_t i = 0; labels != NULL && labels[i].name != NULL; i++) {
		text_format(text, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
		text_label(text, labels[i].value);
		text_put(text, "\"");
	}
	text_put(text, labels != NULL && labels[0].name != NULL ? "} " : " ");
}

void metric_value(
	struct text *text, const char *name, const struct metric_label *labels, int64_t value)
{
	write_name(text, name, labels);
	text_format(text, "%" PRId64 "\n", value);
}

void metric_seconds(struct text *text, const char *name, const struct metric_label *labels,
	int64_t milliseconds)
{
	uint64_t size = milliseconds < 0 ? -(uint64_t)milliseconds : (uint64_t)milliseconds;

	write_name(text, name, labels);
	text_format(text, "%s%" PRIu64 ".%03" PRIu64 "\n", milliseconds < 0 ? "-" : "",
		size / SECOND, size % SECOND);
}

void metric_write(
	struct text *text, const char *name, const char *type, const char *help, int64_t value)
{
	metric_begin(text, name, type, help);
	metric_value(text, name, NULL, value);
}
