/* The SQLite store on a failing disk: what was committed is there after the power went, too.
 *
 * The disk is SQLite's own way to the files with a model of the kernel's cache before it: what is
 * written is read back at once, but is on the disk only when it was synced; a sync that fails drops
 * what it should have written, and the next one does not mend that (Rebello et al., "Can
 * Applications Recover from fsync Failures?"). */
#include "unit.h"

#include "store/store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TURNS = 4,
	BODY = 300000, /* so large that a quiet moment is used to checkpoint */
	SECTOR = 512,
	DISK_MOST = 8 << 20,
	REOPENS_MOST = 4,
};

/* ---- the disk ---- */

struct image {
	sqlite3_file *file;
	sqlite3_io_methods methods;
	const sqlite3_io_methods *real; /* SQLite has others for the WAL */
	unsigned char *bytes;           /* what the disk holds */
	sqlite3_int64 size;
	bool dirty[DISK_MOST / SECTOR]; /* written since the last sync */
};

enum failing { NOTHING, SYNC, WRITE, FULL, DEATH };

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	struct image images[2]; /* the database, its WAL */
	enum failing failing;
	int calls_left; /* until the first that fails */
	int in_a_row;   /* how many fail */
} disk;

static struct image *image_of(sqlite3_file *file)
{
	return file == disk.images[0].file ? &disk.images[0] : &disk.images[1];
}

static bool fails(enum failing call)
{
	if (disk.failing != call)
		return false;
	disk.calls_left--;
	return disk.calls_left <= 0 && disk.calls_left > -disk.in_a_row;
}

static int write_file(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset)
{
	struct image *image = image_of(file);

	if (fails(DEATH))
		_exit(0);
	if (fails(WRITE))
		return SQLITE_IOERR_WRITE;
	if (fails(FULL))
		return SQLITE_FULL;
	assert_true(offset + length <= DISK_MOST);
	for (sqlite3_int64 at = offset / SECTOR; at * SECTOR < offset + length; at++)
		image->dirty[at] = true;
	return image->real->xWrite(file, bytes, length, offset);
}

static int sync_file(sqlite3_file *file, int flags)
{
	struct image *image = image_of(file);
	bool failed = fails(SYNC);

	(void)flags;
	if (fails(DEATH))
		_exit(0);
	if (!failed)
		(void)image->real->xFileSize(file, &image->size);
	for (sqlite3_int64 at = 0; at < DISK_MOST / SECTOR; at++) {
		if (image->dirty[at] && !failed)
			(void)image->real->xRead(
				file, image->bytes + at * SECTOR, SECTOR, at * SECTOR);
		image->dirty[at] = false;
	}
	return failed ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	int result = disk.real->xOpen(disk.real, name, file, flags, out);
	struct image *image = &disk.images[(flags & SQLITE_OPEN_WAL) != 0];

	(void)vfs;
	if (result != SQLITE_OK || (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
		return result;
	image->real = file->pMethods;
	image->methods = *file->pMethods;
	image->methods.xWrite = write_file;
	image->methods.xSync = sync_file;
	file->pMethods = &image->methods;
	image->file = file;
	return result;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
	if (strstr(name, "-wal") != NULL)
		disk.images[1].size = 0;
	(void)vfs;
	return disk.real->xDelete(disk.real, name, sync);
}

/* The disk holds the file as it is now, and the WAL is empty. */
static void begin_disk(const char *path, enum failing failing, int call, int in_a_row)
{
	int fd = open(path, O_RDONLY);

	disk.real = sqlite3_vfs_find(NULL);
	disk.vfs = *disk.real;
	disk.vfs.zName = "failing";
	disk.vfs.pNext = NULL;
	disk.vfs.xOpen = open_file;
	disk.vfs.xDelete = delete_file;
	for (size_t i = 0; i < COUNT_OF(disk.images); i++)
		disk.images[i] = (struct image){.bytes = calloc(1, DISK_MOST)};
	disk.images[0].size = read(fd, disk.images[0].bytes, DISK_MOST);
	(void)close(fd);
	disk.failing = failing;
	disk.calls_left = call;
	disk.in_a_row = in_a_row;
	assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
}

static void end_disk(void)
{
	(void)sqlite3_vfs_unregister(&disk.vfs);
	(void)sqlite3_vfs_register(disk.real, 1);
	for (size_t i = 0; i < COUNT_OF(disk.images); i++)
		free(disk.images[i].bytes);
}

static void put_file(const char *path, const char *suffix, const struct image *image)
{
	char name[128];
	int fd;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, image->bytes, (size_t)image->size), image->size);
	(void)close(fd);
}

