/* An engine for tests of the sender: an outbox in memory, turns that fail when the test says so. */
#ifndef SEGRELAY_TESTS_OUTBOX_H
#define SEGRELAY_TESTS_OUTBOX_H

#include "unit.h"

#include "base/clock.h"
#include "engine/engine.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGES_MAX = 500 };

struct parcel {
	const char *destination;
	char json[120];
	int64_t queued;
	bool claimed;
	bool removed; /* taken out unsent */
	int sent;     /* how often it was acknowledged as sent */
	long status;
	char reason[256]; /* of its dead letter */
	int failures;     /* alone; it is set aside when there are any */
	bool with_next;
	int64_t first_failed;
	int64_t last_failed;
	int64_t due;
};

struct engine {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct task *first;
	struct task **last;
	bool stopping;
	bool holding; /* keeps what is submitted waiting */
	int failures; /* turns to come whose commit fails */
	struct parcel parcels[MESSAGES_MAX];
	int count;
	int sent;
	int dead;
	int claims;
	size_t claim_bytes; /* that the last of them might take */
	int pauses;         /* how often one was remembered, or its end */
	int renewals;       /* how often claims were let go of */
	int set_aside;      /* how often a message failed alone */
	int64_t last_sent;
	struct destination_state states[2]; /* as they were at the last commit */
	size_t state_count;
};

static struct engine engine;

void engine_submit(struct engine *it, struct task *task)
{
	(void)pthread_mutex_lock(&it->lock);
	task->next = NULL;
	*it->last = task;
	it->last = &task->next;
	(void)pthread_cond_broadcast(&it->changed);
	(void)pthread_mutex_unlock(&it->lock);
}

int engine_call(struct engine *it, struct task *task, struct error *error)
{
	int result;

	(void)pthread_mutex_lock(&it->lock);
	result = task->run(it, task, error);
	(void)pthread_mutex_unlock(&it->lock);
	return result;
}

const struct destination_state *engine_destinations(const struct engine *it, size_t *count)
{
	*count = it->state_count;
	return it->states;
}

int engine_claim(struct engine *it, const char *destination, const struct claim_limits *limits,
	struct arena *arena, struct message **messages, size_t *count, struct error *error)
{
	(void)error;
	*count = 0;
	*messages = arena_alloc(arena, limits->messages * sizeof(**messages));
	assert_non_null(*messages);
	it->claims++;
	it->claim_bytes = limits->bytes;
	for (int i = 0; i < it->count && *count < limits->messages; i++) {
		struct parcel *parcel = &it->parcels[i];

		if (parcel->claimed || parcel->removed || parcel->failures > 0 ||
			strcmp(parcel->destination, destination) != 0)
			continue;
		parcel->claimed = true;
		(*messages)[(*count)++] = (struct message){.id = i,
			.event = "Order Completed",
			.queued = parcel->queued,
			.with_next = parcel->with_next,
			.json = arena_copy(arena, parcel->json),
			.json_length = strlen(parcel->json)};
	}
	return 0;
}

int engine_unclaim(
	struct engine *it, const char *destination, int64_t *waiting, struct error *error)
{
	(void)error;
	it->renewals++;
	*waiting = 0;
	for (int i = 0; i < it->count; i++) {
		struct parcel *parcel = &it->parcels[i];

		if (parcel->sent > 0 || parcel->status != 0 || parcel->removed ||
			strcmp(parcel->destination, destination) != 0)
			continue;
		parcel->claimed = false;
		++*waiting;
	}
	return 0;
}

int engine_ack_sent(struct engine *it, const char *destination, const int64_t *ids, size_t count,
	struct error *error)
{
	(void)error;
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(it->parcels[ids[i]].destination, destination);
		it->parcels[ids[i]].sent++;
	}
	it->sent += (int)count;
	it->last_sent = clock_now();
	return 0;
}

int engine_set_aside(struct engine *it, const char *destination, const struct failed_alone *failure,
	struct set_aside_result *result, struct error *error)
{
	struct parcel *parcel = &it->parcels[failure->message];
	int64_t now = clock_now();

