/* The sender's tasks for the engine: claims, acknowledgements and pauses. */
#include "send/lane_task.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- claims ---- */

static int run_claim(struct engine *engine, struct task *task, struct error *error)
{
	struct lane_task *lane_task = (struct lane_task *)task;
	struct message *messages = NULL;
	int result = engine_claim(engine, lane_task->lane->name, &lane_task->limits,
		batch_arena(lane_task->batch), &messages, &lane_task->batch->count, error);

	lane_task->batch->messages = messages;
	return result;
}

/* Subtracts the claimed messages. A claim of fewer messages than waited is a full batch, and the
 * rest is claimed at once. Messages that arrived after the claim get their own batch_wait. */
static void subtract_claimed(struct lane *lane, const struct lane_task *lane_task)
{
	int64_t count = (int64_t)lane_task->batch->count;

	lane->unclaimed = lane->unclaimed > count ? lane->unclaimed - count : 0;
	if (count >= lane_task->expected && lane->options != NULL)
		lane->flush_at = lane_task->asked + lane->options->batch_wait;
}

static void on_claim_done(struct sender *sender, struct mail *mail)
{
	struct lane_task *lane_task = lane_task_of(mail);
	struct lane *lane = lane_task->lane;

	(void)sender;
	lane_task_returned(lane_task);
	lane->claiming = false;
	if (lane_task->result != 0) {
		lane->claim_at = clock_monotonic() + AGAIN_PAUSE;
	} else if (lane_task->batch->count == 0) {
		lane->unclaimed = 0; /* an earlier claim got them */
	} else {
		subtract_claimed(lane, lane_task);
		batch_measure(lane_task->batch);
		ready_append(lane, lane_task->batch);
		lane_task->batch = NULL;
	}
	lane_task_free(lane_task);
}

bool claim_next(struct lane *lane)
{
	struct lane_task *lane_task = lane_task_create(lane, run_claim, on_claim_done);

	if (lane_task == NULL)
		return false;
	lane_task->limits.bytes = claim_memory_reserve(lane);
	lane_task->batch = batch_create(lane_task->limits.bytes / 4);
	if (lane_task->batch == NULL) {
		lane_task_free(lane_task);
		return false;
	}
	lane_task->asked = clock_monotonic();
	lane_task->expected = lane->unclaimed;
	lane_task->limits.messages = (size_t)lane->options->batch_messages;
	lane->claiming = true;
	lane_task_submit(lane_task);
	return true;
}

static int run_renew(struct engine *engine, struct task *task, struct error *error)
{
	struct lane_task *lane_task = (struct lane_task *)task;

	return engine_unclaim(engine, lane_task->lane->name, &lane_task->expected, error);
}

static void on_renewal_done(struct sender *sender, struct mail *mail)
{
	struct lane_task *lane_task = lane_task_of(mail);
	struct lane *lane = lane_task->lane;

	(void)sender;
	lane_task_returned(lane_task);
	lane->claiming = false;
	if (lane_task->result == 0) {
		lane->stale = false;
		lane->unclaimed = lane_task->expected;
		lane->flush_at = clock_monotonic();
	} else {
		lane->claim_at = clock_monotonic() + AGAIN_PAUSE;
	}
	lane_task_free(lane_task);
}

bool claims_renew(struct lane *lane)
{
	struct lane_task *lane_task = lane_task_create(lane, run_renew, on_renewal_done);

	if (lane_task == NULL)
		return false;
	lane->claiming = true;
	lane_task_submit(lane_task);
	return true;
}

/* ---- acknowledgements ---- */

void acks_retry(struct sender *sender)
{
	struct mail *mail = sender->failed_acks;

	if (clock_monotonic() < sender->retry_at)
		return;
	for (struct lane *lane = sender->lanes; lane != NULL; lane = lane->next)
		if (lane->pause_unsaved)
			save_pause(lane);
	sender->failed_acks = NULL;
	while (mail != NULL) {
		struct mail *next = mail->next;

		lane_task_submit(lane_task_of(mail));
		mail = next;
	}
}

