/* The sender's requests to the engine about messages that are set aside. */
#include "send/lane_task.h"

#include "base/clock.h"
#include "send/suspects.h"

#include <stdio.h>

static int run_set_aside(struct engine *engine, struct task *task, struct error *error)
{
	struct errand *errand = (struct errand *)task;

	return engine_set_aside(
		engine, errand->target->name, &errand->failure, &errand->set_aside, error);
}

static void take_set_aside(struct sender *sender, struct note *note)
{
	const struct errand *errand = errand_of(note);

	if (errand->result == 0)
		set_aside_note(errand->target, &errand->failure, &errand->batch->messages[0],
			&errand->set_aside);
	errand_settled(sender, note);
}

void settle_set_aside(struct target *target, struct batch *batch, const struct judgement *judgement)
{
	struct errand *errand = errand_create(target, run_set_aside, take_set_aside);

	if (errand == NULL) {
		errand_give_up(target, batch);
		return;
	}
	errand->batch = batch;
	errand->is_set_aside = batch->is_set_aside;
	errand_leaves(errand);
	(void)snprintf(errand->words, sizeof(errand->words), "%s", judgement->words);
	errand->failure = (struct failed_alone){
		.message = batch->messages[0].id,
		.status = judgement->status,
		.reason = errand->words,
		.wait = judgement->wait,
		.poison_after = target->options != NULL ? target->options->poison_after : DAY,
	};
	errand_submit(errand);
}

static int run_claim_set_aside(struct engine *engine, struct task *task, struct error *error)
{
	struct errand *errand = (struct errand *)task;

	return engine_claim_set_aside(engine, errand->target->name, batch_arena(errand->batch),
		&errand->message, &errand->found, &errand->wait, error);
}

static void take_claim_set_aside(struct sender *sender, struct note *note)
{
	struct errand *errand = errand_of(note);
	struct target *target = errand->target;
	struct message *message = arena_alloc(batch_arena(errand->batch), sizeof(*message));
	int64_t now = clock_monotonic();

	(void)sender;
	errand_back(errand);
	target->set_aside_claiming = false;
	if (errand->result != 0 || message == NULL) {
		target->set_aside_at = now + AGAIN_PAUSE;
	} else if (errand->found) {
		*message = errand->message;
		errand->batch->messages = message;
		errand->batch->count = 1;
		errand->batch->is_set_aside = true;
		batch_measure(errand->batch);
		target->set_aside = errand->batch;
		errand->batch = NULL;
	} else {
		target->set_aside_at =
			errand->wait < INT64_MAX - now ? now + errand->wait : INT64_MAX;
	}
	errand_free(errand);
}

bool settle_claim_set_aside(struct target *target)
{
	struct errand *errand = errand_create(target, run_claim_set_aside, take_claim_set_aside);

	if (errand == NULL)
		return false;
	errand->batch = batch_create(4096);
	if (errand->batch == NULL) {
		errand_free(errand);
		return false;
	}
	target->set_aside_claiming = true;
	errand_submit(errand);
	return true;
}
