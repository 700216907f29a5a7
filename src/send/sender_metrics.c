/* Prometheus metrics of sending. */
#include "send/sender_private.h"

#include "base/metrics.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- counting ---- */

static struct tally *lock_tally(struct target *target)
{
	(void)pthread_mutex_lock(&target->sender->mutex);
	return &target->tally;
}

static void unlock_tally(struct target *target)
{
	(void)pthread_mutex_unlock(&target->sender->mutex);
}

static void count_code(struct tally *tally, const char *code)
{
	size_t last = CODES_MAX - 1; /* the place of all that have none of their own */
	size_t i = 0;

	while (i < tally->code_count && strcmp(tally->codes[i].code, code) != 0)
		i++;
	if (i >= last) {
		i = last;
		code = "other";
	}
	if (i >= tally->code_count)
		(void)snprintf(tally->codes[tally->code_count++].code, sizeof(tally->codes[0].code),
			"%s", code);
	tally->codes[i].count++;
}

static const char *word_of(CURLcode code)
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
	case CURLE_WRITE_ERROR: /* more of an answer than is taken, or no memory for it */
		return "answer";
	default:
		return "network";
	}
}

void tally_attempt(struct target *target, CURLcode code, long status, int64_t milliseconds)
{
	struct tally *tally = lock_tally(target);
	char number[24];

	(void)snprintf(number, sizeof(number), "%ld", status);
	count_code(tally, code == CURLE_OK ? number : word_of(code));
	tally->requests++;
	tally->milliseconds += milliseconds;
	unlock_tally(target);
}

void tally_in_flight(struct target *target, int64_t change)
{
	target->in_flight += change;
	lock_tally(target)->in_flight = target->in_flight;
	unlock_tally(target);
}

void tally_split(struct target *target)
{
	lock_tally(target)->splits++;
	unlock_tally(target);
}

void tally_set_aside(struct target *target)
{
	lock_tally(target)->set_aside++;
	unlock_tally(target);
}

void tally_success(struct target *target, int64_t now)
{
	lock_tally(target)->last_success = now;
	unlock_tally(target);
}

void tally_clock(struct target *target, int64_t offset)
{
	lock_tally(target)->clock_offset = offset;
	unlock_tally(target);
}

void tally_pause(struct target *target)
{
	struct tally *tally = lock_tally(target);

	tally->failing = target->pause.failures > 0;
	tally->paused_until = target->pause.paused_until;
	unlock_tally(target);
}

/* ---- writing ---- */

static void write_codes(const struct sender *sender, struct text *text)
{
	static const char name[] = "segrelay_requests_total";

	metric_begin(text, name, METRIC_COUNTER,
		"Requests to Segment by status, or by what kept it from answering.");
	for (const struct target *target = sender->targets; target != NULL; target = target->next)
		for (size_t i = 0; i < target->tally.code_count; i++)
			metric_value(text, name,
				METRIC_LABELS({"destination", target->name},
					{"code", target->tally.codes[i].code}),
				target->tally.codes[i].count);
}

/* A metric of each destination: an integer of its tally, or milliseconds as seconds. */
struct tally_metric {
	const char *name;
	const char *type;
	const char *help; /* NULL where another row has begun the metric */
	size_t offset;
	bool is_time;
};

#define TALLY(member) offsetof(struct tally, member)

static const struct tally_metric metrics[] = {
	{"segrelay_batches_in_flight", METRIC_GAUGE, "Batches that Segment has not answered yet.",
		TALLY(in_flight), false},
	{"segrelay_split_batches_total", METRIC_COUNTER,
		"Batches that failed or were refused and that were sent again in parts.",
		TALLY(splits), false},
	{"segrelay_set_aside_messages_total", METRIC_COUNTER,
		"Messages that were set aside as they failed alone.", TALLY(set_aside), false},
	{"segrelay_destination_paused", METRIC_GAUGE,
		"1 from a failure until a batch is accepted again.", TALLY(failing), false},
	{"segrelay_destination_resume_timestamp_seconds", METRIC_GAUGE,
		"When a paused destination is tried again; 0 when it is not paused.",
		TALLY(paused_until), true},
	{"segrelay_last_success_timestamp_seconds", METRIC_GAUGE, "When Segment last took a batch.",
		TALLY(last_success), true},
	{"segrelay_clock_offset_seconds", METRIC_GAUGE,
		"How far this machine's clock is ahead of the destination's, by the Date of its "
		"answers; below 0 when it is behind.",
		TALLY(clock_offset), true},
	{"segrelay_request_duration_seconds", METRIC_SUMMARY, "How long requests to Segment took.",
		0, false},
	{"segrelay_request_duration_seconds_sum", NULL, NULL, TALLY(milliseconds), true},
	{"segrelay_request_duration_seconds_count", NULL, NULL, TALLY(requests), false},
};

static void write_metric(
	const struct sender *sender, struct text *text, const struct tally_metric *metric)
{
	if (metric->help != NULL)
		metric_begin(text, metric->name, metric->type, metric->help);
	if (metric->type != NULL && strcmp(metric->type, METRIC_SUMMARY) == 0)
		return;
	for (const struct target *target = sender->targets; target != NULL; target = target->next) {
		const struct metric_label *labels = METRIC_LABELS({"destination", target->name});
		int64_t value;

		memcpy(&value, (const char *)&target->tally + metric->offset, sizeof(value));
		if (metric->is_time)
			metric_seconds(text, metric->name, labels, value);
		else
			metric_value(text, metric->name, labels, value);
	}
}

void sender_metrics(struct sender *sender, struct text *text)
{
	metric_write(text, "segrelay_claimed_bytes", METRIC_GAUGE,
		"Bytes of messages that are in memory to be sent, of all destinations.",
		atomic_load(&sender->claimed));
	(void)pthread_mutex_lock(&sender->mutex);
	write_codes(sender, text);
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
		write_metric(sender, text, &metrics[i]);
	(void)pthread_mutex_unlock(&sender->mutex);
}
