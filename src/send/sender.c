/* The sender's thread: its inbox, its destinations, its loop. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "send/suspects.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_WAIT = SECOND, STOPPING_WAIT = 50 };

/* ---- the inbox ---- */

/* The target of a name, made when new; NULL without memory. */
static struct target *target_of(struct sender *sender, const char *name)
{
	struct target *target;

	for (target = sender->targets; target != NULL; target = target->next)
		if (strcmp(target->name, name) == 0)
			return target;
	target = calloc(1, sizeof(*target));
	if (target == NULL)
		return NULL;
	target->sender = sender;
	target->window = 1;
	target->set_aside_at = INT64_MAX;
	target->name = strdup(name);
	if (target->name == NULL) {
		free(target);
		return NULL;
	}
	(void)pthread_mutex_lock(&sender->mutex);
	target->next = sender->targets;
	sender->targets = target;
	(void)pthread_mutex_unlock(&sender->mutex);
	return target;
}

struct queued_note {
	struct note note;
	int64_t messages;
	char name[];
};

static void take_queued(struct sender *sender, struct note *note)
{
	struct queued_note *queued = (struct queued_note *)note;
	struct target *target = target_of(sender, queued->name);

	if (target != NULL) {
		if (target->unclaimed == 0 && target->options != NULL)
			target->flush_at = clock_monotonic() + target->options->batch_wait;
		target->unclaimed += queued->messages;
		suspects_queued(target);
	}
	free(queued);
}

void sender_queued(void *context, const char *destination, int64_t messages)
{
	struct sender *sender = context;
	size_t length = strlen(destination) + 1;
	struct queued_note *queued = malloc(sizeof(*queued) + length);

	if (queued == NULL) {
		(void)atomic_fetch_add(&sender->missed, messages);
		return;
	}
	queued->note.take = take_queued;
	queued->messages = messages;
	memcpy(queued->name, destination, length);
	inbox_post(sender, &queued->note);
}

static void take_removed(struct sender *sender, struct note *note)
{
	struct queued_note *removed = (struct queued_note *)note;
	struct target *target = target_of(sender, removed->name);

	if (target != NULL) {
		target->stale = true;
		(void)engine_wipe_excerpt(&target->pause);
	}
	free(removed);
}

/* Without memory to say whose they were, all let go: who was forgotten must not be sent. */
void sender_removed(void *context, const char *destination)
{
	struct sender *sender = context;
	size_t length = strlen(destination) + 1;
	struct queued_note *removed = malloc(sizeof(*removed) + length);

	if (removed == NULL) {
		atomic_store(&sender->removed, true);
		(void)curl_multi_wakeup(sender->multi);
		return;
	}
	removed->note.take = take_removed;
	memcpy(removed->name, destination, length);
	inbox_post(sender, &removed->note);
}

/* Nobody knows whose they were: each destination is asked for all of them, until it has no more. */
static void count_missed(const struct sender *sender, int64_t missed)
{
	if (missed == 0)
		return;
	for (struct target *target = sender->targets; target != NULL; target = target->next) {
		if (target->unclaimed == 0)
			target->flush_at = clock_monotonic();
		target->unclaimed += missed;
	}
}

/* What was missed is counted behind the notes: a claim among them that found nothing may be older.
 * What was removed is looked for behind them, too: a claim among them may have taken it before. */
static void take_notes(struct sender *sender)
{
	int64_t missed = atomic_exchange(&sender->missed, 0);
	struct note *note = inbox_take(sender);
	bool removed;

	while (note != NULL) {
		struct note *next = note->next;

		note->take(sender, note);
		note = next;
	}
	removed = atomic_exchange(&sender->removed, false);
	for (struct target *target = sender->targets; target != NULL; target = target->next)
		target->stale |= removed;
	count_missed(sender, missed);
}

/* ---- destinations ---- */

static void configure(struct sender *sender, struct config *config)
{
	for (size_t i = 0; i < config->destination_count + config->deletion_count; i++)
		(void)target_of(sender, config->destinations[i].name);
	for (struct target *target = sender->targets; target != NULL; target = target->next)
		target_configure(target, config);
}

static void take_config(struct sender *sender)
{
	struct config *config;

	(void)pthread_mutex_lock(&sender->mutex);
	config = sender->next_config;
	sender->next_config = NULL;
	(void)pthread_mutex_unlock(&sender->mutex);
	if (config == NULL)
		return;
	configure(sender, config);
	config_release(config);
}

/* ---- the loop ---- */

