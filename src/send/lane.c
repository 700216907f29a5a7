/* What a destination does next: claim, post, retry, split. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "send/suspects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MEMORY_PAUSE = SECOND,
	RENEW_PAUSE = 20,
	/* So many dead letters and not one message accepted: the fault is not theirs. */
	REFUSALS_MOST = 100,
};

/* Posts a batch; false when there is no memory for it now. */
static bool post(struct target *target, struct batch *batch)
{
	if (!attempt_start(target, batch)) {
		ready_put_back(target, batch);
		return false;
	}
	tally_in_flight(target, 1);
	return true;
}

/* Whether what waits in the outbox shall go now: enough for a batch, or waiting for long enough. */
static bool wants_claim(const struct target *target, int64_t now)
{
	return !target->claiming && target->unclaimed > 0 && now >= target->claim_at &&
	       (target->unclaimed >= target->options->batch_messages || now >= target->flush_at ||
		       target->wants_claim);
}

/* Frees what waits in memory. */
static void let_go(struct target *target)
{
	while (target->ready != NULL)
		batch_free(ready_take(target));
	if (target->set_aside != NULL)
		target->set_aside_at = 0; /* it is asked for again */
	batch_free(target->set_aside);
	target->set_aside = NULL;
}

/* Gives up what is in memory, once nothing of it is on its way: the outbox has changed under it. */
static int64_t renew(struct target *target, int64_t now)
{
	const struct sender *sender = target->sender;

	let_go(target);
	if (now < target->claim_at)
		return target->claim_at;
	if (target->in_flight > 0 || target->outstanding > 0 || sender->later != NULL)
		return now + RENEW_PAUSE;
	return settle_renew(target) ? INT64_MAX : now + MEMORY_PAUSE;
}

/* Whether another batch may go into flight. */
static bool has_window(const struct target *target)
{
	return target->in_flight - (target->set_aside_in_flight ? 1 : 0) < target->window;
}

/* Starts what is not set aside. */
static int64_t step(struct target *target, int64_t now)
{
	struct batch *batch;

	while (has_window(target) && (batch = suspects_next(target)) != NULL)
		if (!post(target, batch))
			return now + MEMORY_PAUSE;
	if (!has_window(target))
		return INT64_MAX;
	if (!memory_allows(target)) /* until a batch of whoever it is has ended, which wakes us */
		return INT64_MAX;
	if (wants_claim(target, now) && !settle_claim(target))
		return now + MEMORY_PAUSE;
	if (target->claiming || target->unclaimed == 0)
		return INT64_MAX;
	return target->flush_at > target->claim_at ? target->flush_at : target->claim_at;
}

int64_t target_step(struct target *target, int64_t now)
{
	int64_t left = target_pause_left(target);
	int64_t next;
	int64_t due;

	if (target->stale)
		return renew(target, now);
	if (target->options == NULL)
		return INT64_MAX;
	if (left > 0 && memory_is_wanted(target))
		target->stale = true;
	if (left > 0)
		return target->stale ? now : now + left;
	next = step(target, now);
	due = set_aside_step(target, now);
	return due < next ? due : next;
}

/* Parts a refused batch; a message that stands alone is the culprit. */
static void split(struct target *target, struct batch *batch, const struct judgement *judgement)
{
	struct batch *second;

	if (batch->count == 1) {
		target->refusals++;
		settle_dead(target, batch, judgement->status, judgement->words);
		return;
	}
	tally_split(target);
	second = batch_halve(batch);
	if (second != NULL) {
		second->attempts = 0;
		ready_put_back(target, second);
	}
	batch->attempts = 0; /* of this batch, which is another one than before */
	ready_put_back(target, batch);
}

/* Whether an attempt was made with options that a reload has replaced, and perhaps mended. */
static bool is_outdated(const struct attempt *attempt)
{
	return attempt->options != attempt->target->options;
}

/* Whether an attempt tells how things are now. It does not when it started before the last failure,
 * nor when it failed with options that are outdated. */
static bool is_news(const struct attempt *attempt, enum outcome outcome)
{
	return attempt->failures == attempt->target->failures &&
	       (!is_outdated(attempt) || outcome == OUTCOME_SENT);
}

/* An answer with 2xx that does not say that the batch was taken. The beginning of an object says
 * why; that of a page says nothing. */
