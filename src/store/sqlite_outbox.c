/* The SQLite store: deliveries, emitted message ids, and the outbox. */
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

/* ---- deliveries ---- */

/* A delivery's key in the index that finds repetitions: beside those of deliveries that arrived at
 * the same time, so that a commit changes few of its pages. Without a locality key it is the
 * fingerprint's. */
static int64_t hash_of(const struct delivery *delivery)
{
	uint64_t hash;

	if (delivery->locality_key == 0)
		memcpy(&hash, delivery->fingerprint, sizeof(hash));
	else
		hash = delivery->locality_key << 8 | delivery->fingerprint[0];
	return (int64_t)(hash >> 1);
}

int sqlite_add_delivery(
	struct store *store, struct delivery *delivery, bool *repeated, struct error *error)
{
	struct sqlite_store *self = own(store);
	const void *fingerprint = delivery->fingerprint;
	int64_t hash = hash_of(delivery);
	int found = sqlite_run(self, FIND_DELIVERY, error, "ibtti", hash, fingerprint,
		(size_t)SHA256_SIZE, delivery->topic, delivery->shop, (int64_t)delivery->test);

	*repeated = found == SQLITE_ROW;
	sqlite_end(self, FIND_DELIVERY);
	if (found != SQLITE_DONE)
		return found == SQLITE_ROW ? 0 : -1;
	if (sqlite_do(self, ADD_DELIVERY, error, "iittbittttbi", hash, delivery->received,
		    delivery->shop, delivery->topic, fingerprint, (size_t)SHA256_SIZE,
		    (int64_t)delivery->test, delivery->webhook_id, delivery->event_id,
		    delivery->api_version, delivery->triggered_at, delivery->body,
		    delivery->body_length, delivery->stored) != 0)
		return -1;
	delivery->id = sqlite3_last_insert_rowid(self->db);
	self->early.ended = false;
	self->early.added++;
	self->early.added_bytes += (int64_t)delivery->body_length;
	return 0;
}

int sqlite_each_twin(struct store *store, const struct delivery *delivery,
	int (*visit)(void *context, const struct delivery *twin), void *context,
	struct error *error)
{
	struct sqlite_store *self = own(store);
	sqlite3_stmt *row = self->statements[EACH_TWIN];
	int result = sqlite_run(self, EACH_TWIN, error, "ibi", hash_of(delivery),
		(const void *)delivery->fingerprint, (size_t)SHA256_SIZE, delivery->id);

	for (; result == SQLITE_ROW; result = sqlite3_step(row)) {
		const struct delivery twin = {
			.id = sqlite3_column_int64(row, 0),
			.shop = (const char *)sqlite3_column_text(row, 1),
			.topic = (const char *)sqlite3_column_text(row, 2),
			.test = sqlite3_column_int(row, 3) != 0,
		};

		if (twin.shop != NULL && twin.topic != NULL && visit(context, &twin) != 0)
			break;
	}
	if (result != SQLITE_ROW && result != SQLITE_DONE && result != -1)
		result = sqlite_failed(self, "reading failed", error);
	sqlite_end(self, EACH_TWIN);
	return result == -1 ? -1 : 0;
}

/* A copy of a blob in the arena, with a terminating NUL. */
static const char *copy_blob(sqlite3_stmt *row, int column, struct arena *arena, size_t *length)
{
	const void *bytes = sqlite3_column_blob(row, column);
	char *copy;

	*length = (size_t)sqlite3_column_bytes(row, column);
	copy = arena_alloc(arena, *length + 1);
	if (copy == NULL)
		return NULL;
	if (*length > 0)
		memcpy(copy, bytes, *length);
	copy[*length] = '\0';
	return copy;
}

int sqlite_get_delivery(struct store *store, int64_t id, struct arena *arena,
	struct delivery *delivery, bool *found, struct error *error)
{
	struct sqlite_store *self = own(store);
	sqlite3_stmt *row = self->statements[GET_DELIVERY];
	int result = sqlite_run(self, GET_DELIVERY, error, "i", id);

