/* Pauses and resumes a destination, and logs it. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "send/send_metrics.h"
#include "send/suspects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONFIG_ERROR_PROBE = 5 * MINUTE,
	UNCERTAIN_FAILURES = 5, /* so many first failures may be those of one message */
	PAUSE_MOST = HOUR,
	SUMMARY_EVERY = MINUTE,
	/* Limits the log lines of a destination that fails now and then. */
	QUIET_AFTER_RESUME = 5 * SECOND,
};

int64_t lane_pause_left(const struct lane *lane)
{
	int64_t left = lane->resume_at - clock_monotonic();

	return left > 0 ? left : 0;
}

static void count_batch(const struct batch *batch, int64_t *count, int64_t *oldest)
{
	*count += (int64_t)batch->count;
	if (batch->messages[0].queued < *oldest)
		*oldest = batch->messages[0].queued;
}

/* Counts the destination's messages that are not acknowledged. *oldest is the time at which the
 * oldest one in memory was queued, in ms since 1970. */
static int64_t count_waiting(const struct lane *lane, int64_t *oldest)
{
	const struct attempt *attempt = lane->sender->attempts;
	int64_t count = lane->unclaimed;

	*oldest = INT64_MAX;
	for (const struct batch *batch = lane->ready; batch != NULL; batch = batch->next)
		count_batch(batch, &count, oldest);
	for (; attempt != NULL; attempt = attempt->next)
		if (attempt->lane == lane)
			count_batch(attempt->batch, &count, oldest);
	return count;
}

/* Logs the first failure at once, then at most once a minute. A configuration error is logged at
 * once, too. */
static void log_pause(struct lane *lane, const struct attempt_result *result)
{
	int64_t oldest;
	int64_t count = count_waiting(lane, &oldest);
	int64_t now = clock_now();
	char until[TIME_TEXT];

	if (clock_monotonic() < lane->log_at)
		return;
	lane->log_at = clock_monotonic() + SUMMARY_EVERY;
	lane->pause_logged = true;
	time_format(lane->pause.paused_until, until);
	log_line(lane->misconfigured ? LOG_ERROR : LOG_WARNING, "delivery paused",
		LOG_STRING("destination", lane->name), LOG_NUMBER("waiting", count),
		LOG_NUMBER("oldest_seconds", oldest < now ? (now - oldest) / SECOND : 0),
		LOG_NUMBER("failures", lane->pause.failures), LOG_NUMBER("status", result->status),
		/* the answer may contain data that was erased meanwhile */
		LOG_STRING("answer", lane->stale ? lane->pause.reason : result->excerpt),
		LOG_STRING("reason", lane->misconfigured
					     ? "the destination refuses the write key or url"
					     : "the last request failed"),
		LOG_STRING("action",
			lane->misconfigured
				? "correct the configuration, then reload (restart when a systemd "
				  "credential changed)"
				: "none: segrelay keeps the messages and retries"),
		LOG_STRING("retry_at", until));
}

/* Whether a configuration error may be that of one message: a firewall answers 403 to some
 * contents. A refused key (401) is uncertain only when it was accepted before. */
static bool is_uncertain(const struct lane *lane, const struct attempt_result *result)
{
	return lane->pause.failures <= UNCERTAIN_FAILURES &&
	       retry_classify(CURLE_OK, result->status, "") == OUTCOME_CONFIG_ERROR &&
	       (result->status != 401 || lane->is_accepted);
}

/* Milliseconds until the next probe. */
static int64_t delay_of(const struct lane *lane, const struct attempt_result *result)
{
	if (result->outcome != OUTCOME_CONFIG_ERROR)
		return retry_backoff(lane->pause.failures);
	return is_uncertain(lane, result) ? SECOND << (lane->pause.failures - 1)
					  : CONFIG_ERROR_PROBE;
}

