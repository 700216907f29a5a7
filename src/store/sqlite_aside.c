/* The SQLite store: messages that are set aside, and the outbox for the operator. */
#include "store/sqlite.h"

#include <string.h>

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

/* Ends a statement; `result` is the result of its last step. */
static int end(
	struct sqlite_store *store, enum statement statement, int result, struct error *error)
{
	if (result != SQLITE_ROW && result != SQLITE_DONE && result != -1)
		result = sqlite_failed(store, "reading failed", error);
	sqlite_end(store, statement);
	return result == -1 ? -1 : 0;
}

static const char *column_text(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column);
}

/* ---- setting aside ---- */

int sqlite_set_aside(struct store *store, const struct set_aside *set_aside, struct error *error)
{
	struct sqlite_store *self = own(store);

	for (size_t i = 0; i < self->cursor_count; i++)
		if (self->cursors[i].alone == set_aside->message)
			self->cursors[i].alone = 0; /* its attempt is over */
	return sqlite_do(self, SET_ASIDE, error, "iiiiiit", set_aside->message,
		set_aside->first_failed, set_aside->last_failed, set_aside->not_before,
		set_aside->attempts, set_aside->status, set_aside->reason);
}

/* Reads the columns from `at` on; the text is valid until the next step. */
static void read_set_aside(sqlite3_stmt *row, int at, struct set_aside *set_aside)
{
	*set_aside = (struct set_aside){
		.first_failed = sqlite3_column_int64(row, at),
		.last_failed = sqlite3_column_int64(row, at + 1),
		.not_before = sqlite3_column_int64(row, at + 2),
		.attempts = sqlite3_column_int64(row, at + 3),
		.status = sqlite3_column_int64(row, at + 4),
		.reason = column_text(row, at + 5),
	};
}

int sqlite_get_set_aside(struct store *store, int64_t message, struct arena *arena,
	struct set_aside *set_aside, bool *found, struct error *error)
{
	struct sqlite_store *self = own(store);
	int result = sqlite_run(self, GET_SET_ASIDE, error, "i", message);

	*found = result == SQLITE_ROW;
	*set_aside = (struct set_aside){0};
	if (*found) {
		read_set_aside(self->statements[GET_SET_ASIDE], 0, set_aside);
		set_aside->reason = arena_copy(arena, set_aside->reason);
	}
	set_aside->message = message;
	if (end(self, GET_SET_ASIDE, result, error) != 0)
		return -1;
	return *found && set_aside->reason == NULL ? error_no_memory(error) : 0;
}

/* Reads one message; *found is false when it does not exist. */
static int claim_one(struct sqlite_store *store, int64_t id, struct arena *arena,
	struct message *message, bool *found, struct error *error)
{
	int result = sqlite_run(store, CLAIM_ONE, error, "i", id);
	bool has_memory = true;

	*found = result == SQLITE_ROW;
	if (*found)
		has_memory = sqlite_read_message(store->statements[CLAIM_ONE], arena, message);
	if (end(store, CLAIM_ONE, result, error) != 0)
		return -1;
	return has_memory ? 0 : error_no_memory(error);
}

int sqlite_claim_set_aside(struct store *store, const char *destination, int64_t now,
	struct arena *arena, struct message *message, bool *found, int64_t *next,
	struct error *error)
{
	struct sqlite_store *self = own(store);
	struct outbox_cursor *cursor = sqlite_outbox_cursor(self, destination, error);
	sqlite3_stmt *row = self->statements[NEXT_SET_ASIDE];
	int64_t id = 0;
	int result;

	*found = false;
	*next = INT64_MAX;
	if (cursor == NULL)
		return -1;
	result = sqlite_run(self, NEXT_SET_ASIDE, error, "i", cursor->id);
	if (result == SQLITE_ROW) {
		*next = sqlite3_column_int64(row, 0);
		id = sqlite3_column_int64(row, 1);
	}
	if (end(self, NEXT_SET_ASIDE, result, error) != 0)
		return -1;
	if (id == 0 || !store_is_due(*next, now))
		return 0;
	*message = (struct message){.destination = cursor->name};
	if (claim_one(self, id, arena, message, found, error) != 0)
		return -1;
	message->with_next = false; /* it is sent alone */
	cursor->alone = id;
	return 0;
}

