/* The SQLite store: expiry, checkpoints, room on the disk. */
#include "store/sqlite.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	DELIVERIES_A_STEP = 50,
	ROWS_A_STEP = 500,
	/* Pages in the WAL from which on a checkpoint is made: in an idle moment, and in any
	 * moment. */
	WAL_IDLE = 128,
	WAL_BUSY = 512,
	/* Required after a full disk; a small disk may never have room for the reserve file. */
	ROOM_AFTER_FULL = 4 << 20,
};

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

/* ---- expiry ---- */

/* The deliveries to expire: those of a topic, or all. */
struct age_limit {
	const char *topic;
	int64_t before;
	int64_t rows; /* read in one step */
};

/* The deliveries found in one step. */
struct expired_ids {
	int64_t ids[DELIVERIES_A_STEP]; /* to delete */
	size_t count;
	bool ended;
};

/* Ids ascend with time: the first delivery that is young enough ends the search. */
static int find_old(struct sqlite_store *store, enum statement statement, int64_t *from,
	const struct age_limit *old, struct expired_ids *found, struct error *error)
{
	sqlite3_stmt *row = store->statements[statement];
	int result = sqlite_run(store, statement, error, old->topic != NULL ? "iit" : "ii", *from,
		old->rows, old->topic);
	int64_t seen = 0;

	for (; result == SQLITE_ROW && sqlite3_column_int64(row, 1) < old->before &&
		found->count < DELIVERIES_A_STEP;
		result = sqlite3_step(row), seen++) {
		*from = sqlite3_column_int64(row, 0);
		if (sqlite3_column_int(row, 2) == 0)
			found->ids[found->count++] = *from;
	}
	if (result != SQLITE_ROW && result != SQLITE_DONE && result != -1)
		result = sqlite_failed(store, "reading failed", error);
	found->ended = seen < old->rows && found->count < DELIVERIES_A_STEP;
	sqlite_end(store, statement);
	return result == -1 ? -1 : 0;
}

static int remove_found(
	struct sqlite_store *store, const struct expired_ids *found, struct error *error)
{
	for (size_t i = 0; i < found->count; i++)
		if (sqlite_do(store, DELETE_DELIVERY, error, "i", found->ids[i]) != 0)
			return -1;
	return 0;
}

static int expire_deliveries(
	struct sqlite_store *store, int64_t before, bool *ended, struct error *error)
{
	const struct age_limit old = {NULL, before, DELIVERIES_A_STEP};
	struct expired_ids found = {.count = 0};

	if (find_old(store, OLD_DELIVERIES, &store->expiry.delivery, &old, &found, error) != 0)
		return -1;
	*ended = found.ended;
	return remove_found(store, &found, error);
}

/* The deliveries of the brief topic are among others, so the position is kept between passes, and
 * only the first pass after a start reads all. */
static int expire_brief(struct sqlite_store *store, const struct retention *retention, bool *ended,
	struct error *error)
{
	const struct age_limit old = {retention->brief_topic, retention->brief_before, ROWS_A_STEP};
	struct expired_ids found = {.ended = true};

	if (old.topic != NULL &&
		find_old(store, BRIEF_DELIVERIES, &store->brief_delivery, &old, &found, error) != 0)
		return -1;
	*ended = found.ended;
	return remove_found(store, &found, error);
}

/* One step through the table `emitted` in the order of its key. */
static int expire_emitted(
	struct sqlite_store *store, int64_t before, bool *ended, struct error *error)
{
	unsigned char last[sizeof(store->expiry.emitted)];
	const void *from = store->expiry.emitted;
	int result = sqlite_run(
		store, OLD_EMITTED, error, "bi", from, sizeof(last), (int64_t)ROWS_A_STEP - 1);

	memset(last, 0xff, sizeof(last));
	if (result == SQLITE_ROW &&
		sqlite3_column_bytes(store->statements[OLD_EMITTED], 0) == (int)sizeof(last))
		memcpy(last, sqlite3_column_blob(store->statements[OLD_EMITTED], 0), sizeof(last));
	sqlite_end(store, OLD_EMITTED);
	if (result == -1)
		return -1;
	if (sqlite_do(store, DELETE_EMITTED, error, "bbi", from, sizeof(last), (const void *)last,
		    sizeof(last), before) != 0)
		return -1;
	*ended = result == SQLITE_DONE;
	memcpy(store->expiry.emitted, last, sizeof(last));
	return 0;
}

/* The same for the records. A truncated key sorts before the full one: a row may be read twice
 * then, but is never left out. */
