/* A batch: messages that are posted together. */
#ifndef SEGRELAY_SEND_BATCH_H
#define SEGRELAY_SEND_BATCH_H

#include "base/arena.h"
#include "base/text.h"
#include "config/config.h"
#include "store/store.h"

#include <stdbool.h>

/* Bytes of a request's body at the most: under Segment's 500 KB, as its libraries keep it. */
enum { BATCH_BYTES_MAX = 475000 };

struct batch {
	const struct message *messages; /* in the arena, which halves share */
	size_t count;
	size_t bytes;     /* of the messages' JSON */
	int64_t attempts; /* that were made */
	struct shared_arena *arena;
	/* What is known of a batch that failed: see suspects.c. */
	int64_t failures; /* attempts that reached the destination and failed */
	int64_t passes;   /* of the target when it failed last, or the batch that it is a part of */
	bool is_suspect;  /* a message in it may be the cause */
	bool is_set_aside; /* one message, claimed alone */
	bool is_limited;   /* rate limits count as its own failures: see rate_limits.c */
	bool is_slow;      /* it failed after a long time: see time_limits.c */
	bool follows;      /* goes only after the part before it has left: they belong together */
	struct batch *next;
};

/* An empty batch with an arena for messages of about `bytes`, to be filled by a claim: once
 * messages are claimed, nothing that can fail stands between them and the batch. NULL when there is
 * no memory. */
struct batch *batch_create(size_t bytes);

/* Where its messages are to live. */
struct arena *batch_arena(const struct batch *batch);

/* Counts its bytes, once its messages are known. */
void batch_measure(struct batch *batch);

/* The bytes of messages that it holds in memory: its part of an arena that goes only with the last
 * of the batches that share it. */
size_t batch_held(const struct batch *batch);

/* Parts a batch of two or more into halves; itself stays the first one. Messages that belong
 * together (with_next) stay together, unless the batch has nothing else: then the second half
 * `follows`. The second, or NULL when there is no memory. */
struct batch *batch_halve(struct batch *batch);

/* Parts a batch after the first message and those that belong together with it. The rest, or NULL
 * when there is no memory. Not for a unit. */
struct batch *batch_detach(struct batch *batch);

/* Whether all messages of a batch belong together. */
bool batch_is_unit(const struct batch *batch);

void batch_free(struct batch *batch);

/* The bytes that messages may take in a batch for a destination. */
size_t batch_room(const struct destination *destination);

/* Writes the request's body for an attempt made `now`: {"batch":[…],"sentAt":…,"writeKey":…}.
 * sentAt is that of the attempt: Segment corrects clocks by it (its spec, "Common Fields"). */
void batch_write(const struct batch *batch, const struct destination *destination, int64_t now,
	struct text *body);

#endif
