/* The SQLite store: records, timers and counters. */
#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

/* ---- records ---- */

int sqlite_get_record(struct store *store, const char *shop, const char *kind, const char *key,
	struct arena *arena, const char **json, struct error *error)
{
	struct sqlite_store *self = own(store);
	int result = sqlite_run(self, GET_RECORD, error, "ttt", shop, kind, key);

	*json = result == SQLITE_ROW ? sqlite_text(self->statements[GET_RECORD], 0, arena) : NULL;
	sqlite_end(self, GET_RECORD);
	if (result == SQLITE_ROW && *json == NULL)
		return error_no_memory(error);
	return result == -1 ? -1 : 0;
}

int sqlite_put_record(struct store *store, const char *shop, const char *kind, const char *key,
	const char *json, int64_t expires, struct error *error)
{
	return sqlite_do(own(store), PUT_RECORD, error, "tttit", shop, kind, key, expires, json);
}

int sqlite_drop_record(struct store *store, const char *shop, const char *kind, const char *key,
	struct error *error)
{
	return sqlite_do(own(store), DROP_RECORD, error, "ttt", shop, kind, key);
}

/* ---- timers ---- */

int sqlite_set_timer(struct store *store, const struct timer *timer, struct error *error)
{
	return sqlite_do(own(store), SET_TIMER, error, "ttti", timer->shop, timer->kind, timer->key,
		timer->due);
}

int sqlite_drop_timer(struct store *store, const struct timer *timer, struct error *error)
{
	return sqlite_do(
		own(store), DROP_TIMER, error, "ttt", timer->shop, timer->kind, timer->key);
}

int sqlite_drop_lost_timers(struct store *store, const char *shop, struct error *error)
{
	return sqlite_do(own(store), DROP_LOST_TIMERS, error, "t", shop);
}

int sqlite_due_timer(struct store *store, int64_t now, struct arena *arena, struct timer *timer,
	bool *found, int64_t *next, struct error *error)
{
	struct sqlite_store *self = own(store);
	sqlite3_stmt *row = self->statements[DUE_TIMER];
	int result = sqlite_run(self, DUE_TIMER, error, "i", now + STORE_TIMER_MOST);

	*next = result == SQLITE_ROW ? sqlite3_column_int64(row, 0) : INT64_MAX;
	*found = store_is_due(*next, now);
	if (*found)
		*timer = (struct timer){*next, sqlite_text(row, 1, arena),
			sqlite_text(row, 2, arena), sqlite_text(row, 3, arena)};
	sqlite_end(self, DUE_TIMER);
	if (*found && (timer->shop == NULL || timer->kind == NULL || timer->key == NULL))
		return error_no_memory(error);
	return result == -1 ? -1 : 0;
}

int sqlite_count_timers(struct store *store, int64_t *count, struct error *error)
{
	struct sqlite_store *self = own(store);
	int result = sqlite_run(self, COUNT_TIMERS, error, "");

	*count = result == SQLITE_ROW ? sqlite3_column_int64(self->statements[COUNT_TIMERS], 0) : 0;
	sqlite_end(self, COUNT_TIMERS);
	return result == -1 ? -1 : 0;
}

/* ---- counters ---- */

/* Enlarges an array by one element of `size` bytes, which is zeroed. */
static void *one_more(void *array, size_t count, size_t size)
{
	char *larger = realloc(array, (count + 1) * size);

	if (larger != NULL)
		memset(larger + count * size, 0, size);
	return larger;
}

static char *own_text(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text != NULL ? strdup(text) : NULL;
}

static bool read_topic(sqlite3_stmt *row, struct topic_state *topic)
{
	topic->shop = own_text(row, 0);
	topic->topic = own_text(row, 1);
	topic->last = sqlite3_column_int64(row, 2);
	topic->received = sqlite3_column_int64(row, 3);
	topic->repeated = sqlite3_column_int64(row, 4);
	topic->ignored = sqlite3_column_int64(row, 5);
	topic->mapped = sqlite3_column_int64(row, 6);
	topic->dead = sqlite3_column_int64(row, 7);
	topic->dropped = sqlite3_column_int64(row, 8);
	return topic->shop != NULL && topic->topic != NULL;
}

static bool read_destination(sqlite3_stmt *row, struct destination_state *state)
{
	state->name = own_text(row, 0);
	state->queued = sqlite3_column_int64(row, 1);
	state->sent = sqlite3_column_int64(row, 2);
	state->dead = sqlite3_column_int64(row, 3);
	state->dropped = sqlite3_column_int64(row, 4);
	state->last_sent = sqlite3_column_int64(row, 5);
	state->paused_until = sqlite3_column_int64(row, 6);
	state->paused_since = sqlite3_column_int64(row, 7);
	state->failures = sqlite3_column_int64(row, 8);
	(void)snprintf(state->reason, sizeof(state->reason), "%s",
		(const char *)sqlite3_column_text(row, 9));
	return state->name != NULL;
}

int sqlite_topics(
	struct store *store, struct topic_state **topics, size_t *count, struct error *error)
{
	struct sqlite_store *self = own(store);
	sqlite3_stmt *row = self->statements[TOPICS];
	int result = sqlite_run(self, TOPICS, error, "");

	*topics = NULL;
	for (*count = 0; result == SQLITE_ROW; result = sqlite3_step(row)) {
		struct topic_state *more = one_more(*topics, *count, sizeof(**topics));

		if (more == NULL)
			break;
		*topics = more;
		if (!read_topic(row, &more[(*count)++]))
			break;
	}
	sqlite_end(self, TOPICS);
	if (result == SQLITE_DONE)
		return 0;
	store_free_topics(*topics, *count);
	*topics = NULL;
	*count = 0;
	return result == -1 ? -1 : sqlite_failed(self, "reading the counters failed", error);
}

int sqlite_save_topic(struct store *store, const struct topic_state *topic, struct error *error)
{
	return sqlite_do(own(store), SAVE_TOPIC, error, "ttiiiiiii", topic->shop, topic->topic,
		topic->last, topic->received, topic->repeated, topic->ignored, topic->mapped,
		topic->dead, topic->dropped);
}

int sqlite_destinations(
	struct store *store, struct destination_state **states, size_t *count, struct error *error)
{
	struct sqlite_store *self = own(store);
	sqlite3_stmt *row = self->statements[DESTINATIONS];
	int result = sqlite_run(self, DESTINATIONS, error, "");

	*states = NULL;
	for (*count = 0; result == SQLITE_ROW; result = sqlite3_step(row)) {
		struct destination_state *more = one_more(*states, *count, sizeof(**states));

		if (more == NULL)
			break;
		*states = more;
		if (!read_destination(row, &more[(*count)++]))
			break;
	}
	sqlite_end(self, DESTINATIONS);
	if (result == SQLITE_DONE)
		return 0;
	store_free_destinations(*states, *count);
	*states = NULL;
	*count = 0;
	return result == -1 ? -1 : sqlite_failed(self, "reading the counters failed", error);
}

int sqlite_save_destination(
	struct store *store, const struct destination_state *state, struct error *error)
{
	return sqlite_do(own(store), SAVE_DESTINATION, error, "tiiiiiiiit", state->name,
		state->queued, state->sent, state->dead, state->dropped, state->last_sent,
		state->paused_until, state->paused_since, state->failures, state->reason);
}
