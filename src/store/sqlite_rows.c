/* The SQLite store: reading and deleting all rows of a shop. */
#include "store/sqlite.h"

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

static const struct {
	enum statement range;
	enum statement each;
	enum statement drop;
} tables[STORE_TABLES] = {
	[STORE_DELIVERIES] = {DELIVERY_RANGE, EACH_DELIVERY, DELETE_DELIVERY},
	[STORE_MESSAGES] = {MESSAGE_RANGE, EACH_MESSAGE, DELETE_MESSAGE},
	[STORE_DEAD] = {DEAD_LETTER_RANGE, DEAD_LETTER_EACH, DEAD_LETTER_DROP},
};

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

int sqlite_each_record(struct store *store, const char *shop, const char *kind, const char *key,
	size_t most, int (*visit)(void *context, const struct record *record), void *context,
	struct error *error)
{
	struct sqlite_store *self = own(store);
	sqlite3_stmt *row = self->statements[EACH_RECORD];
	int result = sqlite_run(self, EACH_RECORD, error, "ttti", shop, kind, key, (int64_t)most);

	for (; result == SQLITE_ROW; result = sqlite3_step(row)) {
		const struct record record = {
			column_text(row, 0), column_text(row, 1), column_text(row, 2)};

		if (visit(context, &record) != 0)
			break;
	}
	return end(self, EACH_RECORD, result, error);
}

int sqlite_row_range(struct store *store, enum store_table table, int64_t after, int64_t *first,
	int64_t *last, struct error *error)
{
	struct sqlite_store *self = own(store);
	enum statement range = tables[table].range;
	int result = sqlite_run(self, range, error, "i", after);

	*first = result == SQLITE_ROW ? sqlite3_column_int64(self->statements[range], 0) : 0;
	*last = result == SQLITE_ROW ? sqlite3_column_int64(self->statements[range], 1) : 0;
	return end(self, range, result, error);
}

int sqlite_each_row(struct store *store, enum store_table table, const char *shop, int64_t first,
	int64_t last, int (*visit)(void *context, const struct stored_row *row), void *context,
	struct error *error)
{
	struct sqlite_store *self = own(store);
	enum statement each = tables[table].each;
	sqlite3_stmt *at = self->statements[each];
	int result = sqlite_run(self, each, error, "iit", first, last, shop);

	for (; result == SQLITE_ROW; result = sqlite3_step(at)) {
		const struct stored_row row = {
			.id = sqlite3_column_int64(at, 0),
			.destination = column_text(at, 1),
			.topic = column_text(at, 2),
			.json = sqlite3_column_blob(at, 3),
			.length = (size_t)sqlite3_column_bytes(at, 3),
		};

		if (visit(context, &row) != 0)
			break;
	}
	return end(self, each, result, error);
}

int sqlite_drop_row(struct store *store, enum store_table table, int64_t id, struct error *error)
{
	struct sqlite_store *self = own(store);
	size_t removed = 0;

	if (table == STORE_DELIVERIES &&
		sqlite_do(self, DEAD_LETTER_DROP_DELIVERY, error, "i", id) != 0)
		return -1;
	if (table == STORE_DELIVERIES)
		return sqlite_do(self, DELETE_DELIVERY, error, "i", id);
	return sqlite_delete_of_delivery(self, tables[table].drop, id, &removed, error);
}