	assert_string_equal(parcel->destination, destination);
	*result = (struct set_aside_result){.attempts = parcel->failures + 1};
	it->set_aside++;
	if (parcel->failures > 1 && now - parcel->first_failed >= failure->poison_after &&
		it->last_sent > parcel->last_failed)
		return engine_ack_dead(it, destination, failure->message, failure->status,
			failure->reason, &result->dead, error);
	if (parcel->failures++ == 0)
		parcel->first_failed = now;
	parcel->last_failed = now;
	result->wait = SECOND << (parcel->failures < 12 ? parcel->failures - 1 : 12);
	parcel->due = now + result->wait;
	return 0;
}

int engine_count_set_aside(
	struct engine *it, const char *destination, int64_t *count, struct error *error)
{
	(void)error;
	*count = 0;
	for (int i = 0; i < it->count; i++)
		*count += it->parcels[i].failures > 0 &&
			  strcmp(it->parcels[i].destination, destination) == 0;
	return 0;
}

int engine_claim_set_aside(struct engine *it, const char *destination, struct arena *arena,
	struct message *message, bool *found, int64_t *wait, struct error *error)
{
	(void)error;
	*found = false;
	*wait = INT64_MAX;
	for (int i = 0; i < it->count && !*found; i++) {
		const struct parcel *parcel = &it->parcels[i];
		int64_t left = parcel->due - clock_now();

		if (parcel->failures == 0 || parcel->removed || parcel->sent > 0 ||
			parcel->status != 0 || strcmp(parcel->destination, destination) != 0)
			continue;
		*found = left <= 0;
		*wait = left < *wait ? left : *wait;
		*message = (struct message){.id = i,
			.event = "Order Completed",
			.json = arena_copy(arena, parcel->json),
			.json_length = strlen(parcel->json)};
	}
	return 0;
}

int engine_ack_dead(struct engine *it, const char *destination, int64_t message, int64_t status,
	const char *reason, int64_t *dead, struct error *error)
{
	struct parcel *parcel = &it->parcels[message];

	(void)error;
	assert_string_equal(parcel->destination, destination);
	parcel->status = (long)status;
	(void)snprintf(parcel->reason, sizeof(parcel->reason), "%s", reason);
	*dead = message + 1000;
	it->dead++;
	return 0;
}

int engine_pause(struct engine *it, const struct destination_state *pause, struct error *error)
{
	(void)error;
	it->pauses++;
	for (size_t i = 0; i < it->state_count; i++)
		if (strcmp(it->states[i].name, pause->name) == 0) {
			char *name = it->states[i].name;

			it->states[i] = *pause;
			it->states[i].name = name;
		}
	return 0;
}

/* One turn: all or nothing, as the real one. */
static inline void carry_out(struct engine *it, struct task *tasks)
{
	static struct engine before;
	const struct error error = {.text = "the disk is broken"};
	bool fails = it->failures > 0;

	before = *it;
	for (struct task *task = tasks; task != NULL; task = task->next)
		(void)task->run(it, task, NULL);
	if (fails) {
		memcpy(it->parcels, before.parcels, sizeof(it->parcels));
		memcpy(it->states, before.states, sizeof(it->states));
		it->sent = before.sent;
		it->dead = before.dead;
		it->failures--;
	}
	while (tasks != NULL) {
		struct task *next = tasks->next;

		tasks->done(tasks, fails ? -1 : 0, fails ? &error : NULL);
		tasks = next;
	}
}

static inline void *run_engine(void *context)
{
	struct engine *it = context;

	(void)pthread_mutex_lock(&it->lock);
	while (!it->stopping || it->first != NULL) {
		struct task *group = it->first;

		if (group == NULL || (it->holding && !it->stopping)) {
			(void)pthread_cond_wait(&it->changed, &it->lock);
			continue;
		}
		it->first = NULL;
		it->last = &it->first;
		carry_out(it, group);
	}
	(void)pthread_mutex_unlock(&it->lock);
	return NULL;
}

#endif