int sqlite_count_set_aside(
	struct store *store, const char *destination, int64_t *count, struct error *error)
{
	struct sqlite_store *self = own(store);
	struct outbox_cursor *cursor = sqlite_outbox_cursor(self, destination, error);
	int result =
		cursor != NULL ? sqlite_run(self, COUNT_SET_ASIDE, error, "i", cursor->id) : -1;

	*count = 0;
	if (cursor == NULL)
		return -1;
	if (result == SQLITE_ROW)
		*count = sqlite3_column_int64(self->statements[COUNT_SET_ASIDE], 0);
	return end(self, COUNT_SET_ASIDE, result, error);
}

/* ---- the outbox ---- */

/* A set-aside message is claimed only alone, whatever the cursor's position. */
static bool is_claimed(const struct sqlite_store *store, const struct outbox_entry *entry)
{
	const struct message *message = &entry->message;

	for (size_t i = 0; i < store->cursor_count; i++) {
		const struct outbox_cursor *cursor = &store->cursors[i];

		if (strcmp(cursor->name, message->destination) == 0)
			return entry->set_aside.attempts > 0 ? message->id == cursor->alone
							     : message->id <= cursor->position;
	}
	return false;
}

/* An entry from a row of LIST_MESSAGES or GET_MESSAGE; its strings are valid until the next step.
 */
static void read_entry(
	const struct sqlite_store *store, sqlite3_stmt *row, struct outbox_entry *entry)
{
	struct message *message = &entry->message;

	*entry = (struct outbox_entry){
		.message = {.id = sqlite3_column_int64(row, 0),
			.destination = column_text(row, 1),
			.shop = column_text(row, 2),
			.event = column_text(row, 3),
			.delivery = sqlite3_column_int64(row, 5),
			.queued = sqlite3_column_int64(row, 6)},
	};
	if (sqlite3_column_bytes(row, 4) == (int)sizeof(message->message_id.bytes))
		memcpy(message->message_id.bytes, sqlite3_column_blob(row, 4),
			sizeof(message->message_id.bytes));
	read_set_aside(row, 7, &entry->set_aside);
	entry->set_aside.message = message->id;
	entry->claimed = is_claimed(store, entry);
}

int sqlite_each_message(struct store *store, const char *destination, int64_t after, size_t most,
	int (*visit)(void *context, const struct outbox_entry *entry), void *context,
	struct error *error)
{
	struct sqlite_store *self = own(store);
	enum statement list = destination != NULL ? LIST_MESSAGES_OF : LIST_MESSAGES;
	sqlite3_stmt *row = self->statements[list];
	int result = sqlite_run(self, list, error, destination != NULL ? "iit" : "ii", after,
		(int64_t)most, destination);

	for (; result == SQLITE_ROW; result = sqlite3_step(row)) {
		struct outbox_entry entry;

		read_entry(self, row, &entry);
		entry.message.json_length = (size_t)sqlite3_column_int64(row, 13);
		if (visit(context, &entry) != 0)
			break;
	}
	return end(self, list, result, error);
}

/* Copies the entry's strings and its JSON into the arena; false when memory is exhausted. */
static bool keep_entry(sqlite3_stmt *row, struct arena *arena, struct outbox_entry *entry)
{
	struct message *message = &entry->message;
	const char **strings[] = {
		&message->destination, &message->shop, &message->event, &entry->set_aside.reason};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		const char *copy = arena_copy(arena, *strings[i]);

		if (copy == NULL && *strings[i] != NULL)
			return false;
		*strings[i] = copy;
	}
	message->json = sqlite_text(row, 13, arena);
	message->json_length = (size_t)sqlite3_column_bytes(row, 13);
	return message->json != NULL;
}

int sqlite_get_message(struct store *store, int64_t id, struct arena *arena,
	struct outbox_entry *entry, bool *found, struct error *error)
{
	struct sqlite_store *self = own(store);
	sqlite3_stmt *row = self->statements[GET_MESSAGE];
	int result = sqlite_run(self, GET_MESSAGE, error, "i", id);
	bool has_memory = true;

	*found = result == SQLITE_ROW;
	if (*found) {
		read_entry(self, row, entry);
		has_memory = keep_entry(row, arena, entry);
	}
	if (end(self, GET_MESSAGE, result, error) != 0)
		return -1;
	return has_memory ? 0 : error_no_memory(error);
}
