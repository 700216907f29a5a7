/* The SQLite store: forgetting what is old, checkpoints, room on the disk. */
#include "store/sqlite.h"

#include "base/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
	BALLAST = 16 << 20,
	DELIVERIES_A_STEP = 50,
	ROWS_A_STEP = 500,
	/* Pages in the WAL from which on a quiet moment is used to checkpoint, and from which on it
	 * is done whether the moment is quiet or not. */
	WAL_QUIET = 128,
	WAL_AT_MOST = 1024,
};

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

/* ---- forgetting ---- */

/* Deliveries are as old as their ids are small: the first young one ends the sweep. */
static int sweep_deliveries(
	struct sqlite_store *store, int64_t before, bool *more, struct error *error)
{
	sqlite3_stmt *row = store->statements[OLD_DELIVERIES];
	int64_t ids[DELIVERIES_A_STEP];
	size_t count = 0;
	int seen = 0;
	int result = sqlite_run(store, OLD_DELIVERIES, error, "ii", store->swept_delivery,
		(int64_t)DELIVERIES_A_STEP);

	for (; result == SQLITE_ROW && sqlite3_column_int64(row, 1) < before;
		result = sqlite3_step(row), seen++) {
		store->swept_delivery = sqlite3_column_int64(row, 0);
		if (sqlite3_column_int(row, 2) == 0)
			ids[count++] = store->swept_delivery;
	}
	sqlite_end(store, OLD_DELIVERIES);
	if (result == -1)
		return -1;
	if (seen == DELIVERIES_A_STEP)
		*more = true;
	else
		store->swept_delivery = 0;
	for (size_t i = 0; i < count; i++)
		if (sqlite_do(store, DELETE_DELIVERY, error, "i", ids[i]) != 0)
			return -1;
	return 0;
}

/* A step of a walk through all of `told` in the order of its key; then it begins anew. */
static int sweep_told(struct sqlite_store *store, int64_t before, bool *more, struct error *error)
{
	unsigned char last[sizeof(store->swept_told)];
	int result = sqlite_run(store, OLD_TOLD, error, "bi", (const void *)store->swept_told,
		sizeof(store->swept_told), (int64_t)ROWS_A_STEP - 1);

	memset(last, 0xff, sizeof(last));
	if (result == SQLITE_ROW &&
		sqlite3_column_bytes(store->statements[OLD_TOLD], 0) == (int)sizeof(last))
		memcpy(last, sqlite3_column_blob(store->statements[OLD_TOLD], 0), sizeof(last));
	sqlite_end(store, OLD_TOLD);
	if (result == -1)
		return -1;
	if (sqlite_do(store, DELETE_TOLD, error, "bbi", (const void *)store->swept_told,
		    sizeof(last), (const void *)last, sizeof(last), before) != 0)
		return -1;
	if (result == SQLITE_ROW)
		*more = true;
	else
		memset(last, 0, sizeof(last));
	memcpy(store->swept_told, last, sizeof(last));
	return 0;
}

/* Splits "shop\nkind\nkey" in place. */
static void split_key(char *joined, const char *parts[3])
{
	for (int i = 0; i < 3; i++) {
		size_t length = strcspn(joined, "\n");

		parts[i] = joined;
		joined += length;
		if (*joined != '\0')
			*joined++ = '\0';
	}
}

/* The same walk through the records. */
static int sweep_records(struct sqlite_store *store, int64_t now, bool *more, struct error *error)
{
	char from[sizeof(store->swept_record)];
	char to[sizeof(store->swept_record)] = "\xff";
	const char *first[3];
	const char *last[3];
	int result;

	memcpy(from, store->swept_record, sizeof(from));
	split_key(from, first);
	result = sqlite_run(store, OLD_RECORDS, error, "ttti", first[0], first[1], first[2],
		(int64_t)ROWS_A_STEP - 1);
	if (result == SQLITE_ROW)
		(void)snprintf(to, sizeof(to), "%s",
			(const char *)sqlite3_column_text(store->statements[OLD_RECORDS], 0));
	sqlite_end(store, OLD_RECORDS);
	if (result == -1)
		return -1;
	memset(store->swept_record, 0, sizeof(store->swept_record));
	if (result == SQLITE_ROW) {
		memcpy(store->swept_record, to, sizeof(to));
		*more = true;
	}
	split_key(to, last);
	return sqlite_do(store, DELETE_RECORDS, error, "tttttti", first[0], first[1], first[2],
		last[0], last[1], last[2], now);
}

int sqlite_sweep(
	struct store *store, const struct retention *retention, bool *more, struct error *error)
{
	*more = false;
	if (sweep_deliveries(own(store), retention->deliveries_before, more, error) != 0 ||
		sweep_told(own(store), retention->told_before, more, error) != 0)
		return -1;
	return sweep_records(own(store), retention->now, more, error);
}

/* ---- the disk ---- */

static bool in_memory(const struct sqlite_store *store)
{
	return strcmp(store->path, ":memory:") == 0;
}

static int64_t free_bytes_of(const struct sqlite_store *store)
{
	struct statvfs disk;

	if (in_memory(store) || statvfs(store->path, &disk) != 0)
		return INT64_MAX;
	return (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
}

static void ballast_path(const struct sqlite_store *store, char path[4096])
{
	(void)snprintf(path, 4096, "%s.ballast", store->path);
}

void sqlite_make_ballast(struct sqlite_store *store)
{
	char path[4096];
	int fd;

	ballast_path(store, path);
	if (in_memory(store) || access(path, F_OK) == 0 ||
		free_bytes_of(store) < 8 * (int64_t)BALLAST)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, BALLAST) != 0)
		(void)unlink(path);
	(void)close(fd);
}

void sqlite_drop_ballast(struct sqlite_store *store)
{
	char path[4096];

	ballast_path(store, path);
	(void)unlink(path);
}

static int64_t number_of(struct sqlite_store *store, enum statement statement, struct error *error)
{
	int result = sqlite_run(store, statement, error, "");
	int64_t number =
		result == SQLITE_ROW ? sqlite3_column_int64(store->statements[statement], 0) : -1;

	sqlite_end(store, statement);
	return number;
}

int sqlite_size(struct store *store, int64_t *bytes, int64_t *free_bytes, struct error *error)
{
	struct sqlite_store *self = own(store);
	int64_t pages = number_of(self, PAGE_COUNT, error);
	int64_t unused = number_of(self, FREE_PAGES, error);

	if (pages < 0 || unused < 0)
		return -1;
	*bytes = (pages - unused + self->wal_pages) * self->page_size;
	*free_bytes = free_bytes_of(self);
	return 0;
}

static int check_room(struct sqlite_store *store, const struct store_limits *limits)
{
	int64_t bytes;
	int64_t free_bytes;

	if (sqlite_size(&store->base, &bytes, &free_bytes, &store->room_error) != 0)
		return -1;
	if (bytes > limits->max_store)
		return error_set(&store->room_error,
			"the store holds %" PRId64 " MiB, max_store allows %" PRId64
			" MiB: see what waits with `segrelay status`, or raise max_store",
			bytes >> 20, limits->max_store >> 20);
	if (free_bytes < limits->min_free)
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
		return sqlite_failed(self, "cannot be checkpointed", error);
	self->wal_pages = 0;
	sqlite_make_ballast(self);
	return 0;
}
