/* Counts requests, connections and bytes in memory, and writes them as Prometheus metrics. */
#ifndef SEGRELAY_RECEIVE_HTTP_HTTP_METRICS_H
#define SEGRELAY_RECEIVE_HTTP_HTTP_METRICS_H

#include "base/text.h"
#include "receive/http/outcome.h"

#include <stdint.h>

enum { DURATION_BUCKETS = 10 };

/* Zero-initialised; shared by threads. */
struct http_metrics {
	_Atomic int64_t requests[HTTP_OUTCOMES];
	_Atomic int64_t connections;
	_Atomic int64_t waiting;         /* deliveries that the engine has not finished */
	_Atomic int64_t in_memory;       /* bytes of bodies */
	_Atomic int64_t in_memory_large; /* bytes of large bodies */
	_Atomic int64_t accept_pauses;
	_Atomic int64_t
		durations[DURATION_BUCKETS + 1]; /* by bucket; the last one is for longer ones */
	_Atomic int64_t duration_sum;            /* ms */
};

/* Adds to one of the counters above; from any thread. */
void http_metrics_add(_Atomic int64_t *counter, int64_t more);

/* Counts the ms from a request's last byte to its answer. */
void http_metrics_add_duration(struct http_metrics *metrics, int64_t duration);

/* Appends the metrics. */
void http_metrics_write(struct http_metrics *metrics, struct text *text);

#endif
