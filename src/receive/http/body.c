/* The body of a request as it arrives, bounded alone and together with all others. */
#include "receive/http/body.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Memory is not taken on the word of a Content-Length: it grows with what has arrived. */
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

/* Takes bytes of a bound that bodies share; false, and takes none, when they are not there. What is
 * not there is never taken for a moment either: another body would be refused for it. */
static bool take(_Atomic int64_t *taken, int64_t more, size_t most)
{
	int64_t before = atomic_load_explicit(taken, memory_order_relaxed);

	do {
		if ((uint64_t)(before + more) > most)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		taken, &before, before + more, memory_order_relaxed, memory_order_relaxed));
	return true;
}

static void give(_Atomic int64_t *taken, int64_t bytes)
{
	(void)atomic_fetch_sub_explicit(taken, bytes, memory_order_relaxed);
}

/* A body is small when it announces so; one that announces nothing may become large. */
static bool take_as_large(struct body *body, size_t capacity)
{
	if (body->expected > 0 && body->expected <= SMALL)
		return true;
	if (!take(body->of_large, (int64_t)(capacity - body->large), body->most_of_large))
		return false;
	body->large = capacity;
	return true;
}

static enum verdict grow(struct body *body, size_t needed)
{
	size_t capacity = larger_capacity(body, needed);
	int64_t more = (int64_t)(capacity - body->capacity);
	char *bytes = NULL;

	/* What it takes as a large one is given back with the body. */
	if (!take_as_large(body, capacity) || !take(body->of_all, more, body->most_of_all))
		return VERDICT_MEMORY;
	bytes = realloc(body->bytes, capacity);
	if (bytes == NULL) {
		give(body->of_all, more);
		return VERDICT_MEMORY;
	}
	body->bytes = bytes;
	body->capacity = capacity;
	return VERDICT_NONE;
}

size_t body_most_of_large(int64_t max_in_memory, int64_t max_body)
{
	int64_t most = max_in_memory - max_in_memory / 8;

	if (most < max_body)
		most = max_body < max_in_memory ? max_body : max_in_memory;
	return (size_t)most;
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
	give(body->of_all, (int64_t)body->capacity);
	give(body->of_large, (int64_t)body->large);
	body->large = 0;
	body->bytes = NULL;
	body->length = 0;
	body->capacity = 0;
}
