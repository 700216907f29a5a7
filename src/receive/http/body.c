/* The body of a request while it arrives, with bounds for it and for all bodies together. */
#include "receive/http/body.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Memory is not allocated by Content-Length: it grows with the bytes that have arrived. */
enum { FIRST_CAPACITY = 64 * 1024, SMALL = FIRST_CAPACITY };

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

/* Reserves bytes of a shared limit; false, reserving none, when they are not available. The limit
 * is never exceeded even for a moment: another body would be rejected because of it. */
static bool reserve(_Atomic int64_t *taken, int64_t more, size_t most)
{
	int64_t before = atomic_load_explicit(taken, memory_order_relaxed);

	do {
		if ((uint64_t)(before + more) > most)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		taken, &before, before + more, memory_order_relaxed, memory_order_relaxed));
	return true;
}

static void release(_Atomic int64_t *taken, int64_t bytes)
{
	(void)atomic_fetch_sub_explicit(taken, bytes, memory_order_relaxed);
}

/* A body is small when its Content-Length says so; one without Content-Length may become large. */
static bool reserve_as_large(struct body *body, size_t capacity)
{
	if (body->expected > 0 && body->expected <= SMALL)
		return true;
	if (!reserve(body->of_large, (int64_t)(capacity - body->large), body->most_of_large))
		return false;
	body->large = capacity;
	return true;
}

static enum http_outcome grow(struct body *body, size_t needed)
{
	size_t capacity = larger_capacity(body, needed);
	int64_t more = (int64_t)(capacity - body->capacity);
	char *bytes = NULL;

	/* On failure, body_free returns what was reserved as large. */
	if (!reserve_as_large(body, capacity) || !reserve(body->of_all, more, body->most_of_all))
		return HTTP_MEMORY;
	bytes = realloc(body->bytes, capacity);
	if (bytes == NULL) {
		release(body->of_all, more);
		return HTTP_MEMORY;
	}
	body->bytes = bytes;
	body->capacity = capacity;
	return HTTP_UNDECIDED;
}

size_t body_most_of_large(int64_t max_in_memory, int64_t max_body)
{
	int64_t most = max_in_memory - max_in_memory / 8;

	if (most < max_body)
		most = max_body < max_in_memory ? max_body : max_in_memory;
	return (size_t)most;
}

enum http_outcome body_add(struct body *body, const void *bytes, size_t length)
{
	enum http_outcome outcome = HTTP_UNDECIDED;

	if (length > body->most - body->length)
		outcome = HTTP_TOO_LARGE;
	else if (length > body->capacity - body->length)
		outcome = grow(body, body->length + length);
	if (outcome != HTTP_UNDECIDED) {
		body_free(body);
		return outcome;
	}
	memcpy(body->bytes + body->length, bytes, length);
	body->length += length;
	return HTTP_UNDECIDED;
}

void body_free(struct body *body)
{
	free(body->bytes);
	release(body->of_all, (int64_t)body->capacity);
	release(body->of_large, (int64_t)body->large);
	body->large = 0;
	body->bytes = NULL;
	body->length = 0;
	body->capacity = 0;
}
