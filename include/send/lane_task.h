/* Tasks that the sender gives to the engine: claims and acknowledgements. Shared by acks*.c. */
#ifndef SEGRELAY_SEND_LANE_TASK_H
#define SEGRELAY_SEND_LANE_TASK_H

#include "base/clock.h"
#include "send/sender_private.h"

enum { AGAIN_PAUSE = SECOND };

/* A task, and the mail that returns its result to the sender's thread. */
struct lane_task {
	struct task task; /* first: the engine passes its address */
	struct mail mail;
	struct lane *lane;
	int result;
	struct batch *batch; /* to be filled by a claim, or acknowledged */
	struct claim_limits limits;
	int64_t asked;    /* ms of the monotonic clock when a claim was submitted */
	int64_t expected; /* messages that waited then */
	int64_t *ids;     /* of the messages sent */
	size_t count;
	long status;
	char excerpt[EXCERPT_MAX + 1];
	int64_t dead; /* the id of the dead letter */
	struct destination_state pause;
	struct failed_alone failure;
	struct set_aside_result set_aside;
	struct message message; /* the one that is set aside and was claimed */
	bool found;
	int64_t wait;
	bool is_set_aside; /* the acknowledged message was set aside */
};

/* The task of a mail. */
struct lane_task *lane_task_of(struct mail *mail);

/* Creates a task of a lane. The engine's thread calls `run`, then the sender's thread `handle`.
 * NULL without memory. */
struct lane_task *lane_task_create(struct lane *lane,
	int (*run)(struct engine *engine, struct task *task, struct error *error),
	void (*handle)(struct sender *sender, struct mail *mail));

/* Submits it to the engine. */
void lane_task_submit(struct lane_task *lane_task);

/* Records that the engine has finished it. */
void lane_task_returned(const struct lane_task *lane_task);

void lane_task_free(struct lane_task *lane_task);

/* Handles the result of an acknowledgement: frees it, or keeps it to be submitted again when the
 * store failed. */
void lane_task_acked(struct sender *sender, struct mail *mail);

/* Marks the task's batch as leaving the outbox. A part that follows it is not posted before the
 * task is freed, when the store has its outcome. */
void lane_task_leaves(struct lane_task *lane_task);

/* Frees a batch that cannot be acknowledged. It stays in the outbox, and is claimed again. */
void lane_task_abandon(struct lane *lane, struct batch *batch);

#endif
