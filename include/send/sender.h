/* Sends the outbox to Segment: one thread that posts batches by libcurl. */
#ifndef SEGRELAY_SEND_SENDER_H
#define SEGRELAY_SEND_SENDER_H

#include "base/error.h"
#include "base/text.h"
#include "config/config.h"
#include "engine/engine.h"

struct sender;

/* Starts the thread. It claims messages from the engine, which must outlive it, and keeps a
 * reference to the configuration. 0, or -1 with the error. */
int sender_start(
	struct engine *engine, struct config *config, struct sender **sender, struct error *error);

/* Announces that messages of a destination were queued. The engine's hook, called in its thread;
 * `context` is the sender. */
void sender_queued(void *context, const char *destination, int64_t messages);

/* Announces that messages of a destination were removed. The copies in memory are freed and claimed
 * again. The engine's hook, called in its thread. */
void sender_removed(void *context, const char *destination);

/* Uses another configuration. Ends a pause that a configuration error caused, so that the new write
 * key or URL is tried. */
void sender_reload(struct sender *sender, struct config *config);

/* Starts no new attempt, waits up to `grace` ms for those in flight and their acknowledgements,
 * then ends the thread and frees the sender. Unsent messages stay in the outbox. NULL is allowed.
 */
void sender_stop(struct sender *sender, int64_t grace);

/* The time of the last turn of the sender's loop, in ms of clock_monotonic(). For the watchdog. */
int64_t sender_heartbeat(const struct sender *sender);

/* Adds the Prometheus metrics of sending. From any thread. */
void sender_metrics(struct sender *sender, struct text *text);

#endif
