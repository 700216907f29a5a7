/* A batch: messages that are posted in one request. */
#include "send/batch.h"

#include "base/clock.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

struct shared_arena {
	struct arena *arena;
	size_t references;
	size_t bytes; /* of the claimed messages */
};

/* Bytes of the body around the messages, without the write key. */
enum { ENVELOPE = 128 };

static void release_arena(struct shared_arena *shared)
{
	if (--shared->references > 0)
		return;
	arena_destroy(shared->arena);
	free(shared);
}

struct batch *batch_create(size_t bytes)
{
	struct shared_arena *shared = malloc(sizeof(*shared));
	struct batch *batch = malloc(sizeof(*batch));
	struct arena *arena = arena_create(bytes);

	if (shared == NULL || batch == NULL || arena == NULL) {
		free(shared);
		free(batch);
		arena_destroy(arena);
		return NULL;
	}
	*shared = (struct shared_arena){.arena = arena, .references = 1};
	*batch = (struct batch){.arena = shared};
	return batch;
}

struct arena *batch_arena(const struct batch *batch)
{
	return batch->arena->arena;
}

void batch_measure(struct batch *batch)
{
	batch->bytes = 0;
	for (size_t i = 0; i < batch->count; i++)
		batch->bytes += batch->messages[i].json_length;
	if (batch->arena->bytes < batch->bytes)
		batch->arena->bytes = batch->bytes;
}

size_t batch_held(const struct batch *batch)
{
	return batch->arena->bytes / batch->arena->references;
}

/* Splits a batch before the message at `first_count`. */
static struct batch *split(struct batch *batch, size_t first_count)
{
	struct batch *second = malloc(sizeof(*second));

	if (second == NULL)
		return NULL;
	*second = *batch;
	second->messages += first_count;
	second->count -= first_count;
	second->next = NULL;
	second->follows = batch->messages[first_count - 1].with_next;
	batch->count = first_count;
	batch_measure(batch);
	batch_measure(second);
	batch->arena->references++;
	return second;
}

/* The count of messages from the first one on that belong together. */
static size_t unit_of(const struct batch *batch)
{
	size_t count = 1;

	while (count < batch->count && batch->messages[count - 1].with_next)
		count++;
	return count;
}

bool batch_is_unit(const struct batch *batch)
{
	return unit_of(batch) == batch->count;
}

struct batch *batch_halve(struct batch *batch)
{
	size_t middle = batch->count / 2;
	size_t back = middle;

	while (back > 0 && batch->messages[back - 1].with_next)
		back--;
	if (back == 0)
		back = unit_of(batch);
	return split(batch, back < batch->count ? back : 1);
}

struct batch *batch_detach(struct batch *batch)
{
	return split(batch, unit_of(batch));
}

void batch_free(struct batch *batch)
{
	if (batch == NULL)
		return;
	release_arena(batch->arena);
	free(batch);
}

size_t batch_room(const struct destination *destination)
{
	return BATCH_BYTES_MAX - ENVELOPE - strlen(destination->write_key) * 2;
}

void batch_write(const struct batch *batch, const struct destination *destination, int64_t now,
	struct text *body)
{
	char sent_at[TIME_TEXT];
	size_t bytes = batch->bytes + batch->count + ENVELOPE + strlen(destination->write_key) * 2;

	if (destination->deletes) { /* the message is the whole body */
		text_add(body, batch->messages[0].json, batch->messages[0].json_length);
		return;
	}
	(void)text_reserve(
		body, bytes); /* one allocation; the caller sees a failure in body->failed */
	time_format(now, sent_at);
	text_put(body, "{\"batch\":[");
	for (size_t i = 0; i < batch->count; i++) {
		if (i > 0)
			text_put(body, ",");
		text_add(body, batch->messages[i].json, batch->messages[i].json_length);
	}
	text_put(body, "]");
	json_add_member(body, "sentAt", sent_at);
	json_add_member(body, "writeKey", destination->write_key);
	text_put(body, "}");
}
