/* The sender's requests to the engine: the next batch, and what became of the last. */
#include "send/lane_task.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- claims ---- */

static int run_claim(struct engine *engine, struct task *task, struct error *error)
{
	struct errand *errand = (struct errand *)task;
	struct message *messages = NULL;
	int result = engine_claim(engine, errand->target->name, &errand->limits,
		batch_arena(errand->batch), &messages, &errand->batch->count, error);

	errand->batch->messages = messages;
	return result;
}

/* Counts off what a claim took. Less than waited when it was asked for is a full batch, and the
 * rest goes at once; what came since has its own time to wait. */
static void count_off(struct target *target, const struct errand *errand)
{
	int64_t count = (int64_t)errand->batch->count;

	target->unclaimed = target->unclaimed > count ? target->unclaimed - count : 0;
	if (count >= errand->expected && target->options != NULL)
		target->flush_at = errand->asked + target->options->batch_wait;
}

static void take_claim(struct sender *sender, struct note *note)
{
	struct errand *errand = errand_of(note);
	struct target *target = errand->target;

	(void)sender;
	errand_back(errand);
	target->claiming = false;
	if (errand->result != 0) {
		target->claim_at = clock_monotonic() + AGAIN_PAUSE;
	} else if (errand->batch->count == 0) {
		target->unclaimed = 0; /* they were taken with earlier ones */
	} else {
		count_off(target, errand);
		batch_measure(errand->batch);
		ready_append(target, errand->batch);
		errand->batch = NULL;
	}
	errand_free(errand);
}

bool settle_claim(struct target *target)
{
	struct errand *errand = errand_create(target, run_claim, take_claim);

	if (errand == NULL)
		return false;
	errand->limits.bytes = memory_of_claim(target);
	errand->batch = batch_create(errand->limits.bytes / 4);
	if (errand->batch == NULL) {
		errand_free(errand);
		return false;
	}
	errand->asked = clock_monotonic();
	errand->expected = target->unclaimed;
	errand->limits.messages = (size_t)target->options->batch_messages;
	target->claiming = true;
	errand_submit(errand);
	return true;
}

static int run_renew(struct engine *engine, struct task *task, struct error *error)
{
	struct errand *errand = (struct errand *)task;

	return engine_unclaim(engine, errand->target->name, &errand->expected, error);
}

static void take_renewal(struct sender *sender, struct note *note)
{
	struct errand *errand = errand_of(note);
	struct target *target = errand->target;

	(void)sender;
	errand_back(errand);
	target->claiming = false;
	if (errand->result == 0) {
		target->stale = false;
		target->unclaimed = errand->expected;
		target->flush_at = clock_monotonic();
	} else {
		target->claim_at = clock_monotonic() + AGAIN_PAUSE;
	}
	errand_free(errand);
}

bool settle_renew(struct target *target)
{
	struct errand *errand = errand_create(target, run_renew, take_renewal);

	if (errand == NULL)
		return false;
	target->claiming = true;
	errand_submit(errand);
	return true;
}

/* ---- settlements ---- */

void settle_again(struct sender *sender)
{
	struct note *note = sender->later;

	if (clock_monotonic() < sender->later_at)
		return;
	for (struct target *target = sender->targets; target != NULL; target = target->next)
		if (target->unsaid)
			settle_pause(target);
	sender->later = NULL;
	while (note != NULL) {
		struct note *next = note->next;

		errand_submit(errand_of(note));
		note = next;
	}
}

void settle_give_up(struct sender *sender)
{
	while (sender->later != NULL) {
		struct note *note = sender->later;

		sender->later = note->next;
		errand_free(errand_of(note));
	}
}

static int run_sent(struct engine *engine, struct task *task, struct error *error)
{
	struct errand *errand = (struct errand *)task;

	return engine_settle_sent(engine, errand->target->name, errand->ids, errand->count, error);
}

static int run_dead(struct engine *engine, struct task *task, struct error *error)
{
	struct errand *errand = (struct errand *)task;

	return engine_settle_dead(engine, errand->target->name, errand->batch->messages[0].id,
		errand->status, errand->words, &errand->dead, error);
}

static void take_dead(struct sender *sender, struct note *note)
{
	const struct errand *errand = errand_of(note);
	const struct refused refused = {
		.message = &errand->batch->messages[0],
		.id = errand->dead,
		.status = errand->status,
		.words = errand->words,
	};

	if (errand->result == 0 && errand->dead != 0)
		dead_log(errand->target, &refused);
	errand_settled(sender, note);
}

void settle_sent(struct target *target, struct batch *batch)
{
	struct errand *errand = errand_create(target, run_sent, errand_settled);

	if (errand != NULL)
		errand->ids = malloc(batch->count * sizeof(*errand->ids));
	if (errand == NULL || errand->ids == NULL) {
		errand_give_up(target, batch);
		if (errand != NULL)
			errand_free(errand);
		return;
	}
	errand->count = batch->count;
	for (size_t i = 0; i < batch->count; i++)
		errand->ids[i] = batch->messages[i].id;
	errand->is_set_aside = batch->is_set_aside;
	batch_free(batch);
	errand_submit(errand);
}

void settle_dead(struct target *target, struct batch *batch, long status, const char *words)
{
	struct errand *errand = errand_create(target, run_dead, take_dead);

	if (errand == NULL) {
		errand_give_up(target, batch);
		return;
	}
	errand->batch = batch;
	errand->is_set_aside = batch->is_set_aside;
	errand_leaves(errand);
	errand->status = status;
	(void)snprintf(errand->words, sizeof(errand->words), "%s", words);
	errand_submit(errand);
}

static int run_pause(struct engine *engine, struct task *task, struct error *error)
{
	struct errand *errand = (struct errand *)task;

	errand->pause.name = errand->target->name;
	return engine_pause(engine, &errand->pause, error);
}

/* What the store could not take is said again, as it is by then. No stop waits for that: the next
 * failure says it, too. */
static void take_pause(struct sender *sender, struct note *note)
{
	struct errand *errand = errand_of(note);

	errand_back(errand);
	if (errand->result != 0) {
		errand->target->unsaid = true;
		sender->later_at = clock_monotonic() + AGAIN_PAUSE;
	}
	errand_free(errand);
}

void settle_pause(struct target *target)
{
	struct errand *errand = errand_create(target, run_pause, take_pause);

	target->unsaid = errand == NULL;
	if (errand == NULL) {
		target->sender->later_at = clock_monotonic() + AGAIN_PAUSE;
		return;
	}
	errand->pause = target->pause;
	errand_submit(errand);
}
