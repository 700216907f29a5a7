/* The body of a request as it arrives, bounded alone and together with all others. */
#include "receive/body.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Memory is not taken on the word of a Content-Length: it grows with what has arrived. */
enum { FIRST_CAPACITY = 64 * 1024 };

static size_t larger_capacity(const struct body *body, size_t needed)
{
	size_t capacity = body->capacity > 0 ? body->capacity * 2 : FIRST_CAPACITY;

	if (capacity < needed)
		capacity = needed;
	if (capacity > body->most)
		capacity = body->most;
	if (body->expected >= needed && capacity > body->expected)
		capacity = body->expected;
	return capacity;
}

static enum verdict grow(struct body *body, size_t needed)
{
	size_t capacity = larger_capacity(body, needed);
	int64_t more = (int64_t)(capacity - body->capacity);
	int64_t before = atomic_fetch_add_explicit(body->of_all, more, memory_order_relaxed);
	char *bytes = NULL;

	if ((uint64_t)(before + more) <= body->most_of_all)
		bytes = realloc(body->bytes, capacity);
	if (bytes == NULL) {
		(void)atomic_fetch_sub_explicit(body->of_all, more, memory_order_relaxed);
		return VERDICT_MEMORY;
	}
	body->bytes = bytes;
	body->capacity = capacity;
	return VERDICT_NONE;
}

enum verdict body_add(struct body *body, const void *bytes, size_t length)
{
	enum verdict verdict = VERDICT_NONE;

	if (length > body->most - body->length)
		verdict = VERDICT_TOO_LARGE;
	else if (length > body->capacity - body->length)
		verdict = grow(body, body->length + length);
	if (verdict != VERDICT_NONE) {
		body_free(body);
		return verdict;
	}
	memcpy(body->bytes + body->length, bytes, length);
	body->length += length;
	return VERDICT_NONE;
}

void body_free(struct body *body)
{
	free(body->bytes);
	(void)atomic_fetch_sub_explicit(
		body->of_all, (int64_t)body->capacity, memory_order_relaxed);
	body->bytes = NULL;
	body->length = 0;
	body->capacity = 0;
}
