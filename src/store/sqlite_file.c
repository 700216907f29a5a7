/* The SQLite store's files: the lock, ownership, permissions, room on their disk. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
	RESERVE_SIZE = 16 << 20,
	RESERVE_ROOM = 64 << 20, /* it is created only with so much free space */
	HEADER = 100,            /* bytes of an SQLite file's header */
	HEADER_OWNER = 68, /* offset of the application id, big-endian (sqlite.org/fileformat) */
	CHECKED_MOST = 1 << 30,
};

bool sqlite_in_memory(const struct sqlite_store *store)
{
	return strcmp(store->path, ":memory:") == 0;
}

static const char *advice(int code)
{
	switch (code) {
	case ENOENT:
		return ": create its folder, or mount its disk";
	case EACCES:
	case EPERM:
		return ": check the permissions of the file and its folder";
	case ENOSPC:
		return ": make room on the disk";
	case EINVAL:
		return ": it is not a regular file: name another one";
	default:
		return "";
	}
}

static int failed(struct sqlite_store *store, const char *what, struct error *error)
{
	int code = errno;

	sqlite_note_obstacle(store, code);
	return error_set(
		error, "store %s: %s: %s%s", store->path, what, strerror(code), advice(code));
}

/* The path of a file beside the store's own. sqlite_take_lock has checked that it fits. */
static void beside(const struct sqlite_store *store, const char *suffix, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s%s", store->path, suffix);
}

/* A file created by root is given to the owner of the folder: a command that root runs while the
 * service is stopped must not lock out the service's user. */
static void give_to_owner(int fd, const char *path)
{
	char copy[PATH_MAX];
	struct stat folder;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	if (geteuid() == 0 && stat(dirname(copy), &folder) == 0)
		(void)!fchown(fd, folder.st_uid, folder.st_gid);
}

/* Opens a file, creates it when it is missing. Only a new file changes its owner: an existing name
 * may be a link to anywhere. */
