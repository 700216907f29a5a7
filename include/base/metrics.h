/* Writes metrics in Prometheus' text format ("Exposition formats" in its documentation). */
#ifndef SEGRELAY_BASE_METRICS_H
#define SEGRELAY_BASE_METRICS_H

#include "base/text.h"

#include <stdint.h>

#define METRIC_COUNTER "counter"
#define METRIC_GAUGE "gauge"
#define METRIC_HISTOGRAM "histogram"
#define METRIC_SUMMARY "summary"

/* A label of a value; a list ends with {0}. */
struct metric_label {
	const char *name;
	const char *value;
};
#define METRIC_LABELS(...) ((const struct metric_label[]){__VA_ARGS__, {0}})

/* Begins a metric: its values follow. */
void metric_begin(struct text *text, const char *name, const char *type, const char *help);

/* Writes a value: an integer, or milliseconds as seconds. `labels` may be NULL. */
void metric_value(
	struct text *text, const char *name, const struct metric_label *labels, int64_t value);
void metric_seconds(struct text *text, const char *name, const struct metric_label *labels,
	int64_t milliseconds);

/* Writes a metric with one value and no labels. */
void metric_write(
	struct text *text, const char *name, const char *type, const char *help, int64_t value);

#endif
