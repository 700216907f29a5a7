/* Counts requests, connections and bytes in memory, and writes them as Prometheus metrics. */
#include "receive/http/http_metrics.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>

/* Shopify waits 5 seconds. */
static const struct {
	int64_t milliseconds;
	const char *seconds;
} bounds[DURATION_BUCKETS] = {
	{1, "0.001"},
	{2, "0.002"},
	{5, "0.005"},
	{10, "0.01"},
	{25, "0.025"},
	{50, "0.05"},
	{100, "0.1"},
	{250, "0.25"},
	{1000, "1"},
	{5000, "5"},
};

void traffic_add(_Atomic int64_t *counter, int64_t more)
{
	(void)atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static int64_t read_counter(_Atomic int64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void traffic_duration(struct traffic *traffic, int64_t duration)
{
	size_t bucket = 0;

	while (bucket < DURATION_BUCKETS && duration > bounds[bucket].milliseconds)
		bucket++;
	traffic_add(&traffic->durations[bucket], 1);
	traffic_add(&traffic->duration_sum, duration);
}

static void write_requests(struct traffic *traffic, struct text *text)
{
	text_put(text, "# HELP segrelay_http_requests_total Requests by answer and reason.\n"
		       "# TYPE segrelay_http_requests_total counter\n");
	for (size_t i = 0; i < VERDICT_COUNT; i++) {
		const struct verdict_facts *facts = &verdicts[i];

		text_put(text, "segrelay_http_requests_total{code=\"");
		if (facts->status != 0)
			text_format(text, "%u", facts->status);
		else
			text_put(text, "none");
		text_format(text, "\",reason=\"%s\"} %" PRId64 "\n", facts->reason,
			read_counter(&traffic->requests[i]));
	}
}

static void write_gauge(
	struct text *text, const char *name, const char *help, _Atomic int64_t *counter)
{
	text_format(text, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRId64 "\n", name, help, name, name,
		read_counter(counter));
}

static void write_durations(struct traffic *traffic, struct text *text)
{
	int64_t count = 0;
	int64_t sum;

	text_put(text,
		"# HELP segrelay_http_request_duration_seconds From a request's last byte to "
		"its answer.\n"
		"# TYPE segrelay_http_request_duration_seconds histogram\n");
	for (size_t i = 0; i < DURATION_BUCKETS; i++) {
		count += read_counter(&traffic->durations[i]);
		text_format(text,
			"segrelay_http_request_duration_seconds_bucket{le=\"%s\"} %" PRId64 "\n",
			bounds[i].seconds, count);
	}
	count += read_counter(&traffic->durations[DURATION_BUCKETS]);
	sum = read_counter(&traffic->duration_sum);
	text_format(text,
		"segrelay_http_request_duration_seconds_bucket{le=\"+Inf\"} %" PRId64 "\n"
		"segrelay_http_request_duration_seconds_sum %" PRId64 ".%03d\n"
		"segrelay_http_request_duration_seconds_count %" PRId64 "\n",
		count, sum / SECOND, (int)(sum % SECOND), count);
}

void traffic_write(struct traffic *traffic, struct text *text)
{
	write_requests(traffic, text);
	write_gauge(text, "segrelay_http_connections", "Open connections.", &traffic->connections);
	write_gauge(text, "segrelay_http_waiting", "Webhooks that wait for the store's commit.",
		&traffic->waiting);
	write_gauge(text, "segrelay_http_in_memory_bytes",
		"Bytes of bodies being received or waiting for the commit.", &traffic->in_memory);
	text_format(text,
		"# HELP segrelay_http_accept_pauses_total Pauses of accepting, for lack of files "
		"or "
		"memory.\n# TYPE segrelay_http_accept_pauses_total counter\n"
		"segrelay_http_accept_pauses_total %" PRId64 "\n",
		read_counter(&traffic->accept_pauses));
	write_durations(traffic, text);
}
