/* The SQLite store: no copies of moved or deleted rows stay in the file.
 *
 * secure_delete overwrites deleted rows. But when SQLite moves rows to other pages to balance a
 * tree, copies of them remain in the gap between a page's list of cells and the cells themselves,
 * where no deletion reaches them. So this file replaces SQLite's write method with one that fills
 * the gap with zeros. */
#include "store/sqlite.h"

#include <string.h>

enum {
	FILE_HEADER = 100, /* bytes before the first page's own (sqlite.org/fileformat2, 1.3) */
	INTERIOR_INDEX = 2,
	INTERIOR_TABLE = 5,
	LEAF_INDEX = 10,
	LEAF_TABLE = 13,
};

/* A page that does not belong to a tree begins with the highest byte of a page number. In a file
 * below this size that byte is none of the four types. In larger files gaps are left unchanged. */
static const sqlite3_int64 LARGEST = (sqlite3_int64)1 << 37;

/* The position in the first page of the field that is not zero when the file has pointer-map pages
 * (auto_vacuum). Those do not belong to a tree but may begin like one, so then gaps are left
 * unchanged. */
enum { LARGEST_ROOT = 52, ROOT_SIZE = 4 };

static size_t number_at(const unsigned char *bytes)
{
	return (size_t)bytes[0] << 8 | bytes[1];
}

/* Finds where a page's gap begins and ends; false when the page does not belong to a tree
 * (sqlite.org/fileformat2, 1.6). */
static bool find_gap(const unsigned char *page, bool is_first, size_t *from, size_t *to)
{
	size_t start = is_first ? FILE_HEADER : 0;
	const unsigned char *header = page + start;
	bool is_interior = header[0] == INTERIOR_INDEX || header[0] == INTERIOR_TABLE;

	if (!is_interior && header[0] != LEAF_INDEX && header[0] != LEAF_TABLE)
		return false;
	*from = start + (is_interior ? 12 : 8) + 2 * number_at(header + 3);
	*to = number_at(header + 5);
	return *from < *to && *to <= SQLITE_PAGE_SIZE;
}

static const struct sqlite_writing *writing_of(const sqlite3_file *file)
{
	return (const struct sqlite_writing *)file->pMethods;
}

static int write_page(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
	const sqlite3_io_methods *real = writing_of(file)->real;
	unsigned char page[SQLITE_PAGE_SIZE];
	sqlite3_int64 size;
	size_t from;
	size_t to;

	if (amount != SQLITE_PAGE_SIZE || !find_gap(bytes, offset == 0, &from, &to) ||
		real->xFileSize(file, &size) != SQLITE_OK || size >= LARGEST)
		return real->xWrite(file, bytes, amount, offset);
	memcpy(page, bytes, sizeof(page));
	memset(page + from, 0, to - from);
	return real->xWrite(file, page, amount, offset);
}

void sqlite_clear_gaps(struct sqlite_store *store)
{
	static const char none[ROOT_SIZE];
	sqlite3_file *file = NULL;
	char root[ROOT_SIZE] = "";

	if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) !=
			SQLITE_OK ||
		file == NULL || file->pMethods == NULL) /* in memory only */
		return;
	/* Nothing is read from a new file. */
	(void)file->pMethods->xRead(file, root, ROOT_SIZE, LARGEST_ROOT);
	if (memcmp(root, none, ROOT_SIZE) != 0)
		return;
	store->writing.real = file->pMethods;
	store->writing.methods = *file->pMethods;
	store->writing.methods.xWrite = write_page;
	file->pMethods = &store->writing.methods;
}
