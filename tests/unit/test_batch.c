/* Packing messages into a request's body, and parting a batch. */
#include "storing.h"

#include "base/clock.h"
#include "base/gzip.h"
#include "send/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define KEY "k3y-of-the-blue-kettle"
#define LONG_KEY KEY KEY KEY KEY KEY KEY KEY KEY
#define QUOTES "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"" /* each is escaped */

static char key[] = KEY;
static char name[] = "main";
static const struct destination destination = {.name = name, .write_key = key};

/* A batch of messages {"n":1}, {"n":2}, … */
static struct batch *make_batch(size_t count)
{
	struct batch *batch = batch_create(1000);
	struct message *messages;

	assert_non_null(batch);
	messages = arena_alloc(batch_arena(batch), count * sizeof(*messages));
	assert_non_null(messages);
	for (size_t i = 0; i < count; i++) {
		char *json = arena_format(batch_arena(batch), "{\"n\":%zu}", i + 1);

		assert_non_null(json);
		messages[i] = (struct message){
			.id = (int64_t)i + 1, .json = json, .json_length = strlen(json)};
	}
	batch->messages = messages;
	batch->count = count;
	return batch;
}

static void writes_the_body_exactly(void **state)
{
	struct batch *batch = make_batch(3);
	struct text body = {0};

	(void)state;
	batch_write(batch, &destination, time_parse("2026-11-23T10:00:00.250Z"), &body);
	assert_false(body.failed);
	assert_string_equal(body.data,
		"{\"batch\":[{\"n\":1},{\"n\":2},{\"n\":3}],"
		"\"sentAt\":\"2026-11-23T10:00:00.250Z\",\"writeKey\":\"" KEY "\"}");
	assert_int_equal(body.length, strlen(body.data));
	text_free(&body);
	batch_free(batch);
}

static void sent_at_is_that_of_the_attempt(void **state)
{
	struct batch *batch = make_batch(1);
	struct text first = {0};
	struct text second = {0};

	(void)state;
	batch_write(batch, &destination, 0, &first);
	batch_write(batch, &destination, MINUTE, &second);
	assert_non_null(strstr(first.data, "\"sentAt\":\"1970-01-01T00:00:00.000Z\""));
	assert_non_null(strstr(second.data, "\"sentAt\":\"1970-01-01T00:01:00.000Z\""));
	text_free(&first);
	text_free(&second);
	batch_free(batch);
}

/* Messages that fill the room to the last byte: the body must not be over the limit. */
static void the_room_keeps_to_the_limit(void **state)
{
	static const char *const keys[] = {"k", KEY, LONG_KEY, QUOTES QUOTES};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		char *copy = strdup(keys[i]);
		struct destination other = {.name = name, .write_key = copy};
		struct batch *batch = batch_create(1000);
		size_t room = batch_room(&other);
		char *json = malloc(room);
		struct message message = {.json = json, .json_length = room - 1};
		struct text body = {0};

		assert_non_null(batch);
		assert_non_null(json);
		memset(json, '1', room);
		batch->messages = &message;
		batch->count = 1;
		batch_write(batch, &other, clock_now(), &body);
		assert_false(body.failed);
		assert_in_range(body.length, BATCH_BYTES_MAX - 400, BATCH_BYTES_MAX);
		text_free(&body);
		batch_free(batch);
		free(json);
		free(copy);
	}
}

enum { MESSAGES = 200 };

/* Queues messages that fill a batch to its last byte, and `more`; as many as fit are claimed into
 * the batch. */
static size_t claim_full(struct given *given, size_t more, struct batch *batch)
{
	const struct claim_limits limits = {MESSAGES + 1, batch_room(&destination)};
	size_t left = limits.bytes - MESSAGES; /* each has a byte between it and the next */
	struct message *messages;

	begin(given);
	for (size_t i = 0; i < MESSAGES; i++) {
		size_t size = left / (MESSAGES - i);

		(void)queue(given, name, i + 1 < MESSAGES ? size : size + more, false);
		left -= size;
	}
	assert_int_equal(store_claim(given->store, name, &limits, batch_arena(batch), &messages,
				 &batch->count, &given->error),
		0);
	commit(given);
	batch->messages = messages;
	batch_measure(batch);
	return limits.bytes - MESSAGES;
}

/* As large as it may be, it is one request; with a byte more, the last message goes with the next.
 */
