/* The SQLite store: early expiry. Near its limits the store deletes the oldest deliveries that are
 * fully acknowledged, so that only unsent messages can fill it. */
#include "store/sqlite.h"

enum {
	ROWS_A_STEP = 64, /* deliveries read by one query */
	ROWS_EACH = 64,   /* read for each delivery that was added */
	ROWS_IDLE = 256,  /* read while nothing else is to be done */
	ROWS_AT_MOST = 1024,
	BYTES_IDLE = 2 << 20,
};

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

/* ---- acknowledgement ---- */

/* A message or dead letter of the delivery was removed: early expiry must look at it again. */
static void acknowledge(struct sqlite_store *store, int64_t delivery)
{
	if (delivery <= 0 || delivery > store->early.cursor)
		return;
	store->early.cursor = delivery - 1;
	store->early.ended = false;
}

int sqlite_delete_of_delivery(struct sqlite_store *store, enum statement statement, int64_t id,
	size_t *count, struct error *error)
{
	int result = sqlite_run(store, statement, error, "i", id);

	if (result == SQLITE_ROW) {
		acknowledge(store, sqlite3_column_int64(store->statements[statement], 0));
		result = sqlite3_step(store->statements[statement]);
		if (result != SQLITE_DONE)
			(void)sqlite_failed(store, "the statement failed", error);
		else
			++*count;
	}
	sqlite_end(store, statement);
	return result == SQLITE_DONE ? 0 : -1;
}

/* ---- the walk ---- */

/* Fully acknowledged deliveries, found by one query. */
struct early_batch {
	struct early_row {
		int64_t id;
		int64_t received;
		int64_t bytes;
	} rows[ROWS_A_STEP];
	size_t count;
	size_t looked_at;
	int64_t bytes;
};

/* Collects fully acknowledged deliveries from the cursor on: reads up to `most` rows, until those
 * found hold `bytes`. The cursor moves past a delivery only when none before it is acknowledged. */
static int find(struct sqlite_store *store, size_t most, int64_t bytes, struct early_batch *found,
	struct error *error)
{
	sqlite3_stmt *row = store->statements[EARLY_DELIVERIES];
	bool none_acknowledged = true;
	int result;

	*found = (struct early_batch){.count = 0};
	if (most > ROWS_A_STEP)
		most = ROWS_A_STEP;
	result = sqlite_run(
		store, EARLY_DELIVERIES, error, "ii", store->early.cursor, (int64_t)most);
	for (; result == SQLITE_ROW && found->bytes < bytes; result = sqlite3_step(row)) {
		found->looked_at++;
		if (sqlite3_column_int(row, 3) == 0) {
			found->rows[found->count++] = (struct early_row){
				sqlite3_column_int64(row, 0),
				sqlite3_column_int64(row, 1),
				sqlite3_column_int64(row, 2),
			};
			found->bytes += sqlite3_column_int64(row, 2) + 1;
			none_acknowledged = false;
		} else if (none_acknowledged) {
			store->early.cursor = sqlite3_column_int64(row, 0);
		}
	}
	if (result != SQLITE_ROW && result != SQLITE_DONE && result != -1)
		result = sqlite_failed(store, "reading failed", error);
	sqlite_end(store, EARLY_DELIVERIES);
	store->early.ended = result == SQLITE_DONE && found->looked_at < most && found->count == 0;
	return result == -1 ? -1 : 0;
}

int sqlite_may_expire_early(struct sqlite_store *store, bool *may, struct error *error)
{
	struct early_batch found = {.count = 0};

	if (!store->early.ended && find(store, ROWS_A_STEP, 1, &found, error) != 0)
		return -1;
	*may = !store->early.ended;
	return 0;
}

/* Deletes the deliveries found, oldest first. The cursor moves past those that remain between them
 * later, when it reaches them. */
static int delete_found(struct sqlite_store *store, const struct early_batch *found,
	struct early_expiry *done, struct error *error)
{
	for (size_t i = 0; i < found->count; i++) {
		if (sqlite_do(store, DELETE_DELIVERY, error, "i", found->rows[i].id) != 0)
			return -1;
		done->count++;
		done->bytes += found->rows[i].bytes;
		done->received = found->rows[i].received;
	}
	return 0;
}

/* ---- how much ---- */

/* Bytes above the limits less a margin (margin / part), 0 when there are none; *of_disk is true
 * when the disk is short of room, not the store. */
static int find_shortage(struct sqlite_store *store, const struct store_limits *limits, int part,
	int64_t *bytes, bool *of_disk, struct error *error)
{
	int64_t margin = limits->max_store / SIZE_MARGIN;
	int64_t disk_margin = limits->min_free < margin ? limits->min_free : margin;
	int64_t free_bytes = sqlite_free_bytes(store);
	int64_t taken;
	int64_t reusable;
	int64_t wanted;
	int64_t on_disk;

	if (sqlite_measure(store, &taken, &reusable, error) != 0)
		return -1;
	*bytes = sqlite_beyond_wal(store, limits, taken) - (limits->max_store - margin / part);
	/* A store in memory reports INT64_MAX free bytes. */
	wanted = disk_margin / part + limits->min_free - reusable;
	on_disk = wanted > free_bytes ? wanted - free_bytes : 0;
	*of_disk = on_disk > 0 && on_disk > *bytes;
	if (*of_disk)
		*bytes = on_disk;
	if (*bytes < 0)
		*bytes = 0;
	return 0;
}

int sqlite_is_nearly_full(
	struct store *store, const struct store_limits *limits, bool *is, struct error *error)
{
	int64_t bytes;
	bool of_disk;

	if (find_shortage(own(store), limits, 2, &bytes, &of_disk, error) != 0)
		return -1;
	*is = bytes > 0;
	return 0;
}

/* Deletes twice as much as was added since the last call, so that the store shrinks while it is in
 * use. */
int sqlite_expire_early(struct store *store, const struct store_limits *limits, bool idle,
	struct early_expiry *done, struct error *error)
{
	struct sqlite_store *self = own(store);
	size_t rows = self->early.added * ROWS_EACH;
	int64_t bytes = 2 * self->early.added_bytes;
	struct early_batch found;

	*done = (struct early_expiry){.count = 0};
	self->early.added = 0;
	self->early.added_bytes = 0;
	if (idle) {
		rows = ROWS_IDLE;
		bytes = BYTES_IDLE;
	}
	if (rows == 0)
		return 0;
	if (rows > ROWS_AT_MOST)
		rows = ROWS_AT_MOST;
	if (find_shortage(self, limits, 1, &done->shortage, &done->of_disk, error) != 0)
		return -1;
	if (bytes > done->shortage)
		bytes = done->shortage;
	while (rows > 0 && done->bytes < bytes && !self->early.ended) {
		if (find(self, rows, bytes - done->bytes, &found, error) != 0 ||
			delete_found(self, &found, done, error) != 0)
			return -1;
		rows -= found.looked_at < rows ? found.looked_at : rows;
		if (found.looked_at == 0)
			break;
	}
	done->shortage = self->early.ended || done->shortage <= done->bytes
				 ? 0
				 : done->shortage - done->bytes;
	return 0;
}