static void describe_refusal(
	const struct attempt *attempt, long status, char words[ANSWER_WORDS + 1])
{
	char answer[ANSWER_WORDS + 1];
	int length =
		snprintf(words, ANSWER_WORDS + 1, "answered %ld, but not as Segment does", status);

	attempt_words(attempt, CURLE_OK, answer);
	if (answer[strspn(answer, " ")] == '{')
		(void)snprintf(words + length, (size_t)(ANSWER_WORDS + 1 - length), ": %.*s",
			ANSWER_WORDS - 2 - length, answer);
}

/* Whether a request was sent to the end of its connection, not only meant to be. */
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

static void judge(const struct attempt *attempt, CURLcode code, struct judgement *judgement)
{
	*judgement = (struct judgement){.wait = -1, .took = clock_monotonic() - attempt->started};
	if (attempt->is_posted) { /* else the handle has the answer to another one */
		judgement->wait = http_asked_to_wait(attempt->handle);
		(void)curl_easy_getinfo(
			attempt->handle, CURLINFO_RESPONSE_CODE, &judgement->status);
	}
	judgement->outcome = retry_classify(code, judgement->status, text_string(&attempt->answer));
	judgement->is_news = is_news(attempt, judgement->outcome);
	judgement->has_arrived = has_arrived(attempt, code);
	if (code == CURLE_OK && judgement->outcome == OUTCOME_RETRY && judgement->status < 300)
		describe_refusal(attempt, judgement->status, judgement->words);
	else
		attempt_words(attempt, code, judgement->words);
}

/* A batch that is to be tried again as it is. */
static void put_back(struct target *target, struct batch *batch)
{
	if (!batch->is_set_aside) {
		ready_put_back(target, batch);
		return;
	}
	target->set_aside_unsettled = false;
	target->set_aside_at = clock_monotonic();
	batch_free(batch);
}

void target_finish(struct target *target, struct attempt *attempt, CURLcode code)
{
	struct batch *batch = attempt->batch;
	struct judgement judgement;
	bool pauses = false;

	judge(attempt, code, &judgement);
	if (code == CURLE_OK)
		clock_offset_note(attempt);
	else if (attempt->is_posted)
		connections_distrust(attempt);
	if (batch->is_set_aside)
		target->set_aside_in_flight = false;
	tally_attempt(target, code, judgement.status, judgement.took);
	tally_in_flight(target, -1);
	switch (judgement.outcome) {
	case OUTCOME_SENT:
		settle_sent(target, batch);
		tally_success(target, clock_now());
		suspects_passed(target, judgement.is_news);
		time_limit_note(target, judgement.took);
		target->is_accepted |= !is_outdated(attempt);
		target->refusals = 0;
		break;
	case OUTCOME_SPLIT:
		if (is_outdated(attempt)) {
			put_back(target, batch);
			break;
		}
		split(target, batch, &judgement);
		if (target->refusals >= REFUSALS_MOST) {
			judgement.outcome = OUTCOME_HOLD;
			pauses = true;
		}
		break;
	case OUTCOME_RETRY:
	case OUTCOME_HOLD:
		pauses = true;
		if (is_outdated(attempt))
			put_back(target, batch);
		else
			pauses = suspects_failed(target, batch, &judgement);
		break;
	}
	if (pauses)
		target_pause(target, &judgement);
	else if (judgement.outcome == OUTCOME_SENT || judgement.outcome == OUTCOME_SPLIT) {
		if (judgement.is_news)
			target_resume(target);
	}
}

void target_configure(struct target *target, struct config *config)
{
	struct config *before = target->config;

	target->options = config_destination(config, target->name);
	target->config = config_share(config);
	config_release(before);
	if (target->options == NULL) {
		if (target->unclaimed > 0 || target->ready != NULL)
			log_line(LOG_WARNING,
				"messages wait for a destination that is not configured: they are "
				"kept",
				LOG_STRING("destination", target->name),
				LOG_STRING("next", "configure it again, and they are sent"));
		return;
	}
	target->is_accepted = false;
	if (target->pause.failures == 0)
		target->window = target->options->batches_in_flight;
	if (target->holding)
		target->resume_at = target->pause.paused_until = 0;
	target->refusals = 0;
}

void target_free(struct target *target)
{
	let_go(target);
	config_release(target->config);
	free(target->name);
	free(target);
}
