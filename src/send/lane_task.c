/* The sender's requests to the engine on their way there and back. */
#include "send/lane_task.h"

#include "base/clock.h"
#include "send/suspects.h"

#include <stdlib.h>

struct errand *errand_of(struct note *note)
{
	return (struct errand *)((char *)note - offsetof(struct errand, note));
}

static void bring_back(struct task *task, int result, const struct error *error)
{
	struct errand *errand = (struct errand *)task;

	(void)error; /* the engine logs what its store says */
	errand->result = result;
	inbox_post(errand->target->sender, &errand->note);
}

void errand_leaves(struct errand *errand)
{
	errand->batch->next = errand->target->leaving;
	errand->target->leaving = errand->batch;
}

static void take_out_leaving(const struct errand *errand)
{
	struct batch **at = &errand->target->leaving;

	while (*at != NULL && *at != errand->batch)
		at = &(*at)->next;
	if (*at != NULL)
		*at = errand->batch->next;
}

void errand_free(struct errand *errand)
{
	take_out_leaving(errand);
	batch_free(errand->batch);
	free(errand->ids);
	free(errand);
}

struct errand *errand_create(struct target *target,
	int (*run)(struct engine *engine, struct task *task, struct error *error),
	void (*take)(struct sender *sender, struct note *note))
{
	struct errand *errand = calloc(1, sizeof(*errand));

	if (errand == NULL)
		return NULL;
	errand->task.run = run;
	errand->task.done = bring_back;
	errand->note.take = take;
	errand->target = target;
	return errand;
}

void errand_submit(struct errand *errand)
{
	errand->target->sender->outstanding++;
	errand->target->outstanding++;
	engine_submit(errand->target->sender->engine, &errand->task);
}

/* The engine is done with an errand. */
void errand_back(const struct errand *errand)
{
	errand->target->sender->outstanding--;
	errand->target->outstanding--;
}

void set_aside_settled(struct target *target)
{
	target->set_aside_unsettled = false;
	target->set_aside_at = clock_monotonic();
}

/* What the store could not take is kept, to be said again: the messages were sent, and must not be
 * sent again by this process. */
void errand_settled(struct sender *sender, struct note *note)
{
	struct errand *errand = errand_of(note);

	errand_back(errand);
	if (errand->result == 0) {
		if (errand->is_set_aside)
			set_aside_settled(errand->target);
		errand_free(errand);
		return;
	}
	note->next = sender->later;
	sender->later = note;
	sender->later_at = clock_monotonic() + AGAIN_PAUSE;
}

/* Without memory for the errand the batch is given up. It stays in the outbox, so it is claimed and
 * sent again: soon, while Segment still knows its ids. */
void errand_give_up(struct target *target, struct batch *batch)
{
	if (batch->is_set_aside)
		set_aside_settled(target);
	batch_free(batch);
	target->stale = true;
}
