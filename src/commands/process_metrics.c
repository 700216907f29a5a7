/* Prometheus metrics of the process. */
#include "commands/process_metrics.h"

#include "base/clock.h"
#include "base/log_writer.h"
#include "base/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Pages of memory in use: the second number of the kernel's statm (proc(5)). */
static long resident_pages(void)
{
	char line[128] = "";
	FILE *file = fopen("/proc/self/statm", "r");
	char *second;

	if (file == NULL)
		return 0;
	second = fgets(line, sizeof(line), file) != NULL ? strchr(line, ' ') : NULL;
	(void)fclose(file);
	return second != NULL ? strtol(second, NULL, 10) : 0;
}

void process_metrics(struct text *text, int64_t started)
{
	struct rusage used;

	metric_begin(text, "segrelay_build_info", METRIC_GAUGE, "The version.");
	metric_value(text, "segrelay_build_info", METRIC_LABELS({"version", SEGRELAY_VERSION}), 1);
	metric_begin(
		text, "segrelay_start_time_seconds", METRIC_GAUGE, "Start time of the process.");
	metric_seconds(text, "segrelay_start_time_seconds", NULL, started);
	metric_write(text, "process_resident_memory_bytes", METRIC_GAUGE, "Memory in use.",
		(int64_t)resident_pages() * sysconf(_SC_PAGESIZE));
	metric_write(text, "segrelay_log_dropped_total", METRIC_COUNTER,
		"Log lines dropped because stderr was not read.", log_writer_dropped());
	if (getrusage(RUSAGE_SELF, &used) != 0)
		return;
	metric_begin(text, "process_cpu_seconds_total", METRIC_COUNTER, "User and system time.");
	metric_seconds(text, "process_cpu_seconds_total", NULL,
		(int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * SECOND +
			(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000);
}