	*found = result == SQLITE_ROW;
	*delivery = (struct delivery){.id = id};
	if (*found) {
		delivery->received = sqlite3_column_int64(row, 0);
		delivery->shop = sqlite_text(row, 1, arena);
		delivery->topic = sqlite_text(row, 2, arena);
		if (sqlite3_column_bytes(row, 3) == SHA256_SIZE)
			memcpy(delivery->fingerprint, sqlite3_column_blob(row, 3), SHA256_SIZE);
		delivery->test = sqlite3_column_int(row, 4) != 0;
		delivery->webhook_id = sqlite_text(row, 5, arena);
		delivery->event_id = sqlite_text(row, 6, arena);
		delivery->api_version = sqlite_text(row, 7, arena);
		delivery->triggered_at = sqlite_text(row, 8, arena);
		delivery->body = copy_blob(row, 9, arena, &delivery->body_length);
	}
	sqlite_end(self, GET_DELIVERY);
	if (result == -1)
		return -1;
	if (*found && (delivery->shop == NULL || delivery->topic == NULL || delivery->body == NULL))
		return error_no_memory(error);
	return 0;
}

/* ---- emitted ---- */

int sqlite_mark_emitted(struct store *store, const struct uuid *message_id, int64_t now,
	bool *fresh, struct error *error)
{
	struct sqlite_store *self = own(store);

	if (sqlite_do(self, MARK_EMITTED, error, "bi", (const void *)message_id->bytes,
		    sizeof(message_id->bytes), now) != 0)
		return -1;
	*fresh = sqlite3_changes(self->db) > 0;
	return 0;
}

int sqlite_is_emitted(
	struct store *store, const struct uuid *message_id, bool *emitted, struct error *error)
{
	struct sqlite_store *self = own(store);
	int result = sqlite_run(self, IS_EMITTED, error, "b", (const void *)message_id->bytes,
		sizeof(message_id->bytes));

	*emitted = result == SQLITE_ROW;
	sqlite_end(self, IS_EMITTED);
	return result == -1 ? -1 : 0;
}

/* ---- the outbox ---- */

struct outbox_cursor *sqlite_outbox_cursor(
	struct sqlite_store *store, const char *name, struct error *error)
{
	struct outbox_cursor *cursor;
	struct outbox_cursor *more;
	int found;

	for (size_t i = 0; i < store->cursor_count; i++)
		if (strcmp(store->cursors[i].name, name) == 0)
			return &store->cursors[i];
	more = realloc(store->cursors, (store->cursor_count + 1) * sizeof(*more));
	if (more == NULL) {
		(void)error_no_memory(error);
		return NULL;
	}
	store->cursors = more;
	cursor = &more[store->cursor_count];
	*cursor = (struct outbox_cursor){.name = strdup(name)};
	if (cursor->name == NULL) {
		(void)error_no_memory(error);
		return NULL;
	}
	found = sqlite_run(store, FIND_DESTINATION, error, "t", name);
	if (found == SQLITE_ROW)
		cursor->id = sqlite3_column_int64(store->statements[FIND_DESTINATION], 0);
	sqlite_end(store, FIND_DESTINATION);
	if (found == SQLITE_DONE && sqlite_do(store, ADD_DESTINATION, error, "t", name) == 0)
		cursor->id = sqlite3_last_insert_rowid(store->db);
	if (cursor->id == 0) {
		free(cursor->name);
		return NULL;
	}
	store->cursor_count++;
	return cursor;
}

int sqlite_queue(struct store *store, struct message *message, struct error *error)
{
	struct sqlite_store *self = own(store);
	struct outbox_cursor *cursor = sqlite_outbox_cursor(self, message->destination, error);

	if (cursor == NULL ||
		sqlite_do(self, QUEUE, error, "iiiibttT", cursor->id, message->queued,
			message->delivery, (int64_t)message->with_next,
			(const void *)message->message_id.bytes, sizeof(message->message_id.bytes),
			message->shop, message->event, (const void *)message->json,
			message->json_length) != 0)
		return -1;
	message->id = sqlite3_last_insert_rowid(self->db);
	return 0;
}

