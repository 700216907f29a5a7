/* The SQLite store: opening, transactions. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of pages of 4, 8 and 16 KiB, 8 cost least for bodies of some 10 KB. */
enum { PAGE_SIZE = 8192, CACHE_KIB = 8192 };

/* ---- transactions ---- */

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

static int begin(struct store *store, struct error *error)
{
	struct sqlite_store *self = own(store);

	self->places_before = self->place_count;
	for (size_t i = 0; i < self->place_count; i++)
		self->places[i].before = self->places[i].cursor;
	return sqlite_do(self, BEGIN, error, "");
}

static int commit(struct store *store, struct error *error)
{
	return sqlite_do(own(store), COMMIT, error, "");
}

/* What a rolled-back transaction claimed can be claimed again, and a destination that it made is
 * not there. */
static void rollback(struct store *store)
{
	struct sqlite_store *self = own(store);

	if (sqlite3_get_autocommit(self->db) == 0)
		(void)sqlite_do(self, ROLLBACK, NULL, "");
	while (self->place_count > self->places_before)
		free(self->places[--self->place_count].name);
	for (size_t i = 0; i < self->place_count; i++)
		self->places[i].cursor = self->places[i].before;
}

/* ---- opening ---- */

static int on_wal(void *context, sqlite3 *db, const char *name, int pages)
{
	(void)db, (void)name;
	((struct sqlite_store *)context)->wal_pages = pages;
	return SQLITE_OK;
}

/* Only one process may have the store. */
static int take_lock(struct sqlite_store *store, bool *in_use, struct error *error)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s.lock", store->path);
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock < 0)
		return error_set(error, "store %s: %s: %s", store->path, path, strerror(errno));
	if (flock(store->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (in_use != NULL)
		*in_use = true;
	return error_set(error, "store %s is in use by another segrelay", store->path);
}

/* A new file survives a crash of the machine only when its folder was synced, too. */
static void sync_folder(const struct sqlite_store *store)
{
	char *path = strdup(store->path);
	int fd = path != NULL ? open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
	free(path);
}

static int configure(struct sqlite_store *store, struct error *error)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		"PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
		"PRAGMA page_size = %d; PRAGMA locking_mode = EXCLUSIVE;"
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = "
		"0;"
		"PRAGMA secure_delete = FAST; PRAGMA journal_size_limit = 67108864; PRAGMA "
		"temp_store = MEMORY;"
		"PRAGMA cache_size = -%d;",
		PAGE_SIZE, CACHE_KIB);
	if (sqlite3_exec(store->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_failed(store, "cannot be opened", error);
	store->page_size = PAGE_SIZE;
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return 0;
}

/* SQLite would make the file readable by others; the WAL takes its rights. */
static void make_private(const char *path)
{
	int fd = strcmp(path, ":memory:") != 0
			 ? open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
			 : -1;

	if (fd >= 0)
		(void)close(fd);
}

static int connect_to(struct sqlite_store *store, struct error *error)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	make_private(store->path);
	if (sqlite3_open_v2(store->path, &store->db, flags, NULL) != SQLITE_OK)
		return sqlite_failed(store, "cannot be opened", error);
	if (configure(store, error) != 0 || sqlite_migrate(store, error) != 0 ||
		sqlite_prepare(store, error) != 0)
		return -1;
	/* After our own: SQLite's wal_autocheckpoint is a hook, too. */
	(void)sqlite3_wal_hook(store->db, on_wal, store);
	sync_folder(store);
	return 0;
}

static void disconnect(struct sqlite_store *store)
{
	for (int i = 0; i < STATEMENTS; i++) {
		(void)sqlite3_finalize(store->statements[i]);
		store->statements[i] = NULL;
	}
	(void)sqlite3_close(store->db);
	store->db = NULL;
	store->room_checked = 0;
}

static void close_store(struct store *store)
{
	struct sqlite_store *self = own(store);

	disconnect(self);
	for (size_t i = 0; i < self->place_count; i++)
		free(self->places[i].name);
	if (self->lock >= 0)
		(void)close(self->lock);
	free(self->path);
	free(self);
}

/* Every page of the file is looked at: what was read before a failed fsync may not be what is on
 * the disk (Rebello et al., "Can Applications Recover from fsync Failures?"). */
static int check_file(struct sqlite_store *store, bool *damaged, struct error *error)
{
	sqlite3_stmt *check = NULL;
	int result = -1;

	if (sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &check, NULL) != SQLITE_OK ||
		sqlite3_step(check) != SQLITE_ROW) {
		(void)sqlite_failed(store, "cannot be checked", error);
	} else if (strcmp((const char *)sqlite3_column_text(check, 0), "ok") != 0) {
		*damaged = true;
		(void)error_set(error, "store %s: %.200s%s", store->path,
			(const char *)sqlite3_column_text(check, 0), sqlite_advice(SQLITE_CORRUPT));
	} else {
		result = 0;
	}
	(void)sqlite3_finalize(check);
	return result;
}

/* Claims stay: who holds them is still there. */
static int reopen(struct store *store, bool *damaged, struct error *error)
{
	struct sqlite_store *self = own(store);
	int code;

	*damaged = false;
	/* A full disk or lack of memory was rolled back cleanly: nothing is in doubt. */
	if (self->last_code == SQLITE_FULL || self->last_code == SQLITE_NOMEM)
		return 0;
	disconnect(self);
	if (connect_to(self, error) == 0 && check_file(self, damaged, error) == 0)
		return 0;
	code = sqlite3_errcode(self->db);
	*damaged = *damaged || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
	return -1;
}

static const struct store_engine sqlite_engine = {
	.close = close_store,
	.reopen = reopen,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.room = sqlite_room,
	.add_delivery = sqlite_add_delivery,
	.get_delivery = sqlite_get_delivery,
	.tell = sqlite_tell,
	.queue = sqlite_queue,
	.claim = sqlite_claim,
	.unclaim = sqlite_unclaim,
	.sent = sqlite_sent,
	.bury = sqlite_bury,
	.bury_delivery = sqlite_bury_delivery,
	.each_dead = sqlite_each_dead,
	.get_dead = sqlite_get_dead,
	.revive = sqlite_revive,
	.drop_dead = sqlite_drop_dead,
	.get_record = sqlite_get_record,
	.put_record = sqlite_put_record,
	.set_timer = sqlite_set_timer,
	.drop_timer = sqlite_drop_timer,
	.due_timer = sqlite_due_timer,
	.topics = sqlite_topics,
	.save_topic = sqlite_save_topic,
	.destinations = sqlite_destinations,
	.save_destination = sqlite_save_destination,
	.oldest = sqlite_oldest,
	.sweep = sqlite_sweep,
	.tidy = sqlite_tidy,
	.size = sqlite_size,
};

int sqlite_open(const char *path, struct store **store, bool *in_use, struct error *error)
{
	struct sqlite_store *self = calloc(1, sizeof(*self));
	bool in_memory = strcmp(path, ":memory:") == 0;

	if (self == NULL)
		return error_set(error, "no memory");
	self->base.engine = &sqlite_engine;
	self->lock = -1;
	self->path = strdup(path);
	if (self->path == NULL) {
		(void)error_set(error, "no memory");
		goto failed;
	}
	if ((!in_memory && take_lock(self, in_use, error) != 0) || connect_to(self, error) != 0)
		goto failed;
	if (!in_memory)
		sqlite_make_ballast(self);
	*store = &self->base;
	return 0;
failed:
	close_store(&self->base);
	return -1;
}
