/* Pausing and resuming a destination, and the log's story of it. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "send/suspects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HOLD_PROBE = 5 * MINUTE,
	HOLD_DOUBTS = 5, /* the first failures that one message may have caused */
	PAUSE_MOST = HOUR,
	SUMMARY_EVERY = MINUTE,
	/* A destination that fails now and then would fill the log with its ups and downs. */
	QUIET_AFTER_RESUME = 5 * SECOND,
};

int64_t target_pause_left(const struct target *target)
{
	int64_t left = target->resume_at - clock_monotonic();

	return left > 0 ? left : 0;
}

static void count_batch(const struct batch *batch, int64_t *count, int64_t *oldest)
{
	*count += (int64_t)batch->count;
	if (batch->messages[0].queued < *oldest)
		*oldest = batch->messages[0].queued;
}

/* Messages of the destination that are not settled, and the time of the oldest in memory. */
static int64_t waiting(const struct target *target, int64_t *oldest)
{
	const struct attempt *attempt = target->sender->attempts;
	int64_t count = target->unclaimed;

	*oldest = INT64_MAX;
	for (const struct batch *batch = target->ready; batch != NULL; batch = batch->next)
		count_batch(batch, &count, oldest);
	for (; attempt != NULL; attempt = attempt->next)
		if (attempt->target == target)
			count_batch(attempt->batch, &count, oldest);
	return count;
}

/* The first failure is logged at once, and when it turns out to be the configuration's; then a line
 * a minute while it lasts. */
static void log_pause(struct target *target, const struct judgement *judgement)
{
	int64_t oldest;
	int64_t count = waiting(target, &oldest);
	int64_t now = clock_now();
	char until[TIME_TEXT];

	if (clock_monotonic() < target->log_at)
		return;
	target->log_at = clock_monotonic() + SUMMARY_EVERY;
	target->told = true;
	time_format(target->pause.paused_until, until);
	log_line(target->holding ? LOG_ERROR : LOG_WARNING, "delivery paused",
		LOG_STRING("destination", target->name), LOG_NUMBER("waiting", count),
		LOG_NUMBER("oldest_seconds", oldest < now ? (now - oldest) / SECOND : 0),
		LOG_NUMBER("failures", target->pause.failures),
		LOG_NUMBER("status", judgement->status),
		/* it may be to what was erased meanwhile */
		LOG_STRING("answer", target->stale ? target->pause.reason : judgement->words),
		LOG_STRING("cause", target->holding
					    ? "the write key or the url is refused: see to the "
					      "configuration, then reload (restart, when a "
					      "credential of systemd changed)"
					    : NULL),
		LOG_STRING("next", "kept, and tried again"), LOG_STRING("at", until));
}

/* Whether what looks like a fault of the configuration may be that of a message: a firewall answers
 * 403 to some contents. Not a refused key, unless it was accepted before. */
static bool is_in_doubt(const struct target *target, const struct judgement *judgement)
{
	return target->pause.failures <= HOLD_DOUBTS &&
	       retry_classify(CURLE_OK, judgement->status, "") == OUTCOME_HOLD &&
	       (judgement->status != 401 || target->is_accepted);
}

/* Milliseconds until the next probe. */
static int64_t delay_of(const struct target *target, const struct judgement *judgement)
{
	if (judgement->outcome != OUTCOME_HOLD)
		return retry_backoff(target->pause.failures);
	return is_in_doubt(target, judgement) ? SECOND << (target->pause.failures - 1) : HOLD_PROBE;
}

static void begin_pause(struct target *target, const struct judgement *judgement)
{
	bool holds;

	if (target->pause.failures++ == 0)
		target->pause.paused_since = clock_now();
	holds = judgement->outcome == OUTCOME_HOLD &&
		!(target->is_accepted && is_in_doubt(target, judgement));
	if (holds && !target->holding)
		target->log_at = 0;
	target->holding = holds;
	target->window = 1; /* one probe after the pause, not all at once */
	target->asked_to_wait = judgement->wait > 0 || rate_limit_is(judgement);
	if (judgement->status >= 300)
		(void)snprintf(target->pause.reason, sizeof(target->pause.reason), "%ld %s",
			judgement->status, judgement->words);
	else
		(void)snprintf(
			target->pause.reason, sizeof(target->pause.reason), "%s", judgement->words);
	if (target->stale) /* the answer may be to what was erased meanwhile */
		(void)engine_wipe_excerpt(&target->pause);
}

/* Whoever reads the log must not think that it goes on when it does not for a long time. */
static void pause_for(struct target *target, int64_t wait)
{
	if (wait > target_pause_left(target) + SUMMARY_EVERY)
		target->log_at = 0;
	target->failures++;
	target->resume_at = clock_monotonic() + wait;
	target->pause.paused_until = clock_now() + wait;
}

void target_pause(struct target *target, const struct judgement *judgement)
{
	bool is_paused = target->pause.failures > 0;
	int64_t wait = judgement->wait;

	/* What was in flight when the first one failed is no further failure, but may ask for more
	 * time: where there is no pause, it begins one. */
	if (judgement->is_news || (!is_paused && judgement->outcome == OUTCOME_RETRY && wait > 0)) {
		int64_t least;

		begin_pause(target, judgement);
		least = delay_of(target, judgement);
		wait = wait > least ? wait : least;
	} else if (!is_paused || wait <= target_pause_left(target)) {
		return;
	}
	pause_for(target, wait);
	log_pause(target, judgement);
	tally_pause(target);
	settle_pause(target);
}

void target_resume(struct target *target)
{
	bool was_paused = target->pause.failures > 0;
	int64_t now = clock_now();
	int64_t since = target->pause.paused_since < now ? target->pause.paused_since : now;
	int64_t most = target->options != NULL ? target->options->batches_in_flight : 1;
	int64_t oldest;

	target->window = target->window * 2 < most ? target->window * 2 : most;
	if (!was_paused)
		return;
	target->holding = false;
	target->resume_at = 0;
	target->pause.failures = target->pause.paused_until = target->pause.paused_since = 0;
	target->pause.reason[0] = '\0';
	if (target->told) {
		log_line(LOG_INFO, "delivery resumed", LOG_STRING("destination", target->name),
			LOG_NUMBER("outage_seconds", (now - since) / SECOND),
			LOG_NUMBER("waiting", waiting(target, &oldest)));
		target->log_at = clock_monotonic() + QUIET_AFTER_RESUME;
	}
	target->told = false;
	tally_pause(target);
	settle_pause(target);
}

void target_recall(struct target *target, const struct destination_state *state)
{
	long status = strtol(state->reason, NULL, 10);
	int64_t left = state->paused_until - clock_now();

	/* No pause is longer: the clock was set back. */
	if (left > 0 && left <= PAUSE_MOST)
		target->resume_at = clock_monotonic() + left;
	target->unclaimed = state->queued - state->sent - state->dead - state->dropped;
	target->pause = *state;
	target->pause.name = NULL;
	target->told = state->failures > 0;
	target->in_a_row = state->failures;
	rate_limit_recall(target, status);
	set_aside_recall(target);
	/* A restart may have mended the configuration, as a reload may. The reason begins with the
	 * status that was answered. */
	target->holding = state->failures > 0 && status > 0 &&
			  retry_classify(CURLE_OK, status, "") == OUTCOME_HOLD;
	tally_pause(target);
	tally_success(target, state->last_sent);
}
