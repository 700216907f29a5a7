/* Prometheus metrics of the process. */
#ifndef SEGRELAY_COMMANDS_PROCESS_METRICS_H
#define SEGRELAY_COMMANDS_PROCESS_METRICS_H

#include "base/text.h"

#include <stdint.h>

/* Adds one metric without labels. */
void process_metric(
	struct text *text, const char *name, const char *type, const char *help, double value);

/* Adds the version, when the process started (ms since 1970), memory and processor time. */
void process_metrics(struct text *text, int64_t started);

#endif