/* ---- turns ---- */

enum there { ABSENT, PARTLY, WHOLE };

struct given {
	char folder[64];
	char path[80];
	char url[96];
	char *body;
	struct store *store;
	struct error error;
};

static struct delivery a_delivery(const struct given *given, int turn)
{
	struct delivery delivery = {.shop = "a.myshopify.com",
		.topic = "orders/create",
		.received = 1000,
		.body = given->body,
		.body_length = BODY};

	delivery.fingerprint[0] = (unsigned char)(turn + 1);
	return delivery;
}

/* One turn of the engine; 0 when it was committed. */
static int take_turn(struct given *given, int turn)
{
	struct delivery delivery = a_delivery(given, turn);
	struct uuid id = {{(unsigned char)(turn + 1)}};
	struct message message = {.destination = "main",
		.shop = delivery.shop,
		.event = "Order Completed",
		.message_id = id,
		.queued = turn + 1,
		.json = "{}",
		.json_length = 2};
	bool flag;

	if (store_begin(given->store, &given->error) == 0 &&
		store_add_delivery(given->store, &delivery, &flag, &given->error) == 0 &&
		store_mark_emitted(given->store, &id, 1, &flag, &given->error) == 0 &&
		store_queue(given->store, &message, &given->error) == 0 &&
		store_commit(given->store, &given->error) == 0)
		return 0;
	store_rollback(given->store);
	return -1;
}

/* What is left of a turn; looks, and changes nothing. */
static enum there look_for(struct given *given, int turn)
{
	struct delivery delivery = a_delivery(given, turn);
	struct uuid id = {{(unsigned char)(turn + 1)}};
	bool repeated;
	bool fresh;

	assert_int_equal(store_begin(given->store, &given->error), 0);
	assert_int_equal(store_add_delivery(given->store, &delivery, &repeated, &given->error), 0);
	assert_int_equal(store_mark_emitted(given->store, &id, 1, &fresh, &given->error), 0);
	store_rollback(given->store);
	if (repeated != fresh)
		return repeated ? WHOLE : ABSENT;
	return PARTLY;
}

static void mend(struct given *given)
{
	bool damaged = false;
	int result = -1;

	for (int i = 0; i < REOPENS_MOST && result != 0; i++)
		result = store_reopen(given->store, &damaged, &given->error);
	assert_false(damaged);
	if (result != 0)
		fail_msg("the store does not come back: %s", given->error.text);
}

/* All turns with one failing call among them. False when it was not reached. */
static bool live(struct given *given, bool committed[TURNS])
{
	assert_int_equal(store_open(given->url, &given->store, NULL, &given->error), 0);
	for (int turn = 0; turn < TURNS; turn++) {
		committed[turn] = take_turn(given, turn) == 0;
		if (!committed[turn]) {
			mend(given);
			assert_int_not_equal(look_for(given, turn), PARTLY);
		}
		if (store_housekeeping(given->store, STORE_IDLE, &given->error) != 0)
			mend(given);
	}
	return disk.calls_left <= 0;
}

/* Closing writes what the power loss does not let it: what the disk held before is put back. */
static void lose_power(struct given *given)
{
	struct image held[COUNT_OF(disk.images)];

	disk.failing = NOTHING;
	for (size_t i = 0; i < COUNT_OF(held); i++) {
		held[i] = disk.images[i];
		disk.images[i].bytes = calloc(1, DISK_MOST);
	}
	store_close(given->store);
	put_file(given->path, "", &held[0]);
	put_file(given->path, "-wal", &held[1]);
	for (size_t i = 0; i < COUNT_OF(held); i++)
		free(held[i].bytes);
	end_disk();
}

