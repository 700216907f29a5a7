/* A store of its own for each test, and short words for what tests do with it. */
#ifndef SEGRELAY_TESTS_STORING_H
#define SEGRELAY_TESTS_STORING_H

#include "unit.h"

#include "store/store.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The store to test: what comes before and behind the test's folder in its URL. */
struct storing {
	const char *before;
	const char *behind;
};
static struct storing storing = {"sqlite:", "/test.db"};

struct given {
	char folder[64];
	char url[128];
	struct store *store;
	struct arena *arena;
	struct error error;
};

static inline void reopen(struct given *given)
{
	store_close(given->store);
	given->store = NULL;
	if (store_open(given->url, &given->store, NULL, &given->error) != 0)
		fail_msg("%s", given->error.text);
}

static inline int set_up(void **state)
{
	struct given *given = calloc(1, sizeof(*given));

	(void)snprintf(given->folder, sizeof(given->folder), "/tmp/segrelay-store-XXXXXX");
	assert_non_null(mkdtemp(given->folder));
	(void)snprintf(given->url, sizeof(given->url), "%s%s%s", storing.before, given->folder,
		storing.behind);
	given->arena = arena_create(1024);
	reopen(given);
	*state = given;
	return 0;
}

static inline int tear_down(void **state)
{
	struct given *given = *state;
	char command[128];

	store_close(given->store);
	arena_destroy(given->arena);
	(void)snprintf(command, sizeof(command), "rm -r '%s'", given->folder);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test */
	free(given);
	return 0;
}

static inline void begin(struct given *given)
{
	assert_int_equal(store_begin(given->store, &given->error), 0);
}

static inline void commit(struct given *given)
{
	assert_int_equal(store_commit(given->store, &given->error), 0);
}

static inline struct delivery a_delivery(const char *topic, unsigned char fingerprint)
{
	struct delivery delivery = {.shop = "a.myshopify.com",
		.topic = topic,
		.webhook_id = "w-1",
		.received = 1000,
		.body = "{\"id\":1}",
		.body_length = 8};

	memset(delivery.fingerprint, fingerprint, sizeof(delivery.fingerprint));
	return delivery;
}

/* Queues a message of `size` bytes. */
static inline int64_t queue(
	struct given *given, const char *destination, size_t size, bool with_next)
{
	char json[4096];
	struct message message = {.destination = destination,
		.shop = "a.myshopify.com",
		.event = "Order Completed",
		.with_next = with_next,
		.queued = 5000,
		.delivery = 1,
		.json = json,
		.json_length = size};

	memset(json, 'x', sizeof(json));
	assert_int_equal(store_queue(given->store, &message, &given->error), 0);
	return message.id;
}

static inline size_t claim(struct given *given, const char *destination, size_t most, size_t bytes,
	struct message **messages)
{
	struct claim_limits limits = {most, bytes};
	size_t count = 0;

	assert_int_equal(store_claim(given->store, destination, &limits, given->arena, messages,
				 &count, &given->error),
		0);
	return count;
}

#endif
