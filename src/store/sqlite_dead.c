/* The SQLite store: dead letters. */
#include "store/sqlite.h"

#include <string.h>

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

int sqlite_dead_letter_add(struct store *store, int64_t message, int64_t now, int64_t status,
	const char *reason, int64_t *dead, struct error *error)
{
	struct sqlite_store *self = own(store);
	size_t removed = 0;

	*dead = 0;
	if (sqlite_do(self, DEAD_LETTER_ADD, error, "iiit", message, now, status, reason) != 0)
		return -1;
	if (sqlite3_changes(self->db) > 0)
		*dead = sqlite3_last_insert_rowid(self->db);
	return sqlite_delete_of_delivery(self, DELETE_MESSAGE, message, &removed, error);
}

int sqlite_dead_letter_add_delivery(struct store *store, int64_t delivery, int64_t now,
	const char *reason, int64_t *dead, struct error *error)
{
	struct sqlite_store *self = own(store);

	if (sqlite_do(self, DEAD_LETTER_ADD_DELIVERY, error, "iit", delivery, now, reason) != 0)
		return -1;
	*dead = sqlite3_changes(self->db) > 0 ? sqlite3_last_insert_rowid(self->db) : 0;
	return 0;
}

static const char *column_text(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column);
}

/* A dead letter from a row of DEAD_LETTER_LIST or DEAD_LETTER_GET; its strings are valid until the
 * next step. */
static void read_letter(sqlite3_stmt *row, struct dead_letter *letter)
{
	struct uuid uuid;

	*letter = (struct dead_letter){
		.id = sqlite3_column_int64(row, 0),
		.destination = column_text(row, 1),
		.shop = column_text(row, 2),
		.topic = column_text(row, 3),
		.event = column_text(row, 4),
		.delivery = sqlite3_column_int64(row, 6),
		.queued = sqlite3_column_int64(row, 7),
		.died = sqlite3_column_int64(row, 8),
		.status = sqlite3_column_int64(row, 9),
		.reason = column_text(row, 10),
	};
	if (sqlite3_column_bytes(row, 5) != (int)sizeof(uuid.bytes))
		return;
	memcpy(uuid.bytes, sqlite3_column_blob(row, 5), sizeof(uuid.bytes));
	uuid_format(&uuid, letter->message_id);
}

int sqlite_dead_letter_each(struct store *store, int64_t after, size_t most,
	int (*visit)(void *context, const struct dead_letter *letter), void *context,
	struct error *error)
{
	struct sqlite_store *self = own(store);
	sqlite3_stmt *row = self->statements[DEAD_LETTER_LIST];
	int result = sqlite_run(self, DEAD_LETTER_LIST, error, "ii", after, (int64_t)most);

	while (result == SQLITE_ROW) {
		struct dead_letter letter;

		read_letter(row, &letter);
		if (visit(context, &letter) != 0)
			break;
		result = sqlite3_step(row);
	}
	if (result != SQLITE_ROW && result != SQLITE_DONE && result != -1)
		(void)sqlite_failed(self, "reading failed", error);
	sqlite_end(self, DEAD_LETTER_LIST);
	return result == SQLITE_ROW || result == SQLITE_DONE ? 0 : -1;
}

/* Copies the letter's strings into the arena; false when memory is exhausted. */
static bool keep_letter(struct dead_letter *letter, struct arena *arena, sqlite3_stmt *row)
{
	const char **strings[] = {&letter->destination, &letter->shop, &letter->topic,
		&letter->event, &letter->reason};
	const void *bytes = sqlite3_column_blob(row, 11);
	char *json;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		const char *copy = arena_copy(arena, *strings[i]);

		if (copy == NULL && *strings[i] != NULL)
			return false;
		*strings[i] = copy;
	}
	letter->json_length = (size_t)sqlite3_column_bytes(row, 11);
	json = arena_alloc(arena, letter->json_length + 1);
	if (json == NULL)
		return false;
	if (letter->json_length > 0)
		memcpy(json, bytes, letter->json_length);
	json[letter->json_length] = '\0';
	letter->json = json;
	return true;
}

int sqlite_dead_letter_get(struct store *store, int64_t id, struct arena *arena,
	struct dead_letter *letter, bool *found, struct error *error)
{
	struct sqlite_store *self = own(store);
	sqlite3_stmt *row = self->statements[DEAD_LETTER_GET];
	int result = sqlite_run(self, DEAD_LETTER_GET, error, "i", id);
	bool kept = true;

	*found = result == SQLITE_ROW;
	if (*found) {
		read_letter(row, letter);
		kept = keep_letter(letter, arena, row);
	}
	sqlite_end(self, DEAD_LETTER_GET);
	if (!kept)
		return error_no_memory(error);
	return result == -1 ? -1 : 0;
}

int sqlite_dead_letter_requeue(struct store *store, int64_t dead, int64_t now, struct error *error)
{
	struct sqlite_store *self = own(store);

	if (sqlite_do(self, DEAD_LETTER_REQUEUE, error, "ii", dead, now) != 0)
		return -1;
	return sqlite_dead_letter_drop(store, dead, error);
}

int sqlite_dead_letter_drop(struct store *store, int64_t dead, struct error *error)
{
	size_t removed = 0;

	return sqlite_delete_of_delivery(own(store), DEAD_LETTER_DROP, dead, &removed, error);
}
