/* Pausing and resuming a destination, and the log's story of it. */
#include "send/inside.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { HOLD_PROBE = 5 * MINUTE, SUMMARY_EVERY = MINUTE };

bool target_is_paused(const struct target *target)
{
	return target->pause.paused_until > clock_now();
}

/* Messages of the destination that are not settled, and the time of the oldest in memory. */
static int64_t waiting(const struct target *target, int64_t *oldest)
{
	int64_t count = target->unclaimed;

	*oldest = INT64_MAX;
	for (const struct batch *batch = target->ready; batch != NULL; batch = batch->next) {
		count += (int64_t)batch->count;
		if (batch->messages[0].queued < *oldest)
			*oldest = batch->messages[0].queued;
	}
	for (const struct attempt *attempt = target->sender->attempts; attempt != NULL;
		attempt = attempt->next) {
		if (attempt->target != target)
			continue;
		count += (int64_t)attempt->batch->count;
		if (attempt->batch->messages[0].queued < *oldest)
			*oldest = attempt->batch->messages[0].queued;
	}
	return count;
}

static void note_in_tally(struct target *target, bool success)
{
	(void)pthread_mutex_lock(&target->sender->mutex);
	if (target->tally != NULL) {
		target->tally->paused_until = target->pause.paused_until;
		if (success)
			target->tally->last_success = clock_now();
	}
	(void)pthread_mutex_unlock(&target->sender->mutex);
}

/* The first failure is logged at once, then a line a minute while it lasts. */
static void log_pause(struct target *target, long status, const char *words)
{
	int64_t oldest;
	int64_t count = waiting(target, &oldest);
	int64_t now = clock_now();
	char until[TIME_TEXT];

	if (target->pause.failures > 1 && clock_monotonic() < target->log_at)
		return;
	target->log_at = clock_monotonic() + SUMMARY_EVERY;
	time_format(target->pause.paused_until, until);
	log_line(target->holding ? LOG_ERROR : LOG_WARNING, "delivery paused",
		LOG_STRING("destination", target->name), LOG_NUMBER("waiting", count),
		LOG_NUMBER("oldest_seconds", oldest < now ? (now - oldest) / SECOND : 0),
		LOG_NUMBER("failures", target->pause.failures), LOG_NUMBER("status", status),
		LOG_STRING("answer", words),
		LOG_STRING("cause", target->holding
					    ? "the write key or the url is refused: see to the "
					      "configuration, then reload"
					    : NULL),
		LOG_STRING("next", "kept, and tried again"), LOG_STRING("at", until));
}

void target_pause(
	struct target *target, enum outcome outcome, long status, const char *words, int64_t wait)
{
	int64_t now = clock_now();

	target->holding = outcome == OUTCOME_HOLD;
	target->window = 1; /* one probe after the pause, not all at once */
	if (target->pause.failures++ == 0)
		target->pause.paused_since = now;
	if (wait < 0)
		wait = target->holding ? HOLD_PROBE : retry_backoff(target->pause.failures);
	if (now + wait > target->pause.paused_until)
		target->pause.paused_until = now + wait;
	(void)snprintf(target->pause.reason, sizeof(target->pause.reason), "%ld %s", status, words);
	log_pause(target, status, words);
	note_in_tally(target, false);
	settle_pause(target);
}

void target_resume(struct target *target)
{
	bool was_paused = target->pause.failures > 0;
	int64_t outage = clock_now() - target->pause.paused_since;
	int64_t oldest;

	if (target->window < target->options->batches_in_flight)
		target->window *= 2;
	if (target->window > target->options->batches_in_flight)
		target->window = target->options->batches_in_flight;
	target->holding = false;
	target->pause.failures = target->pause.paused_until = target->pause.paused_since = 0;
	target->pause.reason[0] = '\0';
	note_in_tally(target, true);
	if (!was_paused)
		return;
	log_line(LOG_INFO, "delivery resumed", LOG_STRING("destination", target->name),
		LOG_NUMBER("outage_seconds", outage / SECOND),
		LOG_NUMBER("waiting", waiting(target, &oldest)));
	settle_pause(target);
}
