/* Counts requests, connections and bytes in memory, and writes them as Prometheus metrics. */
#include "receive/http/http_metrics.h"

#include "base/metrics.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

enum { CODE_TEXT = 16 }; /* more than a status has digits */

/* Up to 5 s, Shopify's timeout. */
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

void http_metrics_add(_Atomic int64_t *counter, int64_t more)
{
	(void)atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static int64_t read_counter(_Atomic int64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void http_metrics_add_duration(struct http_metrics *metrics, int64_t duration)
{
	size_t bucket = 0;

	while (bucket < DURATION_BUCKETS && duration > bounds[bucket].milliseconds)
		bucket++;
	http_metrics_add(&metrics->durations[bucket], 1);
	http_metrics_add(&metrics->duration_sum, duration);
}

static void write_requests(struct http_metrics *metrics, struct text *text)
{
	static const char name[] = "segrelay_http_requests_total";
	char code[CODE_TEXT];

	metric_begin(text, name, METRIC_COUNTER, "Requests by answer and reason.");
	for (size_t i = 0; i < HTTP_OUTCOMES; i++) {
		const struct http_outcome_facts *facts = &http_outcomes[i];

		(void)snprintf(code, sizeof(code), "%u", facts->status);
		metric_value(text, name,
			METRIC_LABELS({"code", facts->status != 0 ? code : "none"},
				{"reason", facts->label}),
			read_counter(&metrics->requests[i]));
	}
}

static void write_durations(struct http_metrics *metrics, struct text *text)
{
	static const char bucket[] = "segrelay_http_request_duration_seconds_bucket";
	int64_t count = 0;

	metric_begin(text, "segrelay_http_request_duration_seconds", METRIC_HISTOGRAM,
		"From a request's last byte to its answer.");
	for (size_t i = 0; i <= DURATION_BUCKETS; i++) {
		count += read_counter(&metrics->durations[i]);
		metric_value(text, bucket,
			METRIC_LABELS({"le", i < DURATION_BUCKETS ? bounds[i].seconds : "+Inf"}),
			count);
	}
	metric_seconds(text, "segrelay_http_request_duration_seconds_sum", NULL,
		read_counter(&metrics->duration_sum));
	metric_value(text, "segrelay_http_request_duration_seconds_count", NULL, count);
}

void http_metrics_write(struct http_metrics *metrics, struct text *text)
{
	write_requests(metrics, text);
	metric_write(text, "segrelay_http_connections", METRIC_GAUGE, "Open connections.",
		read_counter(&metrics->connections));
	metric_write(text, "segrelay_http_waiting", METRIC_GAUGE,
		"Webhooks that wait for the store's commit.", read_counter(&metrics->waiting));
	metric_write(text, "segrelay_http_in_memory_bytes", METRIC_GAUGE,
		"Bytes of bodies being received or waiting for the commit.",
		read_counter(&metrics->in_memory));
	metric_write(text, "segrelay_http_accept_pauses_total", METRIC_COUNTER,
		"Pauses of accepting, for lack of files or memory.",
		read_counter(&metrics->accept_pauses));
	write_durations(metrics, text);
}
