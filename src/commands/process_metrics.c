/* Prometheus metrics of the process. */
#include "commands/process_metrics.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

void process_metric(
	struct text *text, const char *name, const char *type, const char *help, double value)
{
	text_format(
		text, "# HELP %s %s\n# TYPE %s %s\n%s %.3f\n", name, help, name, type, name, value);
}

void process_metrics(struct text *text)
{
	struct rusage usage_of;
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file != NULL) {
		if (fscanf(file, "%*d %ld", &pages) !=
			1) /* NOLINT(cert-err34-c): the kernel's own */
			pages = 0;
		(void)fclose(file);
	}
	process_metric(text, "process_resident_memory_bytes", "gauge", "Memory in use.",
		(double)pages * (double)sysconf(_SC_PAGESIZE));
	if (getrusage(RUSAGE_SELF, &usage_of) == 0)
		process_metric(text, "process_cpu_seconds_total", "counter",
			"User and system time.",
			(double)(usage_of.ru_utime.tv_sec + usage_of.ru_stime.tv_sec) +
				(double)(usage_of.ru_utime.tv_usec + usage_of.ru_stime.tv_usec) /
					1e6);
}
