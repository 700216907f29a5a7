/* Counts requests, connections and bytes in memory, and writes them as Prometheus metrics. */
#ifndef SEGRELAY_RECEIVE_HTTP_HTTP_METRICS_H
#define SEGRELAY_RECEIVE_HTTP_HTTP_METRICS_H

#include "base/text.h"
#include "receive/http/outcome.h"

#include <stdint.h>

enum { DURATION_BUCKETS = 10 };

/* Zero-initialised; shared by threads. */
struct traffic {
	_Atomic int64_t requests[VERDICT_COUNT];
	_Atomic int64_t connections;
	_Atomic int64_t waiting;         /* webhooks handed to the engine and not back yet */
	_Atomic int64_t in_memory;       /* bytes of bodies */
	_Atomic int64_t in_memory_large; /* of those that are large */
	_Atomic int64_t accept_pauses;
	_Atomic int64_t
		durations[DURATION_BUCKETS + 1]; /* by bucket; the last is beyond them all */
	_Atomic int64_t duration_sum;            /* ms */
};

/* Adds to one of the numbers above; cheap, from any thread. */
void traffic_add(_Atomic int64_t *counter, int64_t more);

/* Notes the ms from a request's last byte to its answer. */
void traffic_duration(struct traffic *traffic, int64_t duration);

/* Adds the metrics. */
void traffic_write(struct traffic *traffic, struct text *text);

#endif
