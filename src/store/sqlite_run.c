/* The SQLite store: running statements, and saying what failed. */
#include "store/sqlite.h"

#include <stdarg.h>

/* ---- errors ---- */

const char *sqlite_advice(int code)
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

int sqlite_failed(struct sqlite_store *store, const char *what, struct error *error)
{
	int code = sqlite3_extended_errcode(store->db);

	store->last_code = code & 0xff;
	if (store->last_code == SQLITE_FULL)
		sqlite_drop_ballast(store);
	return error_set(error, "store %s: %s: %s (%d)%s", store->path, what,
		sqlite3_errmsg(store->db), code, sqlite_advice(code));
}

/* ---- statements ---- */

static int bind_all(sqlite3_stmt *statement, const char *types, va_list arguments)
{
	int result = SQLITE_OK;

	for (int i = 1; *types != '\0' && result == SQLITE_OK; types++, i++) {
		if (*types == 'i') {
			result = sqlite3_bind_int64(statement, i, va_arg(arguments, int64_t));
		} else if (*types == 't') {
			result = sqlite3_bind_text(
				statement, i, va_arg(arguments, const char *), -1, SQLITE_STATIC);
		} else {
			const void *bytes = va_arg(arguments, const void *);
			size_t length = va_arg(arguments, size_t);

			result = *types == 'b' ? sqlite3_bind_blob64(
							 statement, i, bytes, length, SQLITE_STATIC)
					       : sqlite3_bind_text64(statement, i, bytes, length,
							 SQLITE_STATIC, SQLITE_UTF8);
		}
	}
	return result;
}

int sqlite_run(struct sqlite_store *store, enum statement statement, struct error *error,
	const char *types, ...)
{
	sqlite3_stmt *prepared = store->statements[statement];
	va_list arguments;
	int result;

	va_start(arguments, types);
	result = bind_all(prepared, types, arguments);
	va_end(arguments);
	if (result == SQLITE_OK)
		result = sqlite3_step(prepared);
	if (result == SQLITE_ROW)
		return SQLITE_ROW;
	if (result != SQLITE_DONE)
		(void)sqlite_failed(store, "failed", error);
	(void)sqlite3_reset(prepared);
	return result == SQLITE_DONE ? SQLITE_DONE : -1;
}

void sqlite_end(struct sqlite_store *store, enum statement statement)
{
	(void)sqlite3_reset(store->statements[statement]);
}

const char *sqlite_text(sqlite3_stmt *row, int column, struct arena *arena)
{
	return arena_copy(arena, (const char *)sqlite3_column_text(row, column));
}