bool sqlite_read_message(sqlite3_stmt *row, struct arena *arena, struct message *message)
{
	message->id = sqlite3_column_int64(row, 0);
	message->queued = sqlite3_column_int64(row, 1);
	message->delivery = sqlite3_column_int64(row, 2);
	message->with_next = sqlite3_column_int(row, 3) != 0;
	if (sqlite3_column_bytes(row, 4) == (int)sizeof(message->message_id.bytes))
		memcpy(message->message_id.bytes, sqlite3_column_blob(row, 4),
			sizeof(message->message_id.bytes));
	message->shop = sqlite_text(row, 5, arena);
	message->event = sqlite_text(row, 6, arena);
	message->json = copy_blob(row, 7, arena, &message->json_length);
	return message->shop != NULL && message->event != NULL && message->json != NULL;
}

int sqlite_claim(struct store *store, const char *destination, const struct claim_limits *limits,
	struct arena *arena, struct message **messages, size_t *count, struct error *error)
{
	struct sqlite_store *self = own(store);
	struct outbox_cursor *cursor = sqlite_outbox_cursor(self, destination, error);
	sqlite3_stmt *row = self->statements[CLAIM];
	size_t bytes = 0;
	int result;

	*count = 0;
	*messages = arena_alloc(arena, limits->messages * sizeof(**messages));
	if (cursor == NULL || *messages == NULL)
		return cursor == NULL ? -1 : error_no_memory(error);
	result = sqlite_run(
		self, CLAIM, error, "iii", cursor->id, cursor->position, (int64_t)limits->messages);
	for (; result == SQLITE_ROW; result = sqlite3_step(row)) {
		struct message *message = &(*messages)[*count];

		bytes += (size_t)sqlite3_column_bytes(row, 7) + 1;
		if (*count > 0 && bytes > limits->bytes)
			break;
		*message = (struct message){.destination = cursor->name};
		if (!sqlite_read_message(row, arena, message)) {
			result = SQLITE_NOMEM;
			break;
		}
		++*count;
	}
	if (result != SQLITE_ROW && result != SQLITE_DONE && result != -1)
		(void)sqlite_failed(self, "reading failed", error);
	sqlite_end(self, CLAIM);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		return -1;
	while (*count > 1 && (*messages)[*count - 1].with_next)
		--*count;
	if (*count > 0)
		cursor->position = (*messages)[*count - 1].id;
	return 0;
}

void sqlite_unclaim(struct store *store, const char *destination)
{
	struct sqlite_store *self = own(store);

	for (size_t i = 0; i < self->cursor_count; i++)
		if (strcmp(self->cursors[i].name, destination) == 0)
			self->cursors[i].position = self->cursors[i].before =
				self->cursors[i].alone = 0;
}

int sqlite_sent(
	struct store *store, const int64_t *ids, size_t count, size_t *removed, struct error *error)
{
	*removed = 0;
	for (size_t i = 0; i < count; i++)
		if (sqlite_delete_of_delivery(own(store), DELETE_MESSAGE, ids[i], removed, error) !=
			0)
			return -1;
	return 0;
}

int sqlite_oldest(
	struct store *store, const char *destination, int64_t *queued, struct error *error)
{
	struct sqlite_store *self = own(store);
	struct outbox_cursor *cursor = sqlite_outbox_cursor(self, destination, error);
	int result = cursor != NULL ? sqlite_run(self, OLDEST, error, "i", cursor->id) : -1;

	*queued = result == SQLITE_ROW ? sqlite3_column_int64(self->statements[OLDEST], 0) : 0;
	sqlite_end(self, OLDEST);
	return result == -1 ? -1 : 0;
}
