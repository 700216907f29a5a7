/* Prometheus metrics of sending. */
#include "send/inside.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdatomic.h>
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

/* ---- telling ---- */

static void add_head(struct text *text, const char *name, const char *type, const char *help)
{
	text_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Adds `name{destination="…"`. */
static void add_name(struct text *text, const char *name, const struct target *target)
{
	text_format(text, "%s{destination=\"", name);
	text_label(text, target->name);
	text_put(text, "\"");
}

/* One value of each destination. */
static void add_values(const struct sender *sender, struct text *text, const char *name,
	double (*value)(const struct tally *tally))
{
	for (const struct target *target = sender->targets; target != NULL; target = target->next) {
		add_name(text, name, target);
		text_format(text, "} %.3f\n", value(&target->tally));
	}
}

static double in_flight(const struct tally *tally)
{
	return (double)tally->in_flight;
}

static double splits(const struct tally *tally)
{
	return (double)tally->splits;
}

static double set_aside(const struct tally *tally)
{
	return (double)tally->set_aside;
}

static double paused(const struct tally *tally)
{
	return tally->failing ? 1 : 0;
}

static double resume_time(const struct tally *tally)
{
	return (double)tally->paused_until / SECOND;
}

static double last_success(const struct tally *tally)
{
	return (double)tally->last_success / SECOND;
}

static double clock_offset(const struct tally *tally)
{
	return (double)tally->clock_offset / SECOND;
}

static double request_seconds(const struct tally *tally)
{
	return (double)tally->milliseconds / SECOND;
}

static double requests(const struct tally *tally)
{
	return (double)tally->requests;
}

static void add_codes(const struct sender *sender, struct text *text)
{
	static const char name[] = "segrelay_requests_total";

	add_head(text, name, "counter",
		"Requests to Segment by status, or by what kept it from answering.");
	for (const struct target *target = sender->targets; target != NULL; target = target->next)
		for (size_t i = 0; i < target->tally.code_count; i++) {
			add_name(text, name, target);
			text_format(text, ",code=\"%s\"} %" PRId64 "\n",
				target->tally.codes[i].code, target->tally.codes[i].count);
		}
}

void sender_metrics(struct sender *sender, struct text *text)
{
	static const struct {
		const char *name;
		const char *type;
		const char *help;
		double (*value)(const struct tally *tally);
	} metrics[] = {
		{"segrelay_batches_in_flight", "gauge",
			"Batches that Segment has not answered yet.", in_flight},
		{"segrelay_split_batches_total", "counter",
			"Batches that failed or were refused and that were sent again in parts.",
			splits},
		{"segrelay_set_aside_messages_total", "counter",
			"Messages that were set aside as they failed alone.", set_aside},
		{"segrelay_destination_paused", "gauge",
			"1 from a failure until a batch is accepted again.", paused},
		{"segrelay_destination_resume_timestamp_seconds", "gauge",
			"When a paused destination is tried again; 0 when it is not paused.",
			resume_time},
		{"segrelay_last_success_timestamp_seconds", "gauge",
			"When Segment last took a batch.", last_success},
		{"segrelay_clock_offset_seconds", "gauge",
			"How far this machine's clock is ahead of the destination's, by the Date "
			"of "
			"its answers; below 0 when it is behind.",
			clock_offset},
	};
	static const char duration[] = "segrelay_request_duration_seconds";

	add_head(text, "segrelay_claimed_bytes", "gauge",
		"Bytes of messages that are in memory to be sent, of all destinations.");
	text_format(text, "segrelay_claimed_bytes %" PRId64 "\n", atomic_load(&sender->claimed));
	(void)pthread_mutex_lock(&sender->mutex);
	add_codes(sender, text);
	add_head(text, duration, "summary", "How long requests to Segment took.");
	add_values(sender, text, "segrelay_request_duration_seconds_sum", request_seconds);
	add_values(sender, text, "segrelay_request_duration_seconds_count", requests);
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		add_head(text, metrics[i].name, metrics[i].type, metrics[i].help);
		add_values(sender, text, metrics[i].name, metrics[i].value);
	}
	(void)pthread_mutex_unlock(&sender->mutex);
}
