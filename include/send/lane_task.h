/* The sender's requests to the engine, shared by settle*.c. */
#ifndef SEGRELAY_SEND_LANE_TASK_H
#define SEGRELAY_SEND_LANE_TASK_H

#include "base/clock.h"
#include "send/sender_private.h"

enum { AGAIN_PAUSE = SECOND };

/* A request and the note that brings its outcome back. */
struct errand {
	struct task task; /* first: the engine gives its address back */
	struct note note;
	struct target *target;
	int result;
	struct batch *batch; /* to be filled by a claim, or to be settled */
	struct claim_limits limits;
	int64_t asked;    /* when a claim was: ms of the monotonic clock */
	int64_t expected; /* messages that waited then */
	int64_t *ids;     /* of what was sent */
	size_t count;
	long status;
	char words[ANSWER_WORDS + 1];
	int64_t dead; /* the id of the dead letter */
	struct destination_state pause;
	struct failed_alone failure;
	struct set_aside_result set_aside;
	struct message message; /* of a claim alone */
	bool found;
	int64_t wait;
	bool is_set_aside; /* what is settled was claimed alone */
};

/* The request of a note. */
struct errand *errand_of(struct note *note);

/* A request of a target: `run` is called by the engine, `take` with the outcome in the sender's
 * thread. NULL without memory. */
struct errand *errand_create(struct target *target,
	int (*run)(struct engine *engine, struct task *task, struct error *error),
	void (*take)(struct sender *sender, struct note *note));

void errand_submit(struct errand *errand);

/* The engine is done with it. */
void errand_back(const struct errand *errand);

void errand_free(struct errand *errand);

/* Takes the outcome of a settlement: what the store could not take is kept, to be said again. */
void errand_settled(struct sender *sender, struct note *note);

/* Notes that the batch of an errand leaves the outbox; what follows it is not posted before the
 * store has that: until the errand is freed. */
void errand_leaves(struct errand *errand);

/* Gives a batch up that cannot be settled: it stays in the outbox, and is claimed again. */
void errand_give_up(struct target *target, struct batch *batch);

#endif