static void a_full_batch_keeps_to_the_limit(void **state)
{
	for (size_t more = 0; more <= 1; more++) {
		struct batch *batch = batch_create(1000);
		struct text body = {0};
		void *given;
		size_t room;

		(void)state;
		assert_int_equal(set_up(&given), 0);
		assert_non_null(batch);
		room = claim_full(given, more, batch);
		assert_int_equal(batch->count, MESSAGES - more);
		if (more == 0)
			assert_int_equal(batch->bytes, room);
		batch_write(batch, &destination, clock_now(), &body);
		assert_false(body.failed);
		assert_in_range(body.length, batch->bytes, BATCH_BYTES_MAX);
		text_free(&body);
		batch_free(batch);
		assert_int_equal(tear_down(&given), 0);
	}
}

/* Halves down to single messages, in order, none twice and none missing. */
static void halves_until_each_stands_alone(void **state)
{
	enum { COUNT = 37 };
	struct batch *ready = make_batch(COUNT);
	int64_t expected = 1;

	(void)state;
	while (ready != NULL) {
		struct batch *batch = ready;

		if (batch->count > 1) {
			struct batch *rest = batch->next;
			struct batch *second = batch_halve(batch);

			assert_non_null(second);
			assert_true(second->count >= batch->count);
			assert_true(second->count - batch->count <= 1);
			second->next = rest;
			batch->next = second;
			continue;
		}
		assert_int_equal(batch->count, 1);
		assert_int_equal(batch->messages[0].id, expected++);
		ready = batch->next;
		batch_free(batch);
	}
	assert_int_equal(expected, COUNT + 1);
}

/* The messages live as long as the last part of the batch, in whichever order the parts go. */
static void parts_share_their_messages(void **state)
{
	struct batch *first = make_batch(4);
	struct batch *second = batch_halve(first);
	struct batch *third = batch_halve(first);

	(void)state;
	assert_non_null(second);
	assert_non_null(third);
	batch_free(first);
	batch_free(third);
	assert_int_equal(second->count, 2);
	assert_string_equal(second->messages[1].json, "{\"n\":4}");
	batch_free(second);
	batch_free(NULL);
}

/* One message that stays keeps the memory of all that were claimed with it. */
static void what_is_held_goes_with_the_last_part(void **state)
{
	struct batch *first = make_batch(8);
	struct batch *second;
	struct batch *third;
	size_t whole;

	(void)state;
	batch_measure(first);
	whole = first->bytes;
	assert_int_equal(batch_held(first), whole);
	second = batch_halve(first);
	third = batch_detach(second);
	assert_in_range(
		batch_held(first) + batch_held(second) + batch_held(third), whole - 2, whole);
	batch_free(first);
	assert_in_range(batch_held(second) + batch_held(third), whole - 1, whole);
	batch_free(third);
	assert_int_equal(second->count, 1);
	assert_int_equal(batch_held(second), whole);
	batch_free(second);
}

static void compresses_to_gzip(void **state)
{
	struct batch *batch = make_batch(500);
	struct text body = {0};
	struct text compressed = {0};
	struct text again = {0};
	z_stream stream = {0};

	(void)state;
	batch_write(batch, &destination, 0, &body);
	assert_int_equal(gzip_compress(body.data, body.length, GZIP_FAST, &compressed), 0);
	assert_true(compressed.length < body.length / 2);
	assert_memory_equal(compressed.data, "\x1f\x8b", 2);
	assert_true(text_reserve(&again, body.length + 1));
	stream.next_in = (Bytef *)compressed.data;
	stream.avail_in = (uInt)compressed.length;
	stream.next_out = (Bytef *)again.data;
	stream.avail_out = (uInt)again.capacity;
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, body.length);
	assert_memory_equal(again.data, body.data, body.length);
	(void)inflateEnd(&stream);
	text_free(&again);
	text_free(&compressed);
	text_free(&body);
	batch_free(batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_body_exactly),
		cmocka_unit_test(sent_at_is_that_of_the_attempt),
		cmocka_unit_test(the_room_keeps_to_the_limit),
		cmocka_unit_test(a_full_batch_keeps_to_the_limit),
		cmocka_unit_test(halves_until_each_stands_alone),
		cmocka_unit_test(parts_share_their_messages),
		cmocka_unit_test(what_is_held_goes_with_the_last_part),
		cmocka_unit_test(compresses_to_gzip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