static int expire_records(struct sqlite_store *store, int64_t now, bool *ended, struct error *error)
{
	char to[3][RECORD_KEY_PART] = {"\xff", "", ""}; /* sorts after any shop's name */
	char(*from)[RECORD_KEY_PART] = store->expiry.record;
	int result = sqlite_run(store, OLD_RECORDS, error, "ttti", from[0], from[1], from[2],
		(int64_t)ROWS_A_STEP - 1);

	for (int i = 0; i < 3 && result == SQLITE_ROW; i++)
		(void)snprintf(to[i], sizeof(to[i]), "%s",
			(const char *)sqlite3_column_text(store->statements[OLD_RECORDS], i));
	sqlite_end(store, OLD_RECORDS);
	if (result == -1)
		return -1;
	if (sqlite_do(store, DELETE_RECORDS, error, "tttttti", from[0], from[1], from[2], to[0],
		    to[1], to[2], now) != 0)
		return -1;
	*ended = result == SQLITE_DONE;
	memcpy(from, to, sizeof(to));
	return 0;
}

int sqlite_expire(
	struct store *store, const struct retention *retention, bool *more, struct error *error)
{
	struct sqlite_store *self = own(store);
	bool ended = false;
	int result;

	*more = true;
	switch (self->expiry.table) {
	case EXPIRE_DELIVERIES:
		result = expire_deliveries(self, retention->deliveries_before, &ended, error);
		break;
	case EXPIRE_BRIEF:
		result = expire_brief(self, retention, &ended, error);
		break;
	case EXPIRE_EMITTED:
		result = expire_emitted(self, retention->emitted_before, &ended, error);
		break;
	default:
		result = expire_records(self, retention->now, &ended, error);
	}
	if (result == 0 && ended && ++self->expiry.table == EXPIRE_END) {
		self->expiry = (struct expiry){0};
		*more = false;
	}
	return result;
}

/* ---- the disk ---- */

/* The file does not shrink when rows are deleted: its unused pages count as room. While early
 * expiry can delete deliveries, none is refused, unless the disk is so full that a commit may fail.
 */
static int check_room(struct sqlite_store *store, const struct store_limits *limits)
{
	int64_t free_bytes = sqlite_free_bytes(store);
	int64_t taken;
	int64_t reusable;
	bool is_over;
	bool is_short;
	bool may_expire = false;

	if (sqlite_measure(store, &taken, &reusable, &store->room_error) != 0)
		return -1;
	taken = sqlite_beyond_wal(store, limits, taken);
	is_over = taken > limits->max_store;
	is_short = free_bytes < limits->min_free - reusable;
	if ((is_over || is_short) &&
		sqlite_may_expire_early(store, &may_expire, &store->room_error) != 0)
		return -1;
	if (is_over && !may_expire)
		return error_set(&store->room_error,
			"the store holds %" PRId64 " MiB, max_store allows %" PRId64
			" MiB: see the outbox with `segrelay status`, or raise max_store",
			taken >> 20, limits->max_store >> 20);
	if (store->was_full)
		sqlite_make_reserve(store);
	store->was_full &= free_bytes < ROOM_AFTER_FULL;
	if (store->was_full)
		return error_set(&store->room_error,
			"its disk was full and has %" PRId64 " MiB free: make room",
			free_bytes >> 20);
	if (is_short && (!may_expire || free_bytes < ROOM_AFTER_FULL))
		return error_set(&store->room_error,
			"its disk has %" PRId64 " MiB free, min_free requires %" PRId64
			" MiB: make room",
			free_bytes >> 20, limits->min_free >> 20);
	return 0;
}

int sqlite_room(struct store *store, const struct store_limits *limits, struct error *error)
{
	struct sqlite_store *self = own(store);
	int64_t now = clock_monotonic();

	if (self->room_checked == 0 || now - self->room_checked >= SECOND) {
		self->room_checked = now;
		self->room_result = check_room(self, limits);
	}
	if (self->room_result != 0)
		*error = self->room_error;
	return self->room_result;
}

/* ---- checkpoints ---- */

static int checkpoint(struct sqlite_store *store, int mode, struct error *error)
{
	if (sqlite3_wal_checkpoint_v2(store->db, NULL, mode, NULL, NULL) != SQLITE_OK)
		return sqlite_failed(store, "the checkpoint failed", error);
	store->wal_pages = 0;
	return 0;
}

/* SQLite overwrites deleted rows at once (secure_delete), and pages have no copies of them in their
 * gaps (sqlite_gaps.c). This removes the older pages of the WAL and those cached in memory. */
static int wipe(struct sqlite_store *store, struct error *error)
{
	if (checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE, error) != 0)
		return -1;
	(void)sqlite3_db_release_memory(store->db);
	return 0;
}

int sqlite_housekeeping(struct store *store, enum store_housekeeping kind, struct error *error)
{
	struct sqlite_store *self = own(store);

	if (kind == STORE_WIPE)
		return wipe(self, error);
	if (self->wal_pages < (kind == STORE_IDLE ? WAL_IDLE : WAL_BUSY))
		return 0;
	if (checkpoint(self, SQLITE_CHECKPOINT_PASSIVE, error) != 0)
		return -1;
	sqlite_make_reserve(self);
	return 0;
}
