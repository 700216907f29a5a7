/* Prometheus metrics of the process. */
#ifndef SEGRELAY_COMMANDS_PROCESS_METRICS_H
#define SEGRELAY_COMMANDS_PROCESS_METRICS_H

#include "base/text.h"

#include <stdint.h>

/* Appends the version, the start time (ms since 1970), memory and CPU time. */
void process_metrics(struct text *text, int64_t started);

#endif
