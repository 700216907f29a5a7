/* Prometheus metrics of the process. */
#include "commands/process_metrics.h"

#include "base/clock.h"
#include "base/log_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void process_metric(
	struct text *text, const char *name, const char *type, const char *help, double value)
{
	text_format(
		text, "# HELP %s %s\n# TYPE %s %s\n%s %.3f\n", name, help, name, type, name, value);
}

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

	text_put(text, "# HELP segrelay_build_info The version.\n# TYPE segrelay_build_info gauge\n"
		       "segrelay_build_info{version=\"" SEGRELAY_VERSION "\"} 1\n");
	process_metric(text, "segrelay_start_time_seconds", "gauge", "When it started.",
		(double)started / SECOND);
	process_metric(text, "process_resident_memory_bytes", "gauge", "Memory in use.",
		(double)resident_pages() * (double)sysconf(_SC_PAGESIZE));
	if (getrusage(RUSAGE_SELF, &used) != 0)
		return;
	process_metric(text, "process_cpu_seconds_total", "counter", "User and system time.",
		(double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	process_metric(text, "segrelay_log_dropped_total", "counter",
		"Log lines that were dropped because nobody read stderr.",
		(double)log_writer_dropped());
}
