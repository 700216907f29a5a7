/* What a destination does next: claim, post, retry, split. */
#include "send/inside.h"

#include "base/clock.h"

#include <stdlib.h>

enum { MEMORY_PAUSE = SECOND };

static struct batch *take_ready(struct target *target)
{
	struct batch *batch = target->ready;

	target->ready = batch->next;
	batch->next = NULL;
	return batch;
}

static void put_first(struct target *target, struct batch *batch)
{
	batch->next = target->ready;
	target->ready = batch;
}

static void count_in_flight(struct target *target, int64_t change)
{
	target->in_flight += change;
	(void)pthread_mutex_lock(&target->sender->mutex);
	if (target->tally != NULL)
		target->tally->in_flight = target->in_flight;
	(void)pthread_mutex_unlock(&target->sender->mutex);
}

/* Posts the next batch; false when there is no memory for it now. */
static bool post_next(struct target *target)
{
	struct batch *batch = take_ready(target);

	if (!attempt_start(target, batch)) {
		put_first(target, batch);
		return false;
	}
	count_in_flight(target, 1);
	return true;
}

/* Whether what waits in the outbox shall go now: enough for a batch, or waiting for long enough. */
static bool wants_claim(const struct target *target, int64_t now)
{
	return !target->claiming && target->unclaimed > 0 &&
	       (target->unclaimed >= target->options->batch_messages || now >= target->flush_at);
}

int64_t target_step(struct target *target, int64_t now)
{
	if (target->options == NULL)
		return INT64_MAX;
	if (target_is_paused(target))
		return now + target->pause.paused_until - clock_now();
	while (target->in_flight < target->window && target->ready != NULL)
		if (!post_next(target))
			return now + MEMORY_PAUSE;
	if (target->in_flight >= target->window)
		return INT64_MAX;
	if (wants_claim(target, now) && !settle_claim(target))
		return now + MEMORY_PAUSE;
	return target->claiming || target->unclaimed == 0 ? INT64_MAX : target->flush_at;
}

/* Parts a refused batch; a message that stands alone is the culprit. */
static void split(struct target *target, struct batch *batch, long status, const char *words)
{
	struct batch *second;

	if (batch->count == 1) {
		settle_dead(target, batch, status, words);
		return;
	}
	(void)pthread_mutex_lock(&target->sender->mutex);
	if (target->tally != NULL)
		target->tally->splits++;
	(void)pthread_mutex_unlock(&target->sender->mutex);
	second = batch_halve(batch);
	if (second != NULL) {
		second->attempts = 0;
		put_first(target, second);
	}
	batch->attempts = 0; /* of this batch, which is another one than before */
	put_first(target, batch);
}

static int64_t asked_to_wait(CURL *handle)
{
	static const char *const names[] = {"Retry-After", "X-RateLimit-Reset"};
	struct curl_header *header;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (curl_easy_header(handle, names[i], 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
			return retry_after(header->value, clock_now());
	return -1;
}

void target_finish(struct target *target, struct attempt *attempt, CURLcode code)
{
	struct batch *batch = attempt->batch;
	char words[ANSWER_WORDS + 1];
	long status = 0;
	enum outcome outcome;

	(void)curl_easy_getinfo(attempt->handle, CURLINFO_RESPONSE_CODE, &status);
	outcome = retry_classify(code, status, text_string(&attempt->answer));
	attempt_words(attempt, code, words);
	tally_attempt(target, code, status, clock_monotonic() - attempt->started);
	count_in_flight(target, -1);
	switch (outcome) {
	case OUTCOME_SENT:
		settle_sent(target, batch);
		target_resume(target);
		break;
	case OUTCOME_SPLIT:
		split(target, batch, status, words);
		break;
	case OUTCOME_RETRY:
	case OUTCOME_HOLD:
		put_first(target, batch);
		target_pause(target, outcome, status, words, asked_to_wait(attempt->handle));
		break;
	}
}

void target_free(struct target *target)
{
	while (target->ready != NULL)
		batch_free(take_ready(target));
	config_release(target->config);
	free(target->name);
	free(target);
}
