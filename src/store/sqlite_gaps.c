/* The SQLite store: what a page no longer holds does not stay in the file.
 *
 * secure_delete overwrites what is deleted. But when SQLite moves rows to other pages to balance a
 * tree, copies of them stay in the gap between a page's list of cells and the cells themselves,
 * where no deletion reaches them. So the gap is zeros in all that is written to the file: the
 * file's writing is stood in for, all else of it is SQLite's own. */
#include "store/sqlite.h"

#include <string.h>

enum {
	FILE_HEADER = 100, /* bytes before the first page's own (sqlite.org/fileformat2, 1.3) */
	INTERIOR_INDEX = 2,
	INTERIOR_TABLE = 5,
	LEAF_INDEX = 10,
	LEAF_TABLE = 13,
};

/* The first byte of a page that is of no tree is the highest of another page's number: below this
 * size it is none of the four types. Beyond, gaps stay as they are. */
static const sqlite3_int64 LARGEST = (sqlite3_int64)1 << 37;

/* Where the first page says whether the file has maps of its pages (auto_vacuum), which are of no
 * tree but may begin as one: then no gap is looked for. */
enum { LARGEST_ROOT = 52, ROOT_SIZE = 4 };

static size_t number_at(const unsigned char *bytes)
{
	return (size_t)bytes[0] << 8 | bytes[1];
}

/* Where a page's gap begins and ends; false when it is no page of a tree (sqlite.org/fileformat2,
 * 1.6). */
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
	/* Of a new file, nothing is read. */
	(void)file->pMethods->xRead(file, root, ROOT_SIZE, LARGEST_ROOT);
	if (memcmp(root, none, ROOT_SIZE) != 0)
		return;
	store->writing.real = file->pMethods;
	store->writing.methods = *file->pMethods;
	store->writing.methods.xWrite = write_page;
	file->pMethods = &store->writing.methods;
}
