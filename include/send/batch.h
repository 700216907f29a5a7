/* A batch: messages that are posted together. */
#ifndef SEGRELAY_SEND_BATCH_H
#define SEGRELAY_SEND_BATCH_H

#include "base/arena.h"
#include "base/text.h"
#include "config/config.h"
#include "store/store.h"

#include <stdbool.h>

/* Maximum of bytes of a request's body, as in Segment's libraries. Segment's limit is 500 KB. */
enum { BATCH_BYTES_MAX = 475000 };

struct batch {
	const struct message *messages; /* in the arena, which parts of a batch share */
	size_t count;
	size_t bytes;     /* of the messages' JSON */
	int64_t attempts; /* made so far */
	struct shared_arena *arena;
	/* State of a batch that failed: see suspects.c. */
	int64_t failures;         /* attempts that reached the destination and failed */
	int64_t accepted_batches; /* of the lane when it, or the batch that it is a part of, failed
				     last */
	bool is_suspect;          /* a message in it may be the cause */
	bool is_set_aside;        /* one message, claimed alone */
	bool is_limited;          /* rate limits count as its own failures: see rate_limits.c */
	bool is_slow;             /* it failed after a long time: see time_limits.c */
	bool follows;             /* it belongs to the part before it, which must leave first */
	struct batch *next;
};

/* Creates an empty batch with an arena for messages of about `bytes`. It is created before the
 * claim, so that nothing can fail between the claim and the batch. NULL without memory. */
struct batch *batch_create(size_t bytes);

/* The arena of its messages. */
struct arena *batch_arena(const struct batch *batch);

/* Counts the bytes of its messages, after they are set. */
void batch_measure(struct batch *batch);

/* The bytes of memory that it holds: its part of the arena. The arena is freed with the last batch
 * that shares it. */
size_t batch_held(const struct batch *batch);

/* Splits a batch of two or more messages into halves. The batch keeps the first half. Messages that
 * belong together (with_next) are separated only when the batch has no others; then the second half
 * `follows`. Returns the second half, or NULL without memory. */
struct batch *batch_halve(struct batch *batch);

/* Splits a batch after its first unit (messages that belong together). Returns the rest, or NULL
 * without memory. Not for a batch that is one unit. */
struct batch *batch_detach(struct batch *batch);

/* Whether all messages of a batch belong together. */
bool batch_is_unit(const struct batch *batch);

void batch_free(struct batch *batch);

/* The maximum of the messages' bytes in a batch for a destination. */
size_t batch_room(const struct destination *destination);

/* Writes the body of a request: {"batch":[…],"sentAt":…,"writeKey":…}. `now` is the time of the
 * attempt in ms since 1970. Segment corrects clocks by sentAt (Segment Spec, "Common Fields"). */
void batch_write(const struct batch *batch, const struct destination *destination, int64_t now,
	struct text *body);

#endif
