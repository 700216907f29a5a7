/* Runs the prepared statements: binds parameters, steps, reads texts. */
#include "store/sqlite.h"

#include <stdarg.h>
#include <string.h>

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
		(void)sqlite_failed(store, "the statement failed", error);
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