static int open_or_make(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		give_to_owner(fd, path);
	else if (errno == EEXIST)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	/* SQLite would wait forever for the other end of a pipe. */
	if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
		(void)close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

/* ---- the lock ---- */

int sqlite_take_lock(struct sqlite_store *store, struct error *error)
{
	char path[PATH_MAX];

	if (strlen(store->path) + sizeof(".progress") > sizeof(path))
		return error_set(error, "store: the path is too long");
	beside(store, ".lock", path);
	store->lock = open_or_make(path);
	if (store->lock < 0)
		return failed(store, "its lock file cannot be created", error);
	if (flock(store->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return failed(store, "locking failed", error);
	store->obstacle = STORE_IN_USE;
	return error_set(error, "store %s is in use by another segrelay", store->path);
}

/* ---- the marker ---- */

void sqlite_open_marker(struct store *store, size_t size, int *fd)
{
	const struct sqlite_store *self = (const struct sqlite_store *)store;
	char path[PATH_MAX];
	int marker;

	*fd = -1;
	if (sqlite_in_memory(self))
		return;
	beside(self, ".progress", path);
	marker = open_or_make(path);
	if (marker >= 0 && posix_fallocate(marker, 0, (off_t)size) == 0)
		*fd = marker;
	else if (marker >= 0)
		(void)close(marker);
}

/* ---- the file ---- */

static int check_header(
	struct sqlite_store *store, const unsigned char *header, ssize_t size, struct error *error)
{
	static const char magic[] = "SQLite format 3";
	uint32_t owner = 0;

	store->last_code = SQLITE_NOTADB;
	if (size < HEADER || memcmp(header, magic, sizeof(magic)) != 0)
		return error_set(error,
			"store %s is not an SQLite file, or is damaged: it is left unchanged; name "
			"another file, or restore a good copy",
			store->path);
	for (int i = 0; i < 4; i++)
		owner = owner << 8 | header[HEADER_OWNER + i];
	if (owner != APPLICATION_ID)
		return error_set(error,
			"store %s is an SQLite file of another program: it is left unchanged; name "
			"another file",
			store->path);
	store->last_code = SQLITE_OK;
	return 0;
}

/* SQLite opens these files itself. */
static int check_neighbours(struct sqlite_store *store, struct error *error)
{
	static const char *const suffixes[] = {"-wal", "-journal", "-shm"};
	char path[PATH_MAX];
	struct stat status;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		beside(store, suffixes[i], path);
		if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
			return error_set(error,
				"store %s: its %s file is not a regular file: remove it, or name "
				"another store",
				store->path, suffixes[i]);
	}
	return 0;
}

int sqlite_claim_file(struct sqlite_store *store, struct error *error)
{
	unsigned char header[HEADER];
	ssize_t size;
	int fd;

	if (sqlite_in_memory(store))
		return 0;
	/* SQLite would make the file readable by others; its WAL gets the file's permissions. */
	fd = open_or_make(store->path);
	if (fd < 0)
		return failed(store, "opening failed", error);
	size = read(fd, header, sizeof(header));
	(void)close(fd);
	if (size < 0)
		return failed(store, "reading failed", error);
	if (check_neighbours(store, error) != 0)
		return -1;
	return size == 0 ? 0 : check_header(store, header, size, error);
}

int sqlite_sync_folder(struct sqlite_store *store, struct error *error)
{
	char path[PATH_MAX];
	int result = -1;
	int fd;

	if (sqlite_in_memory(store))
		return 0;
	beside(store, "", path);
	fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		(void)failed(store, "syncing its folder failed", error);
	else
		result = 0;
	if (fd >= 0)
		(void)close(fd);
	return result;
}

/* ---- room ---- */

int64_t sqlite_free_bytes(const struct sqlite_store *store)
{
	struct statvfs disk;

	if (sqlite_in_memory(store) || statvfs(store->path, &disk) != 0)
		return INT64_MAX;
	return (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
}

void sqlite_make_reserve(struct sqlite_store *store)
{
	char path[PATH_MAX];
	int fd;

	if (sqlite_in_memory(store) || sqlite_free_bytes(store) < RESERVE_ROOM)
		return;
	store->was_full = false;
	beside(store, ".reserve", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	give_to_owner(fd, path);
	if (posix_fallocate(fd, 0, RESERVE_SIZE) != 0)
		(void)unlink(path);
	(void)close(fd);
}

void sqlite_drop_reserve(struct sqlite_store *store)
{
	char path[PATH_MAX];

	if (sqlite_in_memory(store))
		return;
	store->was_full = true;
	beside(store, ".reserve", path);
	(void)unlink(path);
}

/* ---- after an error of the disk ---- */

static int quick_check(struct sqlite_store *store, bool *damaged, struct error *error)
{
	sqlite3_stmt *check = NULL;
	const char *answer;
	int result = -1;

	if (sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &check, NULL) != SQLITE_OK ||
		sqlite3_step(check) != SQLITE_ROW) {
		(void)sqlite_failed(store, "the check failed", error);
	} else {
		answer = (const char *)sqlite3_column_text(check, 0);
		*damaged = answer == NULL || strcmp(answer, "ok") != 0;
		result = *damaged ? error_set(error,
					    "store %s: the file is damaged (%.200s): stop "
					    "segrelay, keep a copy, and recover it with sqlite3 "
					    "FILE .recover",
					    store->path, answer)
				  : 0;
	}
	(void)sqlite3_finalize(check);
	return result;
}

/* After a failed fsync the kernel treats pages as written that are not on the disk (Rebello et al.,
 * "Can Applications Recover from fsync Failures?"). After a crash, a WAL that continued behind such
 * pages would lose all that follows. So everything is copied into the file and synced, and the WAL
 * starts anew. A large file is not checked: that would delay webhooks for too long. */
int sqlite_recover(struct sqlite_store *store, bool *damaged, struct error *error)
{
	struct stat status;

	if (sqlite_in_memory(store))
		return 0;
	if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
		SQLITE_OK)
		return sqlite_failed(store, "the checkpoint failed", error);
	store->wal_pages = 0;
	if (stat(store->path, &status) == 0 && status.st_size > CHECKED_MOST)
		return 0;
	return quick_check(store, damaged, error);
}
