/* From the outbox to Segment: one thread that posts batches with libcurl. */
#ifndef SEGRELAY_SEND_SENDER_H
#define SEGRELAY_SEND_SENDER_H

#include "base/error.h"
#include "base/text.h"
#include "config/config.h"
#include "engine/engine.h"

struct sender;

/* Starts the thread. It takes messages from the engine, which must outlive it, and keeps a
 * reference to the configuration. */
int sender_start(
	struct engine *engine, struct config *config, struct sender **sender, struct error *error);

/* Says that messages of a destination were queued: the engine's hook, with the sender as context.
 */
void sender_queued(void *context, const char *destination, int64_t messages);

/* Says that messages of a destination were removed: those that wait in memory are given up, and
 * claimed anew. The engine's hook, too. */
void sender_removed(void *context, const char *destination);

/* Uses another configuration; a pause for a refused write key ends, so that the new one is tried.
 */
void sender_reload(struct sender *sender, struct config *config);

/* Starts nothing new, waits up to `grace` ms for what is in flight, lets its outcome be settled,
 * ends the thread and frees the sender. What is not sent stays in the outbox. NULL is allowed. */
void sender_stop(struct sender *sender, int64_t grace);

/* When the sender's loop last turned, in ms of clock_monotonic(): for the watchdog. */
int64_t sender_heartbeat(const struct sender *sender);

/* Adds the Prometheus metrics of sending. From any thread. */
void sender_metrics(struct sender *sender, struct text *text);

#endif
