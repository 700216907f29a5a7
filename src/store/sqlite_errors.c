/* The SQLite store: what failed, and what that means. */
#include "store/sqlite.h"

#include <errno.h>

void sqlite_note_obstacle(struct sqlite_store *store, int code)
{
	static const int passing[] = {ENOSPC, EDQUOT, ENOMEM, ENFILE, EMFILE};

	store->obstacle = STORE_UNUSABLE;
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (code == passing[i])
			store->obstacle = STORE_NO_ROOM;
}

/* What the operator should do, by the kind of failure. */
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
		return ": the disk failed; see the kernel's log";
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return ": see to the rights on the file and its folder";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ": another program has it open";
	default:
		return "";
	}
}

/* What the system said, of SQLite's last failure. */
static int errno_of(const struct sqlite_store *store)
{
	switch (store->last_code) {
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_NOMEM:
		return ENOMEM;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return sqlite3_system_errno(store->db);
	default:
		return 0;
	}
}

int sqlite_failed(struct sqlite_store *store, const char *what, struct error *error)
{
	int code = sqlite3_extended_errcode(store->db);

	store->last_code = code & 0xff;
	if (store->last_code == SQLITE_FULL) {
		sqlite_drop_ballast(store);
		store->room_checked = 0;
	}
	sqlite_note_obstacle(store, errno_of(store));
	return error_set(error, "store %s: %s: %s (%d)%s", store->path, what,
		sqlite3_errmsg(store->db), code, advice(code));
}
