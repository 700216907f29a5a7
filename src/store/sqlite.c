/* The SQLite store: opening, transactions. */
#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CACHE_KIB = 8192 };

/* ---- transactions ---- */

static struct sqlite_store *own(struct store *store)
{
	return (struct sqlite_store *)store;
}

int sqlite_begin(struct store *store, struct error *error)
{
	struct sqlite_store *self = own(store);

	self->cursors_before = self->cursor_count;
	for (size_t i = 0; i < self->cursor_count; i++)
		self->cursors[i].before = self->cursors[i].position;
	return sqlite_do(self, BEGIN, error, "");
}

int sqlite_commit(struct store *store, struct error *error)
{
	return sqlite_do(own(store), COMMIT, error, "");
}

/* Removes the cursors of destinations that were created since there were `count`. */
static void drop_cursors(struct sqlite_store *store, size_t count)
{
	while (store->cursor_count > count)
		free(store->cursors[--store->cursor_count].name);
}

int sqlite_savepoint(struct store *store, struct error *error)
{
	own(store)->cursors_saved = own(store)->cursor_count;
	return sqlite_do(own(store), SAVEPOINT, error, "");
}

int sqlite_release(struct store *store, struct error *error)
{
	return sqlite_do(own(store), RELEASE, error, "");
}

/* Fails when SQLite has rolled back the whole transaction, which removes the savepoint. */
int sqlite_rollback_to(struct store *store, struct error *error)
{
	struct sqlite_store *self = own(store);

	drop_cursors(self, self->cursors_saved);
	if (sqlite_do(self, ROLLBACK_TO, error, "") != 0 ||
		sqlite_do(self, RELEASE, error, "") != 0)
		return error_classify(error, ERROR_OTHER);
	return 0;
}

/* Claims of the transaction are undone, and destinations that it created do not exist. Early expiry
 * starts again, since deliveries that it passed may be fully acknowledged. */
void sqlite_rollback(struct store *store)
{
	struct sqlite_store *self = own(store);

	if (sqlite3_get_autocommit(self->db) == 0)
		(void)sqlite_do(self, ROLLBACK, NULL, "");
	drop_cursors(self, self->cursors_before);
	self->early = (struct early){0};
	for (size_t i = 0; i < self->cursor_count; i++)
		self->cursors[i].position = self->cursors[i].before;
}

/* ---- opening ---- */

static int on_wal(void *context, sqlite3 *db, const char *name, int pages)
{
	(void)db, (void)name;
	((struct sqlite_store *)context)->wal_pages = pages;
	return SQLITE_OK;
}

/* The application id is written first, so that any file that is not empty is recognised by its
 * header, whenever a crash happened. Whether the file is empty is known only after the first read,
 * which rolls back an incomplete first commit. */
