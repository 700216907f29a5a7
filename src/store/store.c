/* The store's interface: hands each call to the engine that was chosen by the URL. */
#include "store/store_engine.h"

#include <stdlib.h>
#include <string.h>

int store_open(
	const char *url, struct store **store, enum store_obstacle *obstacle, struct error *error)
{
	static const char sqlite[] = "sqlite:";

	*store = NULL;
	if (obstacle != NULL)
		*obstacle = STORE_UNUSABLE;
	if (strncmp(url, sqlite, sizeof(sqlite) - 1) == 0)
		return sqlite_open(url + sizeof(sqlite) - 1, store, obstacle, error);
	return error_set(error, "store = \"%.100s\" is not known: write sqlite:PATH", url);
}

void store_close(struct store *store)
{
	if (store != NULL)
		store->engine->close(store);
}

void store_free_topics(struct topic_state *topics, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(topics[i].shop);
		free(topics[i].topic);
	}
	free(topics);
}

void store_free_destinations(struct destination_state *states, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(states[i].name);
	free(states);
}

int store_reopen(struct store *store, bool *damaged, struct error *error)
{
	return store->engine->reopen(store, damaged, error);
}

int store_begin(struct store *store, struct error *error)
{
	return store->engine->begin(store, error);
}

int store_commit(struct store *store, struct error *error)
{
	return store->engine->commit(store, error);
}

void store_rollback(struct store *store)
{
	store->engine->rollback(store);
}

int store_savepoint(struct store *store, struct error *error)
{
	return store->engine->savepoint(store, error);
}

int store_release(struct store *store, struct error *error)
{
	return store->engine->release(store, error);
}

int store_rollback_to(struct store *store, struct error *error)
{
	return store->engine->rollback_to(store, error);
}

int store_open_marker(struct store *store, size_t size)
{
	return store->engine->open_marker(store, size);
}

int store_room(struct store *store, const struct store_limits *limits, struct error *error)
{
	return store->engine->room(store, limits, error);
}

int store_add_delivery(
	struct store *store, struct delivery *delivery, bool *repeated, struct error *error)
{
	return store->engine->add_delivery(store, delivery, repeated, error);
}

int store_each_twin(struct store *store, const struct delivery *delivery,
	int (*visit)(void *context, const struct delivery *twin), void *context,
	struct error *error)
{
	return store->engine->each_twin(store, delivery, visit, context, error);
}

int store_get_delivery(struct store *store, int64_t id, struct arena *arena,
	struct delivery *delivery, bool *found, struct error *error)
{
	return store->engine->get_delivery(store, id, arena, delivery, found, error);
}

int store_is_emitted(
	struct store *store, const struct uuid *message_id, bool *emitted, struct error *error)
{
	return store->engine->is_emitted(store, message_id, emitted, error);
}

int store_tell(struct store *store, const struct uuid *message_id, int64_t now, bool *fresh,
	struct error *error)
{
	return store->engine->tell(store, message_id, now, fresh, error);
}

int store_queue(struct store *store, struct message *message, struct error *error)
{
	return store->engine->queue(store, message, error);
}

int store_claim(struct store *store, const char *destination, const struct claim_limits *limits,
	struct arena *arena, struct message **messages, size_t *count, struct error *error)
{
	return store->engine->claim(store, destination, limits, arena, messages, count, error);
}

int store_set_aside(struct store *store, const struct set_aside *set_aside, struct error *error)
{
	return store->engine->set_aside(store, set_aside, error);
}

int store_get_set_aside(struct store *store, int64_t message, struct arena *arena,
	struct set_aside *set_aside, bool *found, struct error *error)
{
	return store->engine->get_set_aside(store, message, arena, set_aside, found, error);
}

int store_claim_set_aside(struct store *store, const char *destination, int64_t now,
	struct arena *arena, struct message *message, bool *found, int64_t *next,
	struct error *error)
{
	return store->engine->claim_set_aside(
		store, destination, now, arena, message, found, next, error);
}

int store_count_set_aside(
	struct store *store, const char *destination, int64_t *count, struct error *error)
{
	return store->engine->count_set_aside(store, destination, count, error);
}

int store_each_message(struct store *store, const char *destination, int64_t after, size_t most,
	int (*visit)(void *context, const struct outbox_entry *entry), void *context,
	struct error *error)
{
	return store->engine->each_message(store, destination, after, most, visit, context, error);
}

int store_get_message(struct store *store, int64_t id, struct arena *arena,
	struct outbox_entry *entry, bool *found, struct error *error)
{
	return store->engine->get_message(store, id, arena, entry, found, error);
}

void store_unclaim(struct store *store, const char *destination)
{
	store->engine->unclaim(store, destination);
}

int store_sent(
	struct store *store, const int64_t *ids, size_t count, size_t *removed, struct error *error)
{
	return store->engine->sent(store, ids, count, removed, error);
}

int store_bury(struct store *store, int64_t message, int64_t now, int64_t status,
	const char *reason, int64_t *dead, struct error *error)
{
	return store->engine->bury(store, message, now, status, reason, dead, error);
}