/* Starts what can be started; the ms until something is due. */
static int64_t step_all(struct sender *sender)
{
	int64_t now = clock_monotonic();
	int64_t next = now + LONGEST_WAIT;

	memory_measure(sender);
	for (struct target *target = sender->targets; target != NULL; target = target->next) {
		int64_t due = target_step(target, now);

		if (due < next)
			next = due;
	}
	return next > now ? next - now : 0;
}

/* Whether the thread may end: nothing in flight and all settled, or the time is over and the engine
 * has nothing of ours any more. */
static bool may_end(struct sender *sender)
{
	bool stopping;
	bool late;

	(void)pthread_mutex_lock(&sender->mutex);
	stopping = sender->stopping;
	late = clock_monotonic() >= sender->stop_at;
	(void)pthread_mutex_unlock(&sender->mutex);
	if (!stopping)
		return false;
	if (late)
		attempt_abort_all(sender);
	if (sender->attempts != NULL || sender->outstanding > 0)
		return false;
	return late || sender->later == NULL;
}

static bool is_stopping(struct sender *sender)
{
	bool stopping;

	(void)pthread_mutex_lock(&sender->mutex);
	stopping = sender->stopping;
	(void)pthread_mutex_unlock(&sender->mutex);
	return stopping;
}

static void *run(void *context)
{
	struct sender *sender = context;

	while (!may_end(sender)) {
		int64_t wait = STOPPING_WAIT;

		atomic_store(&sender->heartbeat, clock_monotonic());
		take_notes(sender);
		take_config(sender);
		settle_again(sender);
		transfers_go_on(sender);
		if (!is_stopping(sender))
			wait = step_all(sender);
		transfers_wait(sender, wait);
	}
	return NULL;
}

/* ---- starting and stopping ---- */

struct recall {
	struct task task;
	struct sender *sender;
};

/* What waits and who is paused, from before the last stop. */
static int run_recall(struct engine *engine, struct task *task, struct error *error)
{
	struct sender *sender = ((struct recall *)task)->sender;
	size_t count;
	const struct destination_state *states = engine_destinations(engine, &count);

	for (size_t i = 0; i < count; i++) {
		struct target *target = target_of(sender, states[i].name);

		if (target == NULL)
			return error_set(error, "no memory");
		target_recall(target, &states[i]);
	}
	return 0;
}

static void free_sender(struct sender *sender)
{
	take_notes(sender);
	settle_give_up(sender);
	attempt_abort_all(sender);
	while (sender->targets != NULL) {
		struct target *target = sender->targets;

		sender->targets = target->next;
		target_free(target);
	}
	config_release(sender->next_config);
	names_stop(sender->names);
	(void)curl_multi_cleanup(sender->multi);
	(void)pthread_mutex_destroy(&sender->mutex);
	free(sender);
}

int sender_start(
	struct engine *engine, struct config *config, struct sender **sender, struct error *error)
{
	struct sender *made = calloc(1, sizeof(*made));
	struct recall recall = {.task = {.run = run_recall}, .sender = made};
	int problem;

	if (made == NULL)
		return error_set(error, "no memory");
	made->engine = engine;
	made->last_note = &made->notes;
	(void)pthread_mutex_init(&made->mutex, NULL);
	curl_easy_cleanup(http_handle()); /* curl's global set-up: before our thread starts */
	made->multi = curl_multi_init();
	made->names = names_create(transfers_wake, made);
	atomic_store(&made->heartbeat, clock_monotonic());
	if (made->multi == NULL || made->names == NULL) {
		(void)error_set(error, "no memory");
		goto failed;
	}
	if (engine_call(engine, &recall.task, error) != 0)
		goto failed;
	configure(made, config);
	problem = pthread_create(&made->thread, NULL, run, made);
	if (problem != 0) {
		(void)error_set(error, "no thread for the sender: %s", strerror(problem));
		goto failed;
	}
	*sender = made;
	return 0;
failed:
	free_sender(made);
	return -1;
}

void sender_reload(struct sender *sender, struct config *config)
{
	struct config *before;

	(void)pthread_mutex_lock(&sender->mutex);
	before = sender->next_config;
	sender->next_config = config_share(config);
	(void)pthread_mutex_unlock(&sender->mutex);
	config_release(before);
	(void)curl_multi_wakeup(sender->multi);
}

void sender_stop(struct sender *sender, int64_t grace)
{
	if (sender == NULL)
		return;
	(void)pthread_mutex_lock(&sender->mutex);
	sender->stopping = true;
	sender->stop_at = clock_monotonic() + grace;
	(void)pthread_mutex_unlock(&sender->mutex);
	(void)curl_multi_wakeup(sender->multi);
	(void)pthread_join(sender->thread, NULL);
	free_sender(sender);
}

int64_t sender_heartbeat(const struct sender *sender)
{
	return atomic_load(&sender->heartbeat);
}