void acks_abandon(struct sender *sender)
{
	while (sender->failed_acks != NULL) {
		struct mail *mail = sender->failed_acks;

		sender->failed_acks = mail->next;
		lane_task_free(lane_task_of(mail));
	}
}

static int run_sent(struct engine *engine, struct task *task, struct error *error)
{
	struct lane_task *lane_task = (struct lane_task *)task;

	return engine_ack_sent(
		engine, lane_task->lane->name, lane_task->ids, lane_task->count, error);
}

static int run_dead(struct engine *engine, struct task *task, struct error *error)
{
	struct lane_task *lane_task = (struct lane_task *)task;

	return engine_ack_dead(engine, lane_task->lane->name, lane_task->batch->messages[0].id,
		lane_task->status, lane_task->excerpt, &lane_task->dead, error);
}

static void on_dead_done(struct sender *sender, struct mail *mail)
{
	const struct lane_task *lane_task = lane_task_of(mail);
	const struct refused refused = {
		.message = &lane_task->batch->messages[0],
		.id = lane_task->dead,
		.status = lane_task->status,
		.excerpt = lane_task->excerpt,
	};

	if (lane_task->result == 0 && lane_task->dead != 0)
		dead_log(lane_task->lane, &refused);
	lane_task_acked(sender, mail);
}

void ack_sent(struct lane *lane, struct batch *batch)
{
	struct lane_task *lane_task = lane_task_create(lane, run_sent, lane_task_acked);

	if (lane_task != NULL)
		lane_task->ids = malloc(batch->count * sizeof(*lane_task->ids));
	if (lane_task == NULL || lane_task->ids == NULL) {
		lane_task_abandon(lane, batch);
		if (lane_task != NULL)
			lane_task_free(lane_task);
		return;
	}
	lane_task->count = batch->count;
	for (size_t i = 0; i < batch->count; i++)
		lane_task->ids[i] = batch->messages[i].id;
	lane_task->is_set_aside = batch->is_set_aside;
	batch_free(batch);
	lane_task_submit(lane_task);
}

void ack_dead(struct lane *lane, struct batch *batch, long status, const char *excerpt)
{
	struct lane_task *lane_task = lane_task_create(lane, run_dead, on_dead_done);

	if (lane_task == NULL) {
		lane_task_abandon(lane, batch);
		return;
	}
	lane_task->batch = batch;
	lane_task->is_set_aside = batch->is_set_aside;
	lane_task_leaves(lane_task);
	lane_task->status = status;
	(void)snprintf(lane_task->excerpt, sizeof(lane_task->excerpt), "%s", excerpt);
	lane_task_submit(lane_task);
}

static int run_pause(struct engine *engine, struct task *task, struct error *error)
{
	struct lane_task *lane_task = (struct lane_task *)task;

	lane_task->pause.name = lane_task->lane->name;
	return engine_pause(engine, &lane_task->pause, error);
}

/* A pause that the store did not accept is submitted again, with its state at that time. A stop
 * does not wait for it: the next failure stores it, too. */
static void on_pause_done(struct sender *sender, struct mail *mail)
{
	struct lane_task *lane_task = lane_task_of(mail);

	lane_task_returned(lane_task);
	if (lane_task->result != 0) {
		lane_task->lane->pause_unsaved = true;
		sender->retry_at = clock_monotonic() + AGAIN_PAUSE;
	}
	lane_task_free(lane_task);
}

void save_pause(struct lane *lane)
{
	struct lane_task *lane_task = lane_task_create(lane, run_pause, on_pause_done);

	lane->pause_unsaved = lane_task == NULL;
	if (lane_task == NULL) {
		lane->sender->retry_at = clock_monotonic() + AGAIN_PAUSE;
		return;
	}
	lane_task->pause = lane->pause;
	lane_task_submit(lane_task);
}
