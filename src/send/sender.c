/* The sender's thread: its inbox, its lanes, its loop. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "send/suspects.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_WAIT = SECOND, STOPPING_WAIT = 50 };

/* ---- the inbox ---- */

/* The lane of a destination, created when new. NULL without memory. */
static struct lane *lane_of(struct sender *sender, const char *name)
{
	struct lane *lane;

	for (lane = sender->lanes; lane != NULL; lane = lane->next)
		if (strcmp(lane->name, name) == 0)
			return lane;
	lane = calloc(1, sizeof(*lane));
	if (lane == NULL)
		return NULL;
	lane->sender = sender;
	lane->window = 1;
	lane->set_aside_at = INT64_MAX;
	lane->name = strdup(name);
	if (lane->name == NULL) {
		free(lane);
		return NULL;
	}
	(void)pthread_mutex_lock(&sender->mutex);
	lane->next = sender->lanes;
	sender->lanes = lane;
	(void)pthread_mutex_unlock(&sender->mutex);
	return lane;
}

struct queued_mail {
	struct mail mail;
	int64_t messages;
	char name[];
};

static void on_queued(struct sender *sender, struct mail *mail)
{
	struct queued_mail *queued = (struct queued_mail *)mail;
	struct lane *lane = lane_of(sender, queued->name);

	if (lane != NULL) {
		if (lane->unclaimed == 0 && lane->options != NULL)
			lane->flush_at = clock_monotonic() + lane->options->batch_wait;
		lane->unclaimed += queued->messages;
		suspects_queued(lane);
	}
	free(queued);
}

void sender_queued(void *context, const char *destination, int64_t messages)
{
	struct sender *sender = context;
	size_t length = strlen(destination) + 1;
	struct queued_mail *queued = malloc(sizeof(*queued) + length);

	if (queued == NULL) {
		(void)atomic_fetch_add(&sender->missed, messages);
		return;
	}
	queued->mail.handle = on_queued;
	queued->messages = messages;
	memcpy(queued->name, destination, length);
	inbox_post(sender, &queued->mail);
}

static void on_removed(struct sender *sender, struct mail *mail)
{
	struct queued_mail *removed = (struct queued_mail *)mail;
	struct lane *lane = lane_of(sender, removed->name);

	if (lane != NULL) {
		lane->stale = true;
		(void)engine_wipe_excerpt(&lane->pause);
	}
	free(removed);
}

/* Without memory for the name, every lane frees its copies: an erased person must not be sent. */
void sender_removed(void *context, const char *destination)
{
	struct sender *sender = context;
	size_t length = strlen(destination) + 1;
	struct queued_mail *removed = malloc(sizeof(*removed) + length);

	if (removed == NULL) {
		atomic_store(&sender->removed, true);
		(void)curl_multi_wakeup(sender->multi);
		return;
	}
	removed->mail.handle = on_removed;
	memcpy(removed->name, destination, length);
	inbox_post(sender, &removed->mail);
}

/* The destination of a missed message is not known, so each lane claims until it has no more. */
static void count_missed(const struct sender *sender, int64_t missed)
{
	if (missed == 0)
		return;
	for (struct lane *lane = sender->lanes; lane != NULL; lane = lane->next) {
		if (lane->unclaimed == 0)
			lane->flush_at = clock_monotonic();
		lane->unclaimed += missed;
	}
}

/* Missed messages are counted after the mails are handled: an empty claim among them may be older.
 * Removed messages are handled after them, too: a claim among them may contain such a message. */
static void read_inbox(struct sender *sender)
{
	int64_t missed = atomic_exchange(&sender->missed, 0);
	struct mail *mail = inbox_read(sender);
	bool removed;

	while (mail != NULL) {
		struct mail *next = mail->next;

		mail->handle(sender, mail);
		mail = next;
	}
	removed = atomic_exchange(&sender->removed, false);
	for (struct lane *lane = sender->lanes; lane != NULL; lane = lane->next)
		lane->stale |= removed;
	count_missed(sender, missed);
}

/* ---- destinations ---- */

static void configure(struct sender *sender, struct config *config)
{
	for (size_t i = 0; i < config->destination_count + config->deletion_count; i++)
		(void)lane_of(sender, config->destinations[i].name);
	for (struct lane *lane = sender->lanes; lane != NULL; lane = lane->next)
		lane_configure(lane, config);
}

static void apply_config(struct sender *sender)
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

/* Steps all lanes. Returns the ms until the next step. */
static int64_t step_all(struct sender *sender)
{
	int64_t now = clock_monotonic();
	int64_t next = now + LONGEST_WAIT;

	claim_memory_measure(sender);
	for (struct lane *lane = sender->lanes; lane != NULL; lane = lane->next) {
		int64_t due = lane_step(lane, now);

		if (due < next)
			next = due;
	}
	return next > now ? next - now : 0;
}

/* Whether the thread may end: nothing is in flight and all is acknowledged, or the grace time is
 * over and the engine has no task of the sender. */
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
	return late || sender->failed_acks == NULL;
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
		read_inbox(sender);
		apply_config(sender);
		acks_retry(sender);
		transfers_run(sender);
		if (!is_stopping(sender))
			wait = step_all(sender);
		transfers_wait(sender, wait);
	}
	return NULL;
}

/* ---- starting and stopping ---- */

struct restore {
	struct task task;
	struct sender *sender;
};

/* Restores waiting messages and pauses from before the last stop. */
static int run_restore(struct engine *engine, struct task *task, struct error *error)
{
	struct sender *sender = ((struct restore *)task)->sender;
	size_t count;
	const struct destination_state *states = engine_destinations(engine, &count);

	for (size_t i = 0; i < count; i++) {
		struct lane *lane = lane_of(sender, states[i].name);

		if (lane == NULL)
			return error_set(error, "no memory");
		lane_restore(lane, &states[i]);
	}
	return 0;
}

static void free_sender(struct sender *sender)
{
	read_inbox(sender);
	acks_abandon(sender);
	attempt_abort_all(sender);
	while (sender->lanes != NULL) {
		struct lane *lane = sender->lanes;

		sender->lanes = lane->next;
		lane_free(lane);
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
	struct restore restore = {.task = {.run = run_restore}, .sender = made};
	int problem;

	if (made == NULL)
		return error_set(error, "no memory");
	made->engine = engine;
	made->last_mail = &made->first_mail;
	(void)pthread_mutex_init(&made->mutex, NULL);
	curl_easy_cleanup(
		http_handle()); /* libcurl's global initialisation, before the thread starts */
	made->multi = curl_multi_init();
	made->names = names_create(transfers_wake, made);
	atomic_store(&made->heartbeat, clock_monotonic());
	if (made->multi == NULL || made->names == NULL) {
		(void)error_set(error, "no memory");
		goto failed;
	}
	if (engine_call(engine, &restore.task, error) != 0)
		goto failed;
	configure(made, config);
	problem = pthread_create(&made->thread, NULL, run, made);
	if (problem != 0) {
		(void)error_set(error, "cannot start the sender's thread: %s", strerror(problem));
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
