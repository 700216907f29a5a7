/* The SQLite store: errors, their kind and their remedy. */
#include "store/sqlite.h"

#include <errno.h>

/* These errors are permanent: no mount, free space or permission makes such a path valid. */
void sqlite_note_obstacle(struct sqlite_store *store, int code)
{
	static const int lasting[] = {EISDIR, ENAMETOOLONG, ELOOP, EINVAL};

	store->obstacle = STORE_ABSENT;
	for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++)
		if (code == lasting[i])
			store->obstacle = STORE_UNUSABLE;
}

/* The remedy, by the kind of failure. */
static const char *advice(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return ": make room on the disk";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ": the file is damaged; stop segrelay, keep a copy, and recover it with "
		       "sqlite3 FILE .recover";
	case SQLITE_IOERR:
		return ": the disk failed; see the kernel log";
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return ": check the permissions of the file and its folder";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ": another program has opened it; stop that program";
	default:
		return "";
	}
}

/* By SQLite's last error: a fault of the file itself is permanent, others may pass. */
static enum store_obstacle obstacle_of(const struct sqlite_store *store)
{
	switch (store->last_code) {
	case SQLITE_FULL:
	case SQLITE_NOMEM:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return STORE_ABSENT;
	default:
		return STORE_UNUSABLE;
	}
}

/* Whether the store itself failed, or the value to be written was rejected. SQLite may have rolled
 * back the whole transaction, for example without memory. Later statements would then be committed
 * one by one, so the turn must end (sqlite.org/lang_transaction.html, section 4). */
static enum error_kind kind_of(const struct sqlite_store *store)
{
	if (store->db == NULL || sqlite3_get_autocommit(store->db) != 0)
		return ERROR_OTHER;
	switch (store->last_code) {
	case SQLITE_NOMEM:
		return ERROR_MEMORY;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		return ERROR_VALUE;
	default:
		return ERROR_OTHER;
	}
}

int sqlite_failed(struct sqlite_store *store, const char *what, struct error *error)
{
	int code = sqlite3_extended_errcode(store->db);

	store->last_code = code & 0xff;
	store->obstacle = obstacle_of(store);
	(void)error_set(error, "store %s: %s: %s (%d)%s", store->path, what,
		sqlite3_errmsg(store->db), code, advice(code));
	return error_classify(error, kind_of(store));
}
