/* Prometheus metrics of sending. */
#include "send/send_metrics.h"

#include "base/metrics.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- counting ---- */

static struct send_metrics *lock_metrics(struct lane *lane)
{
	(void)pthread_mutex_lock(&lane->sender->mutex);
	return &lane->metrics;
}

static void unlock_metrics(struct lane *lane)
{
	(void)pthread_mutex_unlock(&lane->sender->mutex);
}

static void count_code(struct send_metrics *metrics, const char *code)
{
	size_t last = CODES_MAX - 1; /* collects all further codes */
	size_t i = 0;

	while (i < metrics->code_count && strcmp(metrics->codes[i].code, code) != 0)
		i++;
	if (i >= last) {
		i = last;
		code = "other";
	}
	if (i >= metrics->code_count)
		(void)snprintf(metrics->codes[metrics->code_count++].code,
			sizeof(metrics->codes[0].code), "%s", code);
	metrics->codes[i].count++;
}

static const char *code_label(CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return "timeout";
	case CURLE_COULDNT_CONNECT:
		return "refused";
	case CURLE_COULDNT_RESOLVE_HOST:
		return "dns";
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
		return "tls";
	case CURLE_WRITE_ERROR: /* the answer is too long, or there was no memory for it */
		return "answer";
	default:
		return "network";
	}
}

void send_metrics_attempt(struct lane *lane, CURLcode code, long status, int64_t milliseconds)
{
	struct send_metrics *metrics = lock_metrics(lane);
	char number[24];

	(void)snprintf(number, sizeof(number), "%ld", status);
	count_code(metrics, code == CURLE_OK ? number : code_label(code));
	metrics->requests++;
	metrics->milliseconds += milliseconds;
	unlock_metrics(lane);
}

void send_metrics_in_flight(struct lane *lane, int64_t change)
{
	lane->in_flight += change;
	lock_metrics(lane)->in_flight = lane->in_flight;
	unlock_metrics(lane);
}

void send_metrics_split(struct lane *lane)
{
	lock_metrics(lane)->splits++;
	unlock_metrics(lane);
}

void send_metrics_set_aside(struct lane *lane)
{
	lock_metrics(lane)->set_aside++;
	unlock_metrics(lane);
}

void send_metrics_success(struct lane *lane, int64_t now)
{
	lock_metrics(lane)->last_success = now;
	unlock_metrics(lane);
}

void send_metrics_clock(struct lane *lane, int64_t offset)
{
	lock_metrics(lane)->clock_offset = offset;
	unlock_metrics(lane);
}

void send_metrics_pause(struct lane *lane)
{
	struct send_metrics *metrics = lock_metrics(lane);

	metrics->failing = lane->pause.failures > 0;
	metrics->paused_until = lane->pause.paused_until;
	unlock_metrics(lane);
}

/* ---- writing ---- */

static void write_codes(const struct sender *sender, struct text *text)
{
	static const char name[] = "segrelay_requests_total";

	metric_begin(text, name, METRIC_COUNTER,
		"Requests to Segment, by HTTP status or kind of error.");
	for (const struct lane *lane = sender->lanes; lane != NULL; lane = lane->next)
		for (size_t i = 0; i < lane->metrics.code_count; i++)
			metric_value(text, name,
				METRIC_LABELS({"destination", lane->name},
					{"code", lane->metrics.codes[i].code}),
				lane->metrics.codes[i].count);
}

/* A metric of each destination: an integer of struct send_metrics, or ms written as seconds. */
struct metric_row {
	const char *name;
	const char *type;
	const char *help; /* NULL when another row began the metric */
	size_t offset;
	bool is_time;
};

#define MEMBER(member) offsetof(struct send_metrics, member)

static const struct metric_row rows[] = {
	{"segrelay_batches_in_flight", METRIC_GAUGE,
		"Batches that were posted and not answered yet.", MEMBER(in_flight), false},
	{"segrelay_split_batches_total", METRIC_COUNTER,
		"Batches that failed or were refused and were split.", MEMBER(splits), false},
	{"segrelay_set_aside_messages_total", METRIC_COUNTER,
		"Messages set aside because they failed alone.", MEMBER(set_aside), false},
	{"segrelay_destination_paused", METRIC_GAUGE,
		"1 from a failure until a batch is accepted again.", MEMBER(failing), false},
	{"segrelay_destination_resume_timestamp_seconds", METRIC_GAUGE,
		"When a paused destination is tried again; 0 when it is not paused.",
		MEMBER(paused_until), true},
	{"segrelay_last_success_timestamp_seconds", METRIC_GAUGE,
		"When Segment last accepted a batch.", MEMBER(last_success), true},
	{"segrelay_clock_offset_seconds", METRIC_GAUGE,
		"Seconds that this machine's clock is ahead of the destination's, by the Date of "
		"its answers; negative when it is behind.",
		MEMBER(clock_offset), true},
	{"segrelay_request_duration_seconds", METRIC_SUMMARY, "How long requests to Segment took.",
		0, false},
	{"segrelay_request_duration_seconds_sum", NULL, NULL, MEMBER(milliseconds), true},
	{"segrelay_request_duration_seconds_count", NULL, NULL, MEMBER(requests), false},
};

static void write_metric(
	const struct sender *sender, struct text *text, const struct metric_row *metric)
{
	if (metric->help != NULL)
		metric_begin(text, metric->name, metric->type, metric->help);
	if (metric->type != NULL && strcmp(metric->type, METRIC_SUMMARY) == 0)
		return;
	for (const struct lane *lane = sender->lanes; lane != NULL; lane = lane->next) {
		const struct metric_label *labels = METRIC_LABELS({"destination", lane->name});
		int64_t value;

		memcpy(&value, (const char *)&lane->metrics + metric->offset, sizeof(value));
		if (metric->is_time)
			metric_seconds(text, metric->name, labels, value);
		else
			metric_value(text, metric->name, labels, value);
	}
}

void sender_metrics(struct sender *sender, struct text *text)
{
	metric_write(text, "segrelay_claimed_bytes", METRIC_GAUGE,
		"Bytes of claimed messages in memory, of all destinations.",
		atomic_load(&sender->claimed));
	(void)pthread_mutex_lock(&sender->mutex);
	write_codes(sender, text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		write_metric(sender, text, &rows[i]);
	(void)pthread_mutex_unlock(&sender->mutex);
}
