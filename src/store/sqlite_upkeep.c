/* The SQLite store: forgetting what is old, checkpoints, room on the disk. */
#include "store/sqlite.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	DELIVERIES_A_STEP = 50,
	ROWS_A_STEP = 500,
	/* Pages in the WAL from which on a quiet moment is used to checkpoint, and from which on it
	 * is done whether the moment is quiet or not. */
	WAL_QUIET = 128,
	WAL_AT_MOST = 512,
	/* After the disk was full; a small disk may never have room for the ballast. */
	ROOM_AFTER_FULL = 4 << 20,
};

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

/* ---- forgetting ---- */

/* Deliveries that are old: those of a topic, or all. */
struct old {
	const char *topic;
	int64_t before;
	int64_t rows; /* that a step looks at */
};

/* What a walk over deliveries has found in a step. */
struct found {
	int64_t ids[DELIVERIES_A_STEP]; /* to remove */
	size_t count;
	bool ended;
};

/* Deliveries are as old as their ids are small: the first young one ends the walk. */
static int find_old(struct sqlite_store *store, enum statement statement, int64_t *from,
	const struct old *old, struct found *found, struct error *error)
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
		result = sqlite_failed(store, "it cannot be read", error);
	found->ended = seen < old->rows && found->count < DELIVERIES_A_STEP;
	sqlite_end(store, statement);
	return result == -1 ? -1 : 0;
}

static int remove_found(struct sqlite_store *store, const struct found *found, struct error *error)
{
	for (size_t i = 0; i < found->count; i++)
		if (sqlite_do(store, DELETE_DELIVERY, error, "i", found->ids[i]) != 0)
			return -1;
	return 0;
}

static int sweep_deliveries(
	struct sqlite_store *store, int64_t before, bool *ended, struct error *error)
{
	const struct old old = {NULL, before, DELIVERIES_A_STEP};
	struct found found = {.count = 0};

	if (find_old(store, OLD_DELIVERIES, &store->sweep.delivery, &old, &found, error) != 0)
		return -1;
	*ended = found.ended;
	return remove_found(store, &found, error);
}

/* Those of a topic that go earlier lie among others: a round goes on where the last one ended, and
 * only the first one after a start sees all. */
static int expire_brief(struct sqlite_store *store, const struct retention *retention, bool *ended,
	struct error *error)
{
	const struct old old = {retention->brief_topic, retention->brief_before, ROWS_A_STEP};
	struct found found = {.ended = true};

	if (old.topic != NULL &&
		find_old(store, BRIEF_DELIVERIES, &store->brief_delivery, &old, &found, error) != 0)
		return -1;
	*ended = found.ended;
	return remove_found(store, &found, error);
}

/* A step of a walk through all of `told` in the order of its key. */
static int sweep_told(struct sqlite_store *store, int64_t before, bool *ended, struct error *error)
{
	unsigned char last[sizeof(store->sweep.told)];
	const void *from = store->sweep.told;
	int result = sqlite_run(
		store, OLD_TOLD, error, "bi", from, sizeof(last), (int64_t)ROWS_A_STEP - 1);

	memset(last, 0xff, sizeof(last));
	if (result == SQLITE_ROW &&
		sqlite3_column_bytes(store->statements[OLD_TOLD], 0) == (int)sizeof(last))
		memcpy(last, sqlite3_column_blob(store->statements[OLD_TOLD], 0), sizeof(last));
	sqlite_end(store, OLD_TOLD);
	if (result == -1)
		return -1;
	if (sqlite_do(store, DELETE_TOLD, error, "bbi", from, sizeof(last), (const void *)last,
		    sizeof(last), before) != 0)
		return -1;
	*ended = result == SQLITE_DONE;
	memcpy(store->sweep.told, last, sizeof(last));
	return 0;
}

/* The same walk through the records. A key that was cut is less than the whole one: a row is looked
 * at twice then, never left out. */
static int sweep_records(struct sqlite_store *store, int64_t now, bool *ended, struct error *error)
{
	char to[3][RECORD_KEY_PART] = {"\xff", "", ""}; /* more than any shop's name */
	char(*from)[RECORD_KEY_PART] = store->sweep.record;
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

int sqlite_sweep(
	struct store *store, const struct retention *retention, bool *more, struct error *error)
{
	struct sqlite_store *self = own(store);
	bool ended = false;
	int result;

	*more = true;
	switch (self->sweep.subject) {
	case SWEEP_DELIVERIES:
		result = sweep_deliveries(self, retention->deliveries_before, &ended, error);
		break;
	case SWEEP_BRIEF:
		result = expire_brief(self, retention, &ended, error);
		break;
	case SWEEP_TOLD:
		result = sweep_told(self, retention->told_before, &ended, error);
		break;
	default:
		result = sweep_records(self, retention->now, &ended, error);
	}
	if (result == 0 && ended && ++self->sweep.subject == SWEEP_END) {
		self->sweep = (struct sweep){0};
		*more = false;
	}
	return result;
}

/* ---- the disk ---- */

/* The file does not become smaller when webhooks are forgotten: its unused pages are room, too. And
 * while something may expire early, nothing is refused, unless the disk is so full that a commit
 * may fail. */
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
			" MiB: see what waits with `segrelay status`, or raise max_store",
			taken >> 20, limits->max_store >> 20);
	if (store->was_full)
		sqlite_make_ballast(store);
	store->was_full &= free_bytes < ROOM_AFTER_FULL;
	if (store->was_full)
		return error_set(&store->room_error,
			"its disk was full and has %" PRId64 " MiB left: make room",
			free_bytes >> 20);
	if (is_short && (!may_expire || free_bytes < ROOM_AFTER_FULL))
		return error_set(&store->room_error,
			"its disk has %" PRId64 " MiB left, min_free asks for %" PRId64
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

int sqlite_tidy(struct store *store, bool idle, struct error *error)
{
	struct sqlite_store *self = own(store);
	int log = 0;
	int done = 0;

	if (self->wal_pages < (idle ? WAL_QUIET : WAL_AT_MOST))
		return 0;
	if (sqlite3_wal_checkpoint_v2(self->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &done) !=
		SQLITE_OK)
		return sqlite_failed(self, "it cannot be checkpointed", error);
	self->wal_pages = 0;
	sqlite_make_ballast(self);
	return 0;
}
