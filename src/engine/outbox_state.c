/* Functions for the sender and the admin API inside a turn. */
#include "engine/engine_private.h"

#include "base/clock.h"

#include <string.h>

struct store *engine_store(struct engine *engine)
{
	return engine->store;
}

const struct config *engine_config(const struct engine *engine)
{
	return engine->config;
}

int engine_is_nearly_full(struct engine *engine, bool *is, struct error *error)
{
	const struct store_limits limits = {engine->config->max_store, engine->config->min_free};

	return store_is_nearly_full(engine->store, &limits, is, error);
}

struct topic_state *engine_topic(struct engine *engine, const char *shop, const char *topic)
{
	return counters_topic(&engine->counters, shop, topic);
}

struct destination_state *engine_destination(struct engine *engine, const char *name)
{
	return counters_destination(&engine->counters, name);
}

const struct topic_state *engine_topics(const struct engine *engine, size_t *count)
{
	*count = engine->counters.topic_count;
	return engine->counters.topics;
}

const struct destination_state *engine_destinations(const struct engine *engine, size_t *count)
{
	*count = engine->counters.destination_count;
	return engine->counters.destinations;
}

int engine_claim(struct engine *engine, const char *destination, const struct claim_limits *limits,
	struct arena *arena, struct message **messages, size_t *count, struct error *error)
{
	return store_claim(engine->store, destination, limits, arena, messages, count, error);
}

int engine_ack_sent(struct engine *engine, const char *destination, const int64_t *ids,
	size_t count, struct error *error)
{
	struct destination_state *state = engine_destination(engine, destination);
	size_t removed;

	if (state == NULL)
		return error_no_memory(error);
	if (store_sent(engine->store, ids, count, &removed, error) != 0)
		return -1;
	/* After a commit with an unknown result, some may have been counted already. */
	state->sent += (int64_t)removed;
	state->last_sent = clock_now();
	engine->wipe_pending |= destination_is_deletions(destination);
	return 0;
}

int engine_ack_dead(struct engine *engine, const char *destination, int64_t message, int64_t status,
	const char *reason, int64_t *dead, struct error *error)
{
	struct destination_state *state = engine_destination(engine, destination);

	if (state == NULL)
		return error_no_memory(error);
	if (store_dead_letter_add(
		    engine->store, message, clock_now(), status, reason, dead, error) != 0)
		return -1;
	if (*dead != 0)
		state->dead++;
	return 0;
}

int engine_drop_dead(struct engine *engine, const struct dead_letter *letter, struct error *error)
{
	struct destination_state *state;
	struct topic_state *topic;

	if (letter->destination != NULL) {
		state = engine_destination(engine, letter->destination);
		if (state == NULL)
			return error_no_memory(error);
		state->dead--;
		state->dropped++;
		engine->wipe_pending |= destination_is_deletions(letter->destination);
	} else {
		topic = engine_topic(engine, letter->shop, letter->topic);
		if (topic == NULL)
			return error_no_memory(error);
		topic->dead--;
		topic->dropped++;
	}
	return store_dead_letter_drop(engine->store, letter->id, error);
}

int engine_pause(struct engine *engine, const struct destination_state *pause, struct error *error)
{
	struct destination_state *state = engine_destination(engine, pause->name);

	if (state == NULL)
		return error_no_memory(error);
	state->paused_until = pause->paused_until;
	state->paused_since = pause->paused_since;
	state->failures = pause->failures;
	state->clock_offset = pause->clock_offset;
	memcpy(state->reason, pause->reason, sizeof(state->reason));
	return 0;
}
