/* Prometheus metrics of sending. */
#include "send/inside.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Targets keep pointers, so the room is made once. */
enum { TALLIES_MAX = 256 };

struct tally *tally_of(struct sender *sender, const char *name)
{
	struct tally *tally;

	for (size_t i = 0; i < sender->tally_count; i++)
		if (strcmp(sender->tallies[i].name, name) == 0)
			return &sender->tallies[i];
	if (sender->tallies == NULL)
		sender->tallies = calloc(TALLIES_MAX, sizeof(*sender->tallies));
	if (sender->tallies == NULL || sender->tally_count == TALLIES_MAX)
		return NULL;
	tally = &sender->tallies[sender->tally_count];
	tally->name = strdup(name);
	if (tally->name == NULL)
		return NULL;
	sender->tally_count++;
	return tally;
}

static void count_code(struct tally *tally, const char *code)
{
	size_t i = 0;

	while (i < tally->code_count && strcmp(tally->codes[i].code, code) != 0)
		i++;
	if (i == CODES_MAX)
		i--;
	if (i == tally->code_count)
		(void)snprintf(tally->codes[tally->code_count++].code, sizeof(tally->codes[0].code),
			"%s", code);
	tally->codes[i].count++;
}

void tally_attempt(struct target *target, CURLcode code, long status, int64_t milliseconds)
{
	char name[24];

	if (code == CURLE_OK)
		(void)snprintf(name, sizeof(name), "%ld", status);
	else
		(void)snprintf(name, sizeof(name), "%s",
			code == CURLE_OPERATION_TIMEDOUT     ? "timeout"
			: code == CURLE_COULDNT_CONNECT      ? "refused"
			: code == CURLE_COULDNT_RESOLVE_HOST ? "dns"
							     : "network");
	(void)pthread_mutex_lock(&target->sender->mutex);
	if (target->tally != NULL) {
		count_code(target->tally, name);
		target->tally->requests++;
		target->tally->milliseconds += milliseconds;
	}
	(void)pthread_mutex_unlock(&target->sender->mutex);
}

static void add_head(struct text *text, const char *name, const char *type, const char *help)
{
	text_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* One metric with a value a destination. */
static void add_each(const struct sender *sender, struct text *text, const char *name,
	const char *type, const char *help, double (*value)(const struct tally *tally))
{
	add_head(text, name, type, help);
	for (size_t i = 0; i < sender->tally_count; i++)
		text_format(text, "%s{destination=\"%s\"} %.3f\n", name, sender->tallies[i].name,
			value(&sender->tallies[i]));
}

static double in_flight(const struct tally *tally)
{
	return (double)tally->in_flight;
}

static double splits(const struct tally *tally)
{
	return (double)tally->splits;
}

static double paused(const struct tally *tally)
{
	return tally->paused_until > clock_now() ? 1 : 0;
}

static double resume_time(const struct tally *tally)
{
	return (double)tally->paused_until / SECOND;
}

static double last_success(const struct tally *tally)
{
	return (double)tally->last_success / SECOND;
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
	add_head(text, "segrelay_requests_total", "counter",
		"Requests to Segment by status, or by what went wrong.");
	for (size_t i = 0; i < sender->tally_count; i++) {
		const struct tally *tally = &sender->tallies[i];

		for (size_t j = 0; j < tally->code_count; j++)
			text_format(text,
				"segrelay_requests_total{destination=\"%s\",code=\"%s\"} %" PRId64
				"\n",
				tally->name, tally->codes[j].code, tally->codes[j].count);
	}
}

void sender_metrics(struct sender *sender, struct text *text)
{
	(void)pthread_mutex_lock(&sender->mutex);
	add_codes(sender, text);
	add_each(sender, text, "segrelay_request_duration_seconds_sum", "counter",
		"Seconds that all requests to Segment took.", request_seconds);
	add_each(sender, text, "segrelay_request_duration_seconds_count", "counter",
		"Requests to Segment.", requests);
	add_each(sender, text, "segrelay_batches_in_flight", "gauge",
		"Batches that Segment has not answered yet.", in_flight);
	add_each(sender, text, "segrelay_split_batches_total", "counter",
		"Batches that Segment refused and that were sent again in halves.", splits);
	add_each(sender, text, "segrelay_destination_paused", "gauge",
		"1 while nothing is sent because Segment did not take a batch.", paused);
	add_each(sender, text, "segrelay_destination_resume_timestamp_seconds", "gauge",
		"When a paused destination is tried again.", resume_time);
	add_each(sender, text, "segrelay_last_success_timestamp_seconds", "gauge",
		"When Segment last took a batch.", last_success);
	(void)pthread_mutex_unlock(&sender->mutex);
}