static void begin_pause(struct lane *lane, const struct attempt_result *result)
{
	bool is_misconfigured;

	if (lane->pause.failures++ == 0)
		lane->pause.paused_since = clock_now();
	is_misconfigured = result->outcome == OUTCOME_CONFIG_ERROR &&
			   !(lane->is_accepted && is_uncertain(lane, result));
	if (is_misconfigured && !lane->misconfigured)
		lane->log_at = 0;
	lane->misconfigured = is_misconfigured;
	lane->window = 1; /* one probe after the pause */
	lane->asked_to_wait = result->wait > 0 || rate_limit_is(result);
	if (result->status >= 300)
		(void)snprintf(lane->pause.reason, sizeof(lane->pause.reason), "%ld %s",
			result->status, result->excerpt);
	else
		(void)snprintf(
			lane->pause.reason, sizeof(lane->pause.reason), "%s", result->excerpt);
	if (lane->stale) /* the answer may contain data that was erased meanwhile */
		(void)engine_wipe_excerpt(&lane->pause);
}

/* A pause that is much longer than the last one logged is logged again. */
static void pause_for(struct lane *lane, int64_t wait)
{
	if (wait > lane_pause_left(lane) + SUMMARY_EVERY)
		lane->log_at = 0;
	lane->failures++;
	lane->resume_at = clock_monotonic() + wait;
	lane->pause.paused_until = clock_now() + wait;
}

void lane_pause(struct lane *lane, const struct attempt_result *result)
{
	bool is_paused = lane->pause.failures > 0;
	int64_t wait = result->wait;

	/* The attempts in flight when the first one failed are not counted as further failures. But
	 * an answer that asks to wait may lengthen the pause, or begin one. */
	if (result->is_current || (!is_paused && result->outcome == OUTCOME_RETRY && wait > 0)) {
		int64_t least;

		begin_pause(lane, result);
		least = delay_of(lane, result);
		wait = wait > least ? wait : least;
	} else if (!is_paused || wait <= lane_pause_left(lane)) {
		return;
	}
	pause_for(lane, wait);
	log_pause(lane, result);
	send_metrics_pause(lane);
	save_pause(lane);
}

void lane_resume(struct lane *lane)
{
	bool was_paused = lane->pause.failures > 0;
	int64_t now = clock_now();
	int64_t since = lane->pause.paused_since < now ? lane->pause.paused_since : now;
	int64_t most = lane->options != NULL ? lane->options->batches_in_flight : 1;
	int64_t oldest;

	lane->window = lane->window * 2 < most ? lane->window * 2 : most;
	if (!was_paused)
		return;
	lane->misconfigured = false;
	lane->resume_at = 0;
	lane->pause.failures = lane->pause.paused_until = lane->pause.paused_since = 0;
	lane->pause.reason[0] = '\0';
	if (lane->pause_logged) {
		log_line(LOG_INFO, "delivery resumed", LOG_STRING("destination", lane->name),
			LOG_NUMBER("outage_seconds", (now - since) / SECOND),
			LOG_NUMBER("waiting", count_waiting(lane, &oldest)));
		lane->log_at = clock_monotonic() + QUIET_AFTER_RESUME;
	}
	lane->pause_logged = false;
	send_metrics_pause(lane);
	save_pause(lane);
}

void lane_restore(struct lane *lane, const struct destination_state *state)
{
	long status = strtol(state->reason, NULL, 10);
	int64_t left = state->paused_until - clock_now();

	/* A longer pause is not possible: the clock was set back. */
	if (left > 0 && left <= PAUSE_MOST)
		lane->resume_at = clock_monotonic() + left;
	lane->unclaimed = state->queued - state->sent - state->dead - state->dropped;
	lane->pause = *state;
	lane->pause.name = NULL;
	lane->pause_logged = state->failures > 0;
	lane->failed_in_a_row = state->failures;
	rate_limit_restore(lane, status);
	set_aside_restore(lane);
	/* A restart may have corrected the configuration, as a reload may. The stored reason begins
	 * with the HTTP status. */
	lane->misconfigured = state->failures > 0 && status > 0 &&
			      retry_classify(CURLE_OK, status, "") == OUTCOME_CONFIG_ERROR;
	send_metrics_pause(lane);
	send_metrics_success(lane, state->last_sent);
}