static int configure(struct sqlite_store *store, bool *is_new, struct error *error)
{
	static const char settings[] =
		"PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL;";
	static const char journal[] = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
				      "PRAGMA journal_size_limit = 67108864;"
				      "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;";
	char text[1024];
	int64_t pages = -1;

	if (sqlite3_exec(store->db, settings, NULL, NULL, NULL) == SQLITE_OK)
		pages = sqlite_pragma(store->db, "PRAGMA page_count");
	if (pages < 0)
		return sqlite_failed(store, "it cannot be opened", error);
	*is_new = pages == 0;
	(void)snprintf(text, sizeof(text), "PRAGMA page_size = %d; PRAGMA application_id = %d;",
		SQLITE_PAGE_SIZE, APPLICATION_ID);
	if (*is_new && sqlite3_exec(store->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_failed(store, "it cannot be opened", error);
	(void)snprintf(text, sizeof(text), "%s PRAGMA cache_size = -%d;", journal, CACHE_KIB);
	if (sqlite3_exec(store->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_failed(store, "it cannot be opened", error);
	store->page_size = SQLITE_PAGE_SIZE;
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return 0;
}

static int connect_to(struct sqlite_store *store, struct error *error)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	bool is_new = false;

	if (sqlite_claim_file(store, error) != 0)
		return -1;
	if (sqlite3_open_v2(store->path, &store->db, flags, NULL) != SQLITE_OK)
		return sqlite_failed(store, "it cannot be opened", error);
	sqlite_clear_gaps(store);
	if (configure(store, &is_new, error) != 0 || sqlite_migrate(store, error) != 0 ||
		sqlite_prepare(store, error) != 0)
		return -1;
	/* Set after journal_mode: SQLite's wal_autocheckpoint is a WAL hook, too. */
	(void)sqlite3_wal_hook(store->db, on_wal, store);
	if (is_new && sqlite_sync_folder(store, error) != 0)
		return -1;
	store->usable = true;
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
	store->usable = false;
	store->room_checked = 0;
}

static void close_store(struct store *store)
{
	struct sqlite_store *self = own(store);

	disconnect(self);
	for (size_t i = 0; i < self->cursor_count; i++)
		free(self->cursors[i].name);
	free(self->cursors);
	if (self->lock >= 0)
		(void)close(self->lock);
	free(self->path);
	free(self);
}

static bool is_gone(const struct sqlite_store *store)
{
	return !sqlite_in_memory(store) && access(store->path, F_OK) != 0;
}

/* A claimed message that is no longer in the file must not be confused with a new one of the same
 * id, which would be removed unsent. So an older copy of the file, or a file without its WAL,
 * requires a restart. */
static int check_claims(struct sqlite_store *store, bool *damaged, struct error *error)
{
	int result = sqlite_run(store, LAST_MESSAGE, error, "");
	int64_t last = sqlite3_column_int64(store->statements[LAST_MESSAGE], 0);

	sqlite_end(store, LAST_MESSAGE);
	if (result != SQLITE_ROW)
		return -1;
	for (size_t i = 0; i < store->cursor_count; i++)
		*damaged |= store->cursors[i].position > last;
	return *damaged ? error_set(error,
				  "store %s has lost committed messages: it is an older copy, or "
				  "its -wal file is missing; restart segrelay to use it",
				  store->path)
			: 0;
}

/* After a full disk: removes the reserve file, so that deletions can commit. */
static void make_room(struct sqlite_store *store)
{
	if (store->last_code != SQLITE_FULL)
		return;
	sqlite_drop_reserve(store);
	store->room_checked = 0;
}

/* Claims are kept: the sender still holds these messages. */
int sqlite_reopen(struct store *store, bool *damaged, struct error *error)
{
	struct sqlite_store *self = own(store);
	bool clean = self->last_code == SQLITE_FULL || self->last_code == SQLITE_NOMEM ||
		     self->last_code == SQLITE_CONSTRAINT || self->last_code == SQLITE_TOOBIG;

	*damaged = false;
	make_room(self);
	/* SQLite has rolled back cleanly after a full disk, exhausted memory or a rejected value. A
	 * store in memory would be lost. */
	if (self->usable && (clean || sqlite_in_memory(self)))
		return 0;
	/* A new, empty store in its place would emit everything again. */
	if (is_gone(self))
		return error_set(
			error, "store %s does not exist any more: restore the file", self->path);
	disconnect(self);
	self->last_code = SQLITE_OK;
	if (connect_to(self, error) == 0 && sqlite_recover(self, damaged, error) == 0 &&
		check_claims(self, damaged, error) == 0)
		return 0;
	if (self->last_code == SQLITE_CORRUPT || self->last_code == SQLITE_NOTADB)
		*damaged = true;
	self->usable = false;
	return -1;
}

static const struct store_engine sqlite_engine = {
	.close = close_store,
#define STORE_FUNCTION(name, parameters, arguments) .name = sqlite_##name,
#define STORE_PROCEDURE STORE_FUNCTION
#include "store/store_functions.h"
#undef STORE_FUNCTION
#undef STORE_PROCEDURE
};

int sqlite_open(
	const char *path, struct store **store, enum store_obstacle *obstacle, struct error *error)
{
	struct sqlite_store *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return error_no_memory(error);
	self->base.engine = &sqlite_engine;
	self->lock = -1;
	self->path = strdup(path);
	if (self->path == NULL) {
		(void)error_no_memory(error);
		goto failed;
	}
	if (!sqlite_in_memory(self) && sqlite_take_lock(self, error) != 0)
		goto failed;
	if (connect_to(self, error) != 0)
		goto failed;
	sqlite_make_reserve(self);
	*store = &self->base;
	return 0;
failed:
	make_room(self);
	if (obstacle != NULL)
		*obstacle = self->obstacle;
	close_store(&self->base);
	return -1;
}
