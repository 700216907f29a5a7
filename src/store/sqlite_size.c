/* The SQLite store: its size. */
#include "store/sqlite.h"

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

static int64_t number_of(struct sqlite_store *store, enum statement statement, struct error *error)
{
	int result = sqlite_run(store, statement, error, "");
	int64_t number =
		result == SQLITE_ROW ? sqlite3_column_int64(store->statements[statement], 0) : -1;

	sqlite_end(store, statement);
	return number;
}

int sqlite_measure(
	struct sqlite_store *store, int64_t *taken, int64_t *reusable, struct error *error)
{
	int64_t pages = number_of(store, PAGE_COUNT, error);
	int64_t unused = number_of(store, FREE_PAGES, error);

	if (pages < 0 || unused < 0)
		return -1;
	*taken = (pages - unused + store->wal_pages) * store->page_size;
	*reusable = unused * store->page_size;
	return 0;
}

int sqlite_size(struct store *store, int64_t *bytes, int64_t *free_bytes, struct error *error)
{
	int64_t reusable;

	*free_bytes = sqlite_free_bytes(own(store));
	return sqlite_measure(own(store), bytes, &reusable, error);
}

int64_t sqlite_beyond_wal(
	const struct sqlite_store *store, const struct store_limits *limits, int64_t taken)
{
	int64_t wal = store->wal_pages * store->page_size;
	int64_t counted = limits->max_store / SIZE_MARGIN;

	return wal > counted ? taken - wal + counted : taken;
}
