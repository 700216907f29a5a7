/* The actions of a destination: claim, post, retry, bisect. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "send/send_metrics.h"
#include "send/suspects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MEMORY_PAUSE = SECOND,
	RENEW_PAUSE = 20,
	/* After so many dead letters without an accepted message, the destination is paused. */
	REFUSALS_MOST = 100,
};

/* Posts a batch. False without memory. */
static bool post(struct lane *lane, struct batch *batch)
{
	if (!attempt_start(lane, batch)) {
		ready_put_back(lane, batch);
		return false;
	}
	send_metrics_in_flight(lane, 1);
	return true;
}

/* Whether to claim a batch now: enough messages wait, or batch_wait is over. */
static bool wants_claim(const struct lane *lane, int64_t now)
{
	return !lane->claiming && lane->unclaimed > 0 && now >= lane->claim_at &&
	       (lane->unclaimed >= lane->options->batch_messages || now >= lane->flush_at ||
		       lane->wants_claim);
}

/* Frees the claimed batches that are not in flight. */
static void free_claimed(struct lane *lane)
{
	while (lane->ready != NULL)
		batch_free(ready_take(lane));
	if (lane->set_aside != NULL)
		lane->set_aside_at = 0; /* claims it again */
	batch_free(lane->set_aside);
	lane->set_aside = NULL;
}

/* Frees the copies in memory after the outbox changed, and claims again when none is in flight. */
static int64_t renew(struct lane *lane, int64_t now)
{
	const struct sender *sender = lane->sender;

	free_claimed(lane);
	if (now < lane->claim_at)
		return lane->claim_at;
	if (lane->in_flight > 0 || lane->outstanding > 0 || sender->failed_acks != NULL)
		return now + RENEW_PAUSE;
	return claims_renew(lane) ? INT64_MAX : now + MEMORY_PAUSE;
}

/* Whether another batch may be posted. */
static bool has_window(const struct lane *lane)
{
	return lane->in_flight - (lane->set_aside_in_flight ? 1 : 0) < lane->window;
}

/* Posts and claims batches that are not set aside. */
static int64_t step_ready(struct lane *lane, int64_t now)
{
	struct batch *batch;

	while (has_window(lane) && (batch = suspects_next(lane)) != NULL)
		if (!post(lane, batch))
			return now + MEMORY_PAUSE;
	if (!has_window(lane))
		return INT64_MAX;
	if (!claim_memory_allows(lane)) /* the end of any batch wakes the thread */
		return INT64_MAX;
	if (wants_claim(lane, now) && !claim_next(lane))
		return now + MEMORY_PAUSE;
	if (lane->claiming || lane->unclaimed == 0)
		return INT64_MAX;
	return lane->flush_at > lane->claim_at ? lane->flush_at : lane->claim_at;
}

int64_t lane_step(struct lane *lane, int64_t now)
{
	int64_t left = lane_pause_left(lane);
	int64_t next;
	int64_t due;

	if (lane->stale)
		return renew(lane, now);
	if (lane->options == NULL)
		return INT64_MAX;
	if (left > 0 && claim_memory_must_release(lane))
		lane->stale = true;
	if (left > 0)
		return lane->stale ? now : now + left;
	next = step_ready(lane, now);
	due = set_aside_step(lane, now);
	return due < next ? due : next;
}

/* Splits a refused batch. A message that is refused alone becomes a dead letter. */
static void bisect(struct lane *lane, struct batch *batch, const struct attempt_result *result)
{
	struct batch *second;

	if (batch->count == 1) {
		lane->refusals++;
		ack_dead(lane, batch, result->status, result->excerpt);
		return;
	}
	send_metrics_split(lane);
	second = batch_halve(batch);
	if (second != NULL) {
		second->attempts = 0;
		ready_put_back(lane, second);
	}
	batch->attempts = 0; /* a part counts as a new batch */
	ready_put_back(lane, batch);
}

/* Whether a reload has replaced the options of an attempt, and perhaps corrected them. */
static bool is_outdated(const struct attempt *attempt)
{
	return attempt->options != attempt->lane->options;
}

/* Whether an attempt shows the destination's present state. It does not when it started before the
 * last failure, or when it failed with outdated options. */
static bool is_current(const struct attempt *attempt, enum outcome outcome)
{
	return attempt->failures == attempt->lane->failures &&
	       (!is_outdated(attempt) || outcome == OUTCOME_SENT);
}

/* Describes an answer with a status 2xx that does not accept the batch. The excerpt of a JSON
 * object is useful; that of an HTML page is not. */
