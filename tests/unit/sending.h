/* For the tests of the sender: two destinations between an outbox and a small Segment. Every wait
 * is bounded: a test fails rather than hangs. */
#ifndef SEGRELAY_TESTS_SENDING_H
#define SEGRELAY_TESTS_SENDING_H

#include "unit.h"

#include "base/clock.h"
#include "logging.h"
#include "outbox.h"
#include "segment.h"
#include "send/sender.h"

#include <stdlib.h>

#define KEY "k3y0fTheB1ueKett1e0000000000main"
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

enum { PATIENCE = 40 * SECOND };

static char url[64];
static struct destination destinations[2];
static struct config config;
static struct sender *sender;

static inline void set_up_config(void)
{
	static char names[2][8] = {"main", "other"};
	static char keys[2][40] = {KEY, OTHER_KEY};

	for (int i = 0; i < 2; i++)
		destinations[i] = (struct destination){.name = names[i],
			.write_key = keys[i],
			.url = url,
			.batch_messages = 100,
			.batch_wait = 20,
			.batches_in_flight = 4,
			.poison_after = DAY};
	config = (struct config){
		.destinations = destinations, .destination_count = 2, .references = 1};
}

static inline void start(void)
{
	struct error error = {.text = ""};

	if (sender_start(&engine, &config, &sender, &error) != 0)
		fail_msg("%s", error.text);
}

static inline int set_up(void **state)
{
	(void)state;
	log_configure(LOG_ERROR, LOG_TEXT);
	memset(&engine, 0, sizeof(engine));
	memset(&segment, 0, sizeof(segment));
	engine.last = &engine.first;
	set_up_config();
	for (int i = 0; i < 2; i++)
		engine.states[engine.state_count++].name = destinations[i].name;
	segment.behave = accept_all;
	(void)pthread_mutex_init(&segment.lock, NULL);
	(void)pthread_mutex_init(&engine.lock, NULL);
	(void)pthread_cond_init(&engine.changed, NULL);
	open_segment();
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", segment.port);
	return pthread_create(&engine.thread, NULL, run_engine, &engine);
}

static inline int tear_down(void **state)
{
	(void)state;
	sender_stop(sender, 0);
	sender = NULL;
	release_log();
	if (segment.listening >= 0)
		close_segment();
	(void)close(segment.held);
	(void)pthread_mutex_lock(&engine.lock);
	engine.stopping = true;
	(void)pthread_cond_broadcast(&engine.changed);
	(void)pthread_mutex_unlock(&engine.lock);
	(void)pthread_join(engine.thread, NULL);
	(void)pthread_mutex_destroy(&engine.lock);
	(void)pthread_cond_destroy(&engine.changed);
	(void)pthread_mutex_destroy(&segment.lock);
	return config.references == 1 ? 0 : -1; /* every reference was given back */
}

static inline void behave(void (*as)(struct visit *visit))
{
	(void)pthread_mutex_lock(&segment.lock);
	segment.behave = as;
	(void)pthread_mutex_unlock(&segment.lock);
}

/* Queues messages in the outbox without saying so. */
static inline void store(const char *destination, int count)
{
	(void)pthread_mutex_lock(&engine.lock);
	for (int i = 0; i < count; i++) {
		struct parcel *parcel = &engine.parcels[engine.count];

		assert_true(engine.count < MESSAGES_MAX);
		*parcel = (struct parcel){.destination = destination, .queued = clock_now()};
		(void)snprintf(parcel->json, sizeof(parcel->json),
			"{\"type\":\"track\",\"event\":\"Order Completed\",\"n\":%d}",
			engine.count++);
	}
	for (size_t i = 0; i < engine.state_count; i++)
		if (strcmp(engine.states[i].name, destination) == 0)
			engine.states[i].queued += count;
	(void)pthread_mutex_unlock(&engine.lock);
}

static inline void queue(const char *destination, int count)
{
	store(destination, count);
	sender_queued(sender, destination, count);
}

static inline int read_locked(pthread_mutex_t *lock, const int *counter)
{
	int value;

	(void)pthread_mutex_lock(lock);
	value = *counter;
	(void)pthread_mutex_unlock(lock);
	return value;
}

static inline void await(pthread_mutex_t *lock, const int *counter, int expected, const char *what)
{
	int64_t end = clock_monotonic() + PATIENCE;

	while (read_locked(lock, counter) < expected) {
		if (clock_monotonic() > end)
			fail_msg(
				"%s: %d instead of %d", what, read_locked(lock, counter), expected);
		(void)usleep(1000);
	}
}

static inline void await_sent(int count)
{
	await(&engine.lock, &engine.sent, count, "messages sent");
}

static inline void await_dead(int count)
{
	await(&engine.lock, &engine.dead, count, "dead letters");
}

static inline void await_visits(int count)
{
	await(&segment.lock, &segment.count, count, "requests");
}

static inline int visits(void)
{
	return read_locked(&segment.lock, &segment.count);
}

/* Each message but one (-1 for none) was accepted by Segment once, and acknowledged once. */
static inline void assert_sent_once(int but)
{
	(void)pthread_mutex_lock(&engine.lock);
	(void)pthread_mutex_lock(&segment.lock);
	for (int i = 0; i < engine.count; i++) {
		if (segment.accepted[i] != (i != but) || engine.parcels[i].sent != (i != but))
			fail_msg("message %d: sent %d times, acknowledged %d times", i,
				segment.accepted[i], engine.parcels[i].sent);
	}
	(void)pthread_mutex_unlock(&segment.lock);
	(void)pthread_mutex_unlock(&engine.lock);
}

static inline struct destination_state state_of(size_t at)
{
	struct destination_state copy;

	(void)pthread_mutex_lock(&engine.lock);
	copy = engine.states[at];
	(void)pthread_mutex_unlock(&engine.lock);
	return copy;
}

static inline bool is_paused(size_t at)
{
	return state_of(at).failures > 0;
}

static inline void await_paused(size_t at, bool paused)
{
	int64_t end = clock_monotonic() + PATIENCE;

	while (is_paused(at) != paused) {
		if (clock_monotonic() > end)
			fail_msg("destination %zu is %spaused", at, paused ? "not " : "");
		(void)usleep(1000);
	}
}

static inline int count_logged(const char *words)
{
	char *log = logged();
	int count = count_in(log, words);

	free(log);
	return count;
}

static inline void assert_logged(const char *words, bool expected)
{
	char *log = logged();

	if ((strstr(log, words) != NULL) != expected)
		fail_msg("\"%s\" is %sin the log:\n%s", words, expected ? "not " : "", log);
	free(log);
}

#endif
