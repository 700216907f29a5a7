/* The sender's tasks for the engine that concern messages set aside. */
#include "send/lane_task.h"

#include "base/clock.h"
#include "send/suspects.h"

#include <stdio.h>

static int run_set_aside(struct engine *engine, struct task *task, struct error *error)
{
	struct lane_task *lane_task = (struct lane_task *)task;

	return engine_set_aside(
		engine, lane_task->lane->name, &lane_task->failure, &lane_task->set_aside, error);
}

static void on_set_aside_done(struct sender *sender, struct mail *mail)
{
	const struct lane_task *lane_task = lane_task_of(mail);

	if (lane_task->result == 0)
		set_aside_update(lane_task->lane, &lane_task->failure,
			&lane_task->batch->messages[0], &lane_task->set_aside);
	lane_task_acked(sender, mail);
}

void ack_set_aside(struct lane *lane, struct batch *batch, const struct attempt_result *result)
{
	struct lane_task *lane_task = lane_task_create(lane, run_set_aside, on_set_aside_done);

	if (lane_task == NULL) {
		lane_task_abandon(lane, batch);
		return;
	}
	lane_task->batch = batch;
	lane_task->is_set_aside = batch->is_set_aside;
	lane_task_leaves(lane_task);
	(void)snprintf(lane_task->excerpt, sizeof(lane_task->excerpt), "%s", result->excerpt);
	lane_task->failure = (struct failed_alone){
		.message = batch->messages[0].id,
		.status = result->status,
		.reason = lane_task->excerpt,
		.wait = result->wait,
		.poison_after = lane->options != NULL ? lane->options->poison_after : DAY,
	};
	lane_task_submit(lane_task);
}

static int run_claim_set_aside(struct engine *engine, struct task *task, struct error *error)
{
	struct lane_task *lane_task = (struct lane_task *)task;

	return engine_claim_set_aside(engine, lane_task->lane->name, batch_arena(lane_task->batch),
		&lane_task->message, &lane_task->found, &lane_task->wait, error);
}

static void on_claim_set_aside_done(struct sender *sender, struct mail *mail)
{
	struct lane_task *lane_task = lane_task_of(mail);
	struct lane *lane = lane_task->lane;
	struct message *message = arena_alloc(batch_arena(lane_task->batch), sizeof(*message));
	int64_t now = clock_monotonic();

	(void)sender;
	lane_task_returned(lane_task);
	lane->set_aside_claiming = false;
	if (lane_task->result != 0 || message == NULL) {
		lane->set_aside_at = now + AGAIN_PAUSE;
	} else if (lane_task->found) {
		*message = lane_task->message;
		lane_task->batch->messages = message;
		lane_task->batch->count = 1;
		lane_task->batch->is_set_aside = true;
		batch_measure(lane_task->batch);
		lane->set_aside = lane_task->batch;
		lane_task->batch = NULL;
	} else {
		lane->set_aside_at =
			lane_task->wait < INT64_MAX - now ? now + lane_task->wait : INT64_MAX;
	}
	lane_task_free(lane_task);
}

bool claim_set_aside(struct lane *lane)
{
	struct lane_task *lane_task =
		lane_task_create(lane, run_claim_set_aside, on_claim_set_aside_done);

	if (lane_task == NULL)
		return false;
	lane_task->batch = batch_create(4096);
	if (lane_task->batch == NULL) {
		lane_task_free(lane_task);
		return false;
	}
	lane->set_aside_claiming = true;
	lane_task_submit(lane_task);
	return true;
}
