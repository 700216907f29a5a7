/* The sender's requests to the engine: the next batch, and what became of the last. */
#include "send/inside.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_PAUSE = SECOND };

/* A request and the note that brings its outcome back. */
struct errand {
	struct request request; /* first: the engine gives its address back */
	struct note note;
	struct sender *sender;
	char *name; /* of the destination */
	int result;
	struct arena *arena; /* of a claim */
	struct claim_limits limits;
	struct message *messages;
	size_t count;
	struct batch *batch; /* of a settlement */
	int64_t *ids;
	long status;
	char words[ANSWER_WORDS + 1];
	struct destination_state pause;
};

static struct errand *of_note(struct note *note)
{
	return (struct errand *)((char *)note - offsetof(struct errand, note));
}

static void bring_back(struct request *request, int result, const struct error *error)
{
	struct errand *errand = (struct errand *)request;

	(void)error; /* the engine logs what its store says */
	errand->result = result;
	sender_post(errand->sender, &errand->note);
}

static void free_errand(struct errand *errand)
{
	arena_destroy(errand->arena);
	batch_free(errand->batch);
	free(errand->ids);
	free(errand->name);
	free(errand);
}

static struct errand *make_errand(struct target *target,
	int (*run)(struct engine *engine, struct request *request, struct error *error),
	void (*take)(struct sender *sender, struct note *note))
{
	struct errand *errand = calloc(1, sizeof(*errand));

	if (errand == NULL)
		return NULL;
	errand->request.run = run;
	errand->request.done = bring_back;
	errand->note.take = take;
	errand->sender = target->sender;
	errand->name = strdup(target->name);
	if (errand->name == NULL) {
		free(errand);
		return NULL;
	}
	return errand;
}

static void submit(struct errand *errand)
{
	errand->sender->outstanding++;
	engine_submit(errand->sender->engine, &errand->request);
}

/* ---- claims ---- */

static int run_claim(struct engine *engine, struct request *request, struct error *error)
{
	struct errand *errand = (struct errand *)request;

	return engine_claim(engine, errand->name, &errand->limits, errand->arena, &errand->messages,
		&errand->count, error);
}

static void append(struct target *target, struct batch *batch)
{
	struct batch **end = &target->ready;

	while (*end != NULL)
		end = &(*end)->next;
	*end = batch;
}

static void take_claim(struct sender *sender, struct note *note)
{
	struct errand *errand = of_note(note);
	struct target *target = sender_target(sender, errand->name);
	struct batch *batch = NULL;

	sender->outstanding--;
	if (target != NULL) {
		target->claiming = false;
		if (errand->result != 0) {
			target->flush_at = clock_monotonic() + AGAIN_PAUSE;
		} else if (errand->count == 0) {
			target->unclaimed = 0;
		} else {
			batch = batch_create(errand->arena, errand->messages, errand->count);
			errand->arena = NULL;
			target->unclaimed -= (int64_t)errand->count;
			if (target->unclaimed < 0)
				target->unclaimed = 0;
		}
		if (batch != NULL)
			append(target, batch);
	}
	free_errand(errand);
}

bool settle_claim(struct target *target)
{
	struct errand *errand = make_errand(target, run_claim, take_claim);

	if (errand == NULL)
		return false;
	errand->arena = arena_create(batch_room(target->options) / 4);
	if (errand->arena == NULL) {
		free_errand(errand);
		return false;
	}
	errand->limits.messages = (size_t)target->options->batch_messages;
	errand->limits.bytes = batch_room(target->options);
	target->claiming = true;
	submit(errand);
	return true;
}

/* ---- settlements ---- */

/* What the store could not take is kept, to be said again: the messages were sent, and must not be
 * sent again by this process. */
static void take_settlement(struct sender *sender, struct note *note)
{
	struct errand *errand = of_note(note);

	sender->outstanding--;
	if (errand->result == 0) {
		free_errand(errand);
		return;
	}
	note->next = sender->later;
	sender->later = note;
	sender->later_at = clock_monotonic() + AGAIN_PAUSE;
}

void settle_again(struct sender *sender)
{
	struct note *note = sender->later;

	if (note == NULL || clock_monotonic() < sender->later_at)
		return;
	sender->later = NULL;
	while (note != NULL) {
		struct note *next = note->next;

		submit(of_note(note));
		note = next;
	}
}

static int run_sent(struct engine *engine, struct request *request, struct error *error)
{
	struct errand *errand = (struct errand *)request;

	return engine_settle_sent(engine, errand->name, errand->ids, errand->count, error);
}

static int run_dead(struct engine *engine, struct request *request, struct error *error)
{
	struct errand *errand = (struct errand *)request;

	return engine_settle_dead(engine, errand->name, errand->batch->messages[0].id,
		errand->status, errand->words, error);
}

/* Without memory for the errand the batch is dropped from memory: it stays in the outbox and is
 * sent again, with the same ids, after a restart. */
void settle_sent(struct target *target, struct batch *batch)
{
	struct errand *errand = make_errand(target, run_sent, take_settlement);

	if (errand != NULL)
		errand->ids = malloc(batch->count * sizeof(*errand->ids));
	if (errand == NULL || errand->ids == NULL) {
		batch_free(batch);
		if (errand != NULL)
			free_errand(errand);
		return;
	}
	errand->count = batch->count;
	for (size_t i = 0; i < batch->count; i++)
		errand->ids[i] = batch->messages[i].id;
	batch_free(batch);
	submit(errand);
}

void settle_dead(struct target *target, struct batch *batch, long status, const char *words)
{
	struct errand *errand = make_errand(target, run_dead, take_settlement);

	if (errand == NULL) {
		batch_free(batch);
		return;
	}
	errand->batch = batch;
	errand->status = status;
	(void)snprintf(errand->words, sizeof(errand->words), "%s", words);
	submit(errand);
}

static int run_pause(struct engine *engine, struct request *request, struct error *error)
{
	struct errand *errand = (struct errand *)request;

	errand->pause.name = errand->name;
	return engine_pause(engine, &errand->pause, error);
}

/* A pause that cannot be remembered now will be with the next failure. */
static void take_pause(struct sender *sender, struct note *note)
{
	sender->outstanding--;
	free_errand(of_note(note));
}

void settle_pause(struct target *target)
{
	struct errand *errand = make_errand(target, run_pause, take_pause);

	if (errand == NULL)
		return;
	errand->pause = target->pause;
	submit(errand);
}