static void describe_refusal(
	const struct attempt *attempt, long status, char excerpt[EXCERPT_MAX + 1])
{
	char answer[EXCERPT_MAX + 1];
	int length =
		snprintf(excerpt, EXCERPT_MAX + 1, "answered %ld, but not as Segment does", status);

	attempt_excerpt(attempt, CURLE_OK, answer);
	if (answer[strspn(answer, " ")] == '{')
		(void)snprintf(excerpt + length, (size_t)(EXCERPT_MAX + 1 - length), ": %.*s",
			EXCERPT_MAX - 2 - length, answer);
}

/* Whether the request reached the destination. */
static bool has_arrived(const struct attempt *attempt, CURLcode code)
{
	curl_off_t time = 0;

	if (code == CURLE_OK)
		return true;
	if (!attempt->is_posted || code == CURLE_COULDNT_CONNECT ||
		code == CURLE_COULDNT_RESOLVE_HOST)
		return false;
	return curl_easy_getinfo(attempt->handle, CURLINFO_PRETRANSFER_TIME_T, &time) == CURLE_OK &&
	       time > 0;
}

static void evaluate(const struct attempt *attempt, CURLcode code, struct attempt_result *result)
{
	*result = (struct attempt_result){.wait = -1, .took = clock_monotonic() - attempt->started};
	if (attempt->is_posted) { /* otherwise the handle has an older answer */
		result->wait = http_retry_wait(attempt->handle);
		(void)curl_easy_getinfo(attempt->handle, CURLINFO_RESPONSE_CODE, &result->status);
	}
	result->outcome = retry_classify(code, result->status, text_string(&attempt->answer));
	result->is_current = is_current(attempt, result->outcome);
	result->has_arrived = has_arrived(attempt, code);
	if (code == CURLE_OK && result->outcome == OUTCOME_RETRY && result->status < 300)
		describe_refusal(attempt, result->status, result->excerpt);
	else
		attempt_excerpt(attempt, code, result->excerpt);
}

/* Puts back a batch that is to be tried again unchanged. */
static void put_back(struct lane *lane, struct batch *batch)
{
	if (!batch->is_set_aside) {
		ready_put_back(lane, batch);
		return;
	}
	lane->set_aside_unacked = false;
	lane->set_aside_at = clock_monotonic();
	batch_free(batch);
}

void lane_finish(struct lane *lane, struct attempt *attempt, CURLcode code)
{
	struct batch *batch = attempt->batch;
	struct attempt_result result;
	bool pauses = false;

	evaluate(attempt, code, &result);
	if (code == CURLE_OK)
		clock_offset_update(attempt);
	else if (attempt->is_posted)
		connections_retire(attempt);
	if (batch->is_set_aside)
		lane->set_aside_in_flight = false;
	send_metrics_attempt(lane, code, result.status, result.took);
	send_metrics_in_flight(lane, -1);
	switch (result.outcome) {
	case OUTCOME_SENT:
		ack_sent(lane, batch);
		send_metrics_success(lane, clock_now());
		suspects_accepted(lane, result.is_current);
		time_limit_record(lane, result.took);
		lane->is_accepted |= !is_outdated(attempt);
		lane->refusals = 0;
		break;
	case OUTCOME_BISECT:
		if (is_outdated(attempt)) {
			put_back(lane, batch);
			break;
		}
		bisect(lane, batch, &result);
		if (lane->refusals >= REFUSALS_MOST) {
			result.outcome = OUTCOME_CONFIG_ERROR;
			pauses = true;
		}
		break;
	case OUTCOME_RETRY:
	case OUTCOME_CONFIG_ERROR:
		pauses = true;
		if (is_outdated(attempt))
			put_back(lane, batch);
		else
			pauses = suspects_failed(lane, batch, &result);
		break;
	}
	if (pauses)
		lane_pause(lane, &result);
	else if (result.outcome == OUTCOME_SENT || result.outcome == OUTCOME_BISECT) {
		if (result.is_current)
			lane_resume(lane);
	}
}

void lane_configure(struct lane *lane, struct config *config)
{
	struct config *before = lane->config;

	lane->options = config_destination(config, lane->name);
	lane->config = config_share(config);
	config_release(before);
	if (lane->options == NULL) {
		if (lane->unclaimed > 0 || lane->ready != NULL)
			log_line(LOG_WARNING, "delivery suspended: destination not configured",
				LOG_STRING("destination", lane->name),
				LOG_STRING("effect", "its messages stay in the outbox"),
				LOG_STRING("action", "configure it again to send its messages"));
		return;
	}
	lane->is_accepted = false;
	if (lane->pause.failures == 0)
		lane->window = lane->options->batches_in_flight;
	if (lane->misconfigured)
		lane->resume_at = lane->pause.paused_until = 0;
	lane->refusals = 0;
}

void lane_free(struct lane *lane)
{
	free_claimed(lane);
	config_release(lane->config);
	free(lane->name);
	free(lane);
}