int store_bury_delivery(struct store *store, int64_t delivery, int64_t now, const char *reason,
	int64_t *dead, struct error *error)
{
	return store->engine->bury_delivery(store, delivery, now, reason, dead, error);
}

int store_each_dead(struct store *store, int64_t after, size_t most,
	int (*visit)(void *context, const struct dead_letter *letter), void *context,
	struct error *error)
{
	return store->engine->each_dead(store, after, most, visit, context, error);
}

int store_get_dead(struct store *store, int64_t id, struct arena *arena, struct dead_letter *letter,
	bool *found, struct error *error)
{
	return store->engine->get_dead(store, id, arena, letter, found, error);
}

int store_revive(struct store *store, int64_t dead, int64_t now, struct error *error)
{
	return store->engine->revive(store, dead, now, error);
}

int store_drop_dead(struct store *store, int64_t dead, struct error *error)
{
	return store->engine->drop_dead(store, dead, error);
}

int store_get_record(struct store *store, const char *shop, const char *kind, const char *key,
	struct arena *arena, const char **json, struct error *error)
{
	return store->engine->get_record(store, shop, kind, key, arena, json, error);
}

int store_put_record(struct store *store, const char *shop, const char *kind, const char *key,
	const char *json, int64_t expires, struct error *error)
{
	return store->engine->put_record(store, shop, kind, key, json, expires, error);
}

int store_drop_record(struct store *store, const char *shop, const char *kind, const char *key,
	struct error *error)
{
	return store->engine->drop_record(store, shop, kind, key, error);
}

int store_each_record(struct store *store, const char *shop, const char *kind, const char *key,
	size_t most, int (*visit)(void *context, const struct record *record), void *context,
	struct error *error)
{
	return store->engine->each_record(store, shop, kind, key, most, visit, context, error);
}

int store_row_range(struct store *store, enum store_table table, int64_t after, int64_t *first,
	int64_t *last, struct error *error)
{
	return store->engine->row_range(store, table, after, first, last, error);
}

int store_each_row(struct store *store, enum store_table table, const char *shop, int64_t first,
	int64_t last, int (*visit)(void *context, const struct stored_row *row), void *context,
	struct error *error)
{
	return store->engine->each_row(store, table, shop, first, last, visit, context, error);
}

int store_drop_row(struct store *store, enum store_table table, int64_t id, struct error *error)
{
	return store->engine->drop_row(store, table, id, error);
}

int store_scrub(struct store *store, struct error *error)
{
	return store->engine->scrub(store, error);
}

int store_set_timer(struct store *store, const struct timer *timer, struct error *error)
{
	return store->engine->set_timer(store, timer, error);
}

int store_drop_timer(struct store *store, const struct timer *timer, struct error *error)
{
	return store->engine->drop_timer(store, timer, error);
}

bool store_is_due(int64_t due, int64_t now)
{
	return due <= now || (due > now + STORE_TIMER_MOST && due != INT64_MAX);
}

int store_drop_lost_timers(struct store *store, const char *shop, struct error *error)
{
	return store->engine->drop_lost_timers(store, shop, error);
}

int store_due_timer(struct store *store, int64_t now, struct arena *arena, struct timer *timer,
	bool *found, int64_t *next, struct error *error)
{
	return store->engine->due_timer(store, now, arena, timer, found, next, error);
}

int store_count_timers(struct store *store, int64_t *count, struct error *error)
{
	return store->engine->count_timers(store, count, error);
}

int store_topics(
	struct store *store, struct topic_state **topics, size_t *count, struct error *error)
{
	return store->engine->topics(store, topics, count, error);
}

int store_save_topic(struct store *store, const struct topic_state *topic, struct error *error)
{
	return store->engine->save_topic(store, topic, error);
}

int store_destinations(
	struct store *store, struct destination_state **states, size_t *count, struct error *error)
{
	return store->engine->destinations(store, states, count, error);
}

int store_save_destination(
	struct store *store, const struct destination_state *state, struct error *error)
{
	return store->engine->save_destination(store, state, error);
}

int store_oldest(struct store *store, const char *destination, int64_t *queued, struct error *error)
{
	return store->engine->oldest(store, destination, queued, error);
}

int store_sweep(
	struct store *store, const struct retention *retention, bool *more, struct error *error)
{
	return store->engine->sweep(store, retention, more, error);
}

int store_expire_early(struct store *store, const struct store_limits *limits, bool idle,
	struct early_expiry *done, struct error *error)
{
	return store->engine->expire_early(store, limits, idle, done, error);
}

int store_is_nearly_full(
	struct store *store, const struct store_limits *limits, bool *is, struct error *error)
{
	return store->engine->is_nearly_full(store, limits, is, error);
}

int store_tidy(struct store *store, bool idle, struct error *error)
{
	return store->engine->tidy(store, idle, error);
}

int store_size(struct store *store, int64_t *bytes, int64_t *free_bytes, struct error *error)
{
	return store->engine->size(store, bytes, free_bytes, error);
}