static bool live_and_lose_power(struct given *given, enum failing failing, int call, int in_a_row)
{
	bool committed[TURNS];
	bool reached;

	assert_int_equal(store_open(given->url, &given->store, NULL, &given->error), 0);
	store_close(given->store);
	begin_disk(given->path, failing, call, in_a_row);
	reached = live(given, committed);
	lose_power(given);
	if (store_open(given->url, &given->store, NULL, &given->error) != 0)
		fail_msg("after call %d failed: %s", call, given->error.text);
	for (int turn = 0; turn < TURNS; turn++) {
		enum there there = look_for(given, turn);

		if (there == PARTLY || (committed[turn] && there != WHOLE))
			fail_msg("call %d failed: turn %d is %s", call, turn,
				there == PARTLY ? "there in part" : "lost");
	}
	store_close(given->store);
	given->store = NULL;
	return reached;
}

static int set_up(void **state)
{
	struct given *given = calloc(1, sizeof(*given));

	(void)snprintf(given->folder, sizeof(given->folder), "/tmp/segrelay-disk-XXXXXX");
	assert_non_null(mkdtemp(given->folder));
	(void)snprintf(given->path, sizeof(given->path), "%s/test.db", given->folder);
	(void)snprintf(given->url, sizeof(given->url), "sqlite:%s", given->path);
	given->body = calloc(1, BODY);
	*state = given;
	return 0;
}

static void remove_files(const struct given *given)
{
	static const char *const suffixes[] = {"", "-wal", "-journal", ".lock", ".reserve"};
	char name[128];

	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", given->path, suffixes[i]);
		(void)unlink(name);
	}
}

static int tear_down(void **state)
{
	struct given *given = *state;

	remove_files(given);
	assert_int_equal(rmdir(given->folder), 0);
	free(given->body);
	free(given);
	return 0;
}

/* Lets each `step`th call and those after it fail, until the turns end without reaching it. */
static void fail_in_turn(struct given *given, enum failing failing, int step, int in_a_row)
{
	int call = 1;

	while (live_and_lose_power(given, failing, call, in_a_row)) {
		remove_files(given);
		call += step;
	}
	remove_files(given);
	assert_true(call > 3 * step); /* the model has seen the calls at all */
}

static void a_failed_sync_loses_nothing_that_was_committed(void **state)
{
	fail_in_turn(*state, SYNC, 1, 1);
	fail_in_turn(*state, SYNC, 1, 2);
	fail_in_turn(*state, SYNC, 1, 3);
}

static void a_failed_write_loses_nothing_that_was_committed(void **state)
{
	fail_in_turn(*state, WRITE, 23, 1);
	fail_in_turn(*state, WRITE, 23, 2);
}

static void a_full_disk_loses_nothing_that_was_committed(void **state)
{
	fail_in_turn(*state, FULL, 23, 1);
	fail_in_turn(*state, FULL, 23, 2);
}

/* The process that makes the store dies before one of its calls. False when it did not. */
static bool begin_and_die(struct given *given, int call)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		begin_disk(given->path, DEATH, call, 1);
		if (store_open(given->url, &given->store, NULL, &given->error) == 0)
			store_close(given->store);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status) == 0;
}

static void open_well(struct given *given, int call)
{
	if (store_open(given->url, &given->store, NULL, &given->error) != 0)
		fail_msg("after a death before call %d: %s", call, given->error.text);
}

static void a_first_start_that_was_cut_off_leaves_a_file_of_ours(void **state)
{
	struct given *given = *state;
	int call = 1;

	for (; begin_and_die(given, call); call++) {
		open_well(given, call);
		assert_int_equal(take_turn(given, 0), 0);
		store_close(given->store);
		open_well(given, call);
		assert_int_equal(look_for(given, 0), WHOLE);
		store_close(given->store);
		remove_files(given);
	}
	assert_true(call > 5);
}

#define DISK_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DISK_TEST(a_failed_sync_loses_nothing_that_was_committed),
		DISK_TEST(a_failed_write_loses_nothing_that_was_committed),
		DISK_TEST(a_full_disk_loses_nothing_that_was_committed),
		DISK_TEST(a_first_start_that_was_cut_off_leaves_a_file_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
