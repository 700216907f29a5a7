/* Tasks that the sender gives to the engine, and the return of their results. */
#include "send/lane_task.h"

#include "base/clock.h"
#include "send/suspects.h"

#include <stdlib.h>

struct lane_task *lane_task_of(struct mail *mail)
{
	return (struct lane_task *)((char *)mail - offsetof(struct lane_task, mail));
}

static void on_done(struct task *task, int result, const struct error *error)
{
	struct lane_task *lane_task = (struct lane_task *)task;

	(void)error; /* the engine logs it */
	lane_task->result = result;
	inbox_post(lane_task->lane->sender, &lane_task->mail);
}

void lane_task_leaves(struct lane_task *lane_task)
{
	lane_task->batch->next = lane_task->lane->leaving;
	lane_task->lane->leaving = lane_task->batch;
}

static void remove_leaving(const struct lane_task *lane_task)
{
	struct batch **at = &lane_task->lane->leaving;

	while (*at != NULL && *at != lane_task->batch)
		at = &(*at)->next;
	if (*at != NULL)
		*at = lane_task->batch->next;
}

void lane_task_free(struct lane_task *lane_task)
{
	remove_leaving(lane_task);
	batch_free(lane_task->batch);
	free(lane_task->ids);
	free(lane_task);
}

struct lane_task *lane_task_create(struct lane *lane,
	int (*run)(struct engine *engine, struct task *task, struct error *error),
	void (*handle)(struct sender *sender, struct mail *mail))
{
	struct lane_task *lane_task = calloc(1, sizeof(*lane_task));

	if (lane_task == NULL)
		return NULL;
	lane_task->task.run = run;
	lane_task->task.done = on_done;
	lane_task->mail.handle = handle;
	lane_task->lane = lane;
	return lane_task;
}

void lane_task_submit(struct lane_task *lane_task)
{
	lane_task->lane->sender->outstanding++;
	lane_task->lane->outstanding++;
	engine_submit(lane_task->lane->sender->engine, &lane_task->task);
}

void lane_task_returned(const struct lane_task *lane_task)
{
	lane_task->lane->sender->outstanding--;
	lane_task->lane->outstanding--;
}

void set_aside_acked(struct lane *lane)
{
	lane->set_aside_unacked = false;
	lane->set_aside_at = clock_monotonic();
}

/* An acknowledgement that failed is kept and submitted again: the messages were sent, and this
 * process must not send them again. */
void lane_task_acked(struct sender *sender, struct mail *mail)
{
	struct lane_task *lane_task = lane_task_of(mail);

	lane_task_returned(lane_task);
	if (lane_task->result == 0) {
		if (lane_task->is_set_aside)
			set_aside_acked(lane_task->lane);
		lane_task_free(lane_task);
		return;
	}
	mail->next = sender->failed_acks;
	sender->failed_acks = mail;
	sender->retry_at = clock_monotonic() + AGAIN_PAUSE;
}

/* The batch stays in the outbox. It is claimed and sent again soon, while Segment still removes
 * duplicates by messageId. */
void lane_task_abandon(struct lane *lane, struct batch *batch)
{
	if (batch->is_set_aside)
		set_aside_acked(lane);
	batch_free(batch);
	lane->stale = true;
}
