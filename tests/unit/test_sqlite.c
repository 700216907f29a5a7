/* The SQLite store's file: whose it is, who may have it, and what is left alone. */
#include "storing.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite.h"

static void one_process_has_the_store(void **state)
{
	struct given *given = *state;
	struct store *second;
	enum store_obstacle obstacle;

	assert_int_equal(store_open(given->url, &second, &obstacle, &given->error), -1);
	assert_int_equal(obstacle, STORE_IN_USE);
	assert_non_null(strstr(given->error.text, "in use by another segrelay"));
}

static void the_file_is_private(void **state)
{
	struct given *given = *state;
	struct stat status;

	assert_int_equal(stat(given->url + strlen("sqlite:"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

/* Writes bytes over the file at an offset. */
static void overwrite(const struct given *given, off_t offset, const char *bytes, size_t length)
{
	int fd = open(given->url + strlen("sqlite:"), O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, length, offset), (ssize_t)length);
	(void)close(fd);
}

static void assert_refused(struct given *given, const char *why)
{
	enum store_obstacle obstacle = STORE_IN_USE;

	assert_int_equal(store_open(given->url, &given->store, &obstacle, &given->error), -1);
	assert_int_equal(obstacle, STORE_UNUSABLE);
	given->store = NULL;
	if (strstr(given->error.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", given->error.text, why);
}

/* A pipe would be waited for without end. */
static void only_regular_files_are_opened(void **state)
{
	static const char *const suffixes[] = {"", "-wal", ".lock"};
	struct given *given = *state;
	const char *store = given->url + strlen("sqlite:");
	char path[128];

	store_close(given->store);
	given->store = NULL;
	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", store, suffixes[i]);
		(void)unlink(path);
		assert_int_equal(mkfifo(path, 0600), 0);
		assert_refused(given, "not a regular file");
		(void)unlink(path);
		assert_int_equal(mkdir(path, 0700), 0);
		assert_refused(given, "");
		(void)rmdir(path);
	}
}

static void a_file_that_is_no_database_is_left_alone(void **state)
{
	struct given *given = *state;
	char bytes[16] = {0};
	int fd;

	store_close(given->store);
	overwrite(given, 0, "this is no data", 16);
	assert_refused(given, "damaged");
	fd = open(given->url + strlen("sqlite:"), O_RDONLY);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), sizeof(bytes));
	(void)close(fd);
	assert_string_equal(bytes, "this is no data");
}

static size_t read_all(const char *path, char *bytes, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = read(fd, bytes, size);

	assert_true(length >= 0);
	(void)close(fd);
	return (size_t)length;
}

/* SQLite's file format: the user version is at byte 60, the application id at 68, big-endian. */
static void assert_newer_schema_is_refused(struct given *given, int more)
{
	const char *path = given->url + strlen("sqlite:");
	static char before[1 << 20];
	static char after[1 << 20];
	char expected[256];
	int version;
	size_t size;

	store_close(given->store);
	size = read_all(path, before, sizeof(before));
	assert_true(size > 64 && size < sizeof(before));
	version = before[63];
	assert_true(version > 0 && version + more < 128);
	overwrite(given, 60, (char[]){0, 0, 0, (char)(version + more)}, 4);
	before[63] = (char)(version + more);
	(void)snprintf(expected, sizeof(expected),
		"store %s was written by a newer segrelay (schema %d, this one knows %d): it is "
		"left unchanged; use the newer segrelay",
		path, version + more, version);
	for (int i = 0; i < 2; i++) {
		assert_refused(given, expected);
		assert_int_equal(read_all(path, after, sizeof(after)), size);
		assert_memory_equal(before, after, size);
	}
	overwrite(given, 60, (char[]){0, 0, 0, (char)version}, 4);
	reopen(given);
}

static void a_newer_schema_is_left_alone(void **state)
{
	struct given *given = *state;

	assert_newer_schema_is_refused(given, 1);
	assert_newer_schema_is_refused(given, 90);
}

static void another_programs_file_stays_as_it_is_to_the_byte(void **state)
{
	struct given *given = *state;
	const char *path = given->url + strlen("sqlite:");
	char before[16384];
	char after[16384];
	sqlite3 *other;
	size_t size;

	store_close(given->store);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(other, "CREATE TABLE songs (name)", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	size = read_all(path, before, sizeof(before));
	assert_true(size > 0);
	assert_refused(given, "of another program");
	assert_int_equal(read_all(path, after, sizeof(after)), size);
	assert_memory_equal(before, after, size);
}

static void a_file_that_went_away_is_not_made_anew(void **state)
{
	struct given *given = *state;
	bool damaged;

	assert_int_equal(unlink(given->url + strlen("sqlite:")), 0);
	assert_int_equal(store_reopen(given->store, &damaged, &given->error), -1);
	assert_false(damaged);
	assert_non_null(strstr(given->error.text, "does not exist any more"));
}

static void what_was_forgotten_leaves_room(void **state)
{
	struct given *given = *state;
	struct store_limits limits = {.max_store = INT64_MAX};
	struct retention retention = {.deliveries_before = 2000};
	struct delivery delivery = a_delivery("orders/create", 1);
	char *body = calloc(1, 16 << 20);
	int64_t before;
	int64_t after;
	int64_t free_bytes;
	bool flag;

	delivery.body = body;
	delivery.body_length = 16 << 20;
	begin(given);
	(void)store_add_delivery(given->store, &delivery, &flag, &given->error);
	commit(given);
	assert_int_equal(store_size(given->store, &before, &free_bytes, &given->error), 0);
	begin(given);
	assert_int_equal(store_expire(given->store, &retention, &flag, &given->error), 0);
	commit(given);
	assert_int_equal(store_housekeeping(given->store, STORE_IDLE, &given->error), 0);
	assert_int_equal(store_size(given->store, &after, &free_bytes, &given->error), 0);
	assert_true(after < before - (16 << 20));
	limits.min_free = free_bytes + (8 << 20);
	assert_int_equal(store_room(given->store, &limits, &given->error), 0);
	limits.min_free = free_bytes + (512 << 20);
	reopen(given);
	assert_int_equal(store_room(given->store, &limits, &given->error), -1);
	free(body);
}

static void put(struct given *given, int number, int behind, const char *word)
{
	char json[700];
	char key[16];
	size_t length = (size_t)(number * 7919 + behind * 104729) % 600 + 50;

	for (size_t i = 0; i < length; i++)
		json[i] = word[i % strlen(word)];
	json[length] = '\0';
	(void)snprintf(key, sizeof(key), "%03d.%d", number, behind);
	assert_int_equal(
		store_put_record(given->store, "a", "order", key, json, INT64_MAX, &given->error),
		0);
}

/* Alma's records stay as they are while those between them make SQLite move them. */
static void fill(struct given *given)
{
	for (int behind = 0; behind < 6; behind++) {
		begin(given);
		for (int i = 0; i < 300; i++)
			put(given, i * 7 % 300, behind, behind == 0 ? "Larkspur " : "somebody ");
		commit(given);
		assert_int_equal(store_housekeeping(given->store, STORE_IDLE, &given->error), 0);
	}
}

/* Sixteen megabytes come and go. */
static void fill_and_free(struct given *given)
{
	enum { LENGTH = 16 << 20 };
	char *json = malloc(LENGTH);

	memset(json, 'x', LENGTH - 1);
	json[LENGTH - 1] = '\0';
	begin(given);
	assert_int_equal(
		store_put_record(given->store, "a", "order", "x", json, INT64_MAX, &given->error),
		0);
	commit(given);
	begin(given);
	assert_int_equal(store_drop_record(given->store, "a", "order", "x", &given->error), 0);
	commit(given);
	free(json);
}

/* How often a word stands in the store's files. */
static int count_word(const struct given *given, const char *word)
{
	static char bytes[4 << 20];
	int count = 0;

	for (int i = 0; i < 2; i++) {
		char path[160];
		size_t size;

		(void)snprintf(path, sizeof(path), "%s%s", given->url + strlen("sqlite:"),
			i == 0 ? "" : "-wal");
		size = read_all(path, bytes, sizeof(bytes));
		assert_true(size < sizeof(bytes));
		for (char *at = bytes;
			(at = memmem(at, size - (size_t)(at - bytes), word, strlen(word))) != NULL;
			at++)
			count++;
	}
	return count;
}

static void what_was_removed_stays_in_no_page(void **state)
{
	struct given *given = *state;
	char key[16];

	fill(given);
	assert_true(count_word(given, "Larkspur") > 100);
	begin(given);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(key, sizeof(key), "%03d.0", i);
		assert_int_equal(
			store_drop_record(given->store, "a", "order", key, &given->error), 0);
	}
	commit(given);
	assert_int_equal(store_housekeeping(given->store, STORE_WIPE, &given->error), 0);
	assert_int_equal(count_word(given, "Larkspur"), 0);
	assert_true(count_word(given, "somebody") > 100);
	/* Nor does it come back from pages in memory. */
	begin(given);
	for (int i = 0; i < 300; i++)
		put(given, i, 7, "nobody ");
	commit(given);
	assert_int_equal(count_word(given, "Larkspur"), 0);
}

/* The map that auto_vacuum keeps of a file's pages may begin as a page of a tree does. An operator
 * may have turned it on with `PRAGMA auto_vacuum = INCREMENTAL; VACUUM`. */
static void a_file_with_maps_of_its_pages_stays_whole(void **state)
{
	struct given *given = *state;
	const char *path = given->url + strlen("sqlite:");
	sqlite3_stmt *check;
	sqlite3 *db;

	fill(given);
	store_close(given->store);
	given->store = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				 "PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = INCREMENTAL;"
				 " VACUUM; PRAGMA journal_mode = WAL;",
				 NULL, NULL, NULL),
		SQLITE_OK);
	(void)sqlite3_close(db);
	assert_int_equal(store_open(given->url, &given->store, NULL, &given->error), 0);
	fill_and_free(given); /* more pages than the first map has */
	store_close(given->store);
	given->store = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &check, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(check), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(check, 0), "ok");
	(void)sqlite3_finalize(check);
	(void)sqlite3_close(db);
}

/* Changes the file back to an older schema. Schema 1 has no column for the time of storage. */
static void age_schema(struct given *given, int version)
{
	static const char *const steps[] = {
		"PRAGMA user_version = 5",
		("ALTER TABLE emitted RENAME COLUMN emitted_at TO told;"
		 "ALTER TABLE emitted RENAME TO told; PRAGMA user_version = 4"),
		"DROP TRIGGER set_aside_ends; DROP TABLE set_aside; PRAGMA user_version = 3",
		"DROP INDEX messages_by_delivery; PRAGMA user_version = 2",
		"ALTER TABLE deliveries DROP COLUMN stored; PRAGMA user_version = 1",
	};
	sqlite3 *db;

	store_close(given->store);
	given->store = NULL;
	assert_int_equal(sqlite3_open(given->url + strlen("sqlite:"), &db), SQLITE_OK);
	for (int i = 0; i < 6 - version; i++)
		assert_int_equal(sqlite3_exec(db, steps[i], NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

/* Each migration runs once, whatever the version. */
static void every_older_schema_is_migrated(void **state)
{
	struct given *given = *state;

	for (int version = 5; version >= 1; version--) {
		struct set_aside row = {.attempts = 1, .reason = "500"};
		struct set_aside read;
		bool found;

		begin(given);
		row.message = queue(given, "main", 10, false);
		commit(given);
		age_schema(given, version);
		reopen(given);
		begin(given);
		assert_int_equal(store_set_aside(given->store, &row, &given->error), 0);
		assert_int_equal(store_get_set_aside(given->store, row.message, given->arena, &read,
					 &found, &given->error),
			0);
		assert_true(found);
		commit(given);
	}
}

/* Schema 4 called the table of emitted ids differently. */
static void emitted_ids_of_schema_4_stay_emitted(void **state)
{
	struct given *given = *state;
	const struct uuid id = uuid_of_name(&uuid_segrelay, "schema 4", 8);
	struct retention retention = {.emitted_before = 2001};
	bool flag;

	begin(given);
	assert_int_equal(store_mark_emitted(given->store, &id, 2000, &flag, &given->error), 0);
	assert_true(flag);
	commit(given);
	age_schema(given, 4);
	reopen(given);
	begin(given);
	assert_int_equal(store_mark_emitted(given->store, &id, 3000, &flag, &given->error), 0);
	assert_false(flag);
	do
		assert_int_equal(store_expire(given->store, &retention, &flag, &given->error), 0);
	while (flag);
	assert_int_equal(store_is_emitted(given->store, &id, &flag, &given->error), 0);
	assert_false(flag);
	commit(given);
}

/* Records as schema 5 named them and their members, and as schema 6 does. */
static const struct {
	const char *kind;
	const char *json;
	const char *new_kind;
	const char *new_json;
} renamed[] = {
	{"customer_wait", "{\"bodies\":[]}", "customer_deferred", "{\"bodies\":[]}"},
	{"order_wait", "{\"bodies\":[]}", "order_deferred", "{\"bodies\":[]}"},
	{"steady", "{\"at\":1}", "retention_clock", "{\"at\":1}"},
	{"link", "{\"email\":\"a \\\"made_up\\\": b\",\"made_up\":\"u-1\"}", "link",
		"{\"email\":\"a \\\"made_up\\\": b\",\"derived_id\":\"u-1\"}"},
	{"recharge_customer", "{\"made_up\":\"u-1\"}", "recharge_customer",
		"{\"derived_id\":\"u-1\"}"},
	{"subscription", "{\"learnt\":\"2026-01-01\"}", "subscription",
		"{\"first_seen\":\"2026-01-01\"}"},
	{"contract", "{\"learnt\":\"7\"}", "contract", "{\"first_seen\":\"7\"}"},
	{"customer", "{\"tag_changes\":{\"enabled_told\":\"+1\"},\"enabled_told\":true}",
		"customer", "{\"tag_changes\":{\"enabled_told\":\"+1\"},\"enabled_emitted\":true}"},
	{"privacy", "{\"has_learnt\":true,\"words\":[\"a\"]}", "privacy",
		"{\"has_found\":true,\"identifiers\":[\"a\"]}"},
	{"cart",
		"{\"token\":\"t\",\"told_at\":\"2026-01-01\",\"lines\":[{\"properties\":{\"told_"
		"at\":"
		"\"x\",\"told\":\"y\"}}],\"told\":[{\"quantity\":1}]}",
		"cart",
		"{\"token\":\"t\",\"lines\":[{\"properties\":{\"told_at\":\"x\",\"told\":\"y\"}}],"
		"\"emitted\":[{\"quantity\":1}],\"emitted_at\":\"2026-01-01\"}"},
	{"order", "{\"name\":\"#1\",\"learnt\":\"stays\"}", "order",
		"{\"name\":\"#1\",\"learnt\":\"stays\"}"},
};

static void names_in_records_of_schema_5_are_migrated(void **state)
{
	struct given *given = *state;
	struct timer timer = {.due = 5, .shop = "a", .kind = "customer_wait", .key = "1"};
	const char *json = NULL;
	int64_t next;
	bool found;

	begin(given);
	for (size_t i = 0; i < COUNT_OF(renamed); i++)
		assert_int_equal(store_put_record(given->store, "a", renamed[i].kind, "1",
					 renamed[i].json, INT64_MAX, &given->error),
			0);
	assert_int_equal(store_put_record(given->store, "a", "cart", "damaged",
				 "{\"told_at\":", INT64_MAX, &given->error),
		0);
	assert_int_equal(store_set_timer(given->store, &timer, &given->error), 0);
	commit(given);
	age_schema(given, 5);
	reopen(given);
	for (size_t i = 0; i < COUNT_OF(renamed); i++) {
		assert_int_equal(store_get_record(given->store, "a", renamed[i].new_kind, "1",
					 given->arena, &json, &given->error),
			0);
		assert_non_null(json);
		assert_string_equal(json, renamed[i].new_json);
	}
	assert_int_equal(store_get_record(given->store, "a", "cart", "damaged", given->arena, &json,
				 &given->error),
		0);
	assert_string_equal(json, "{\"told_at\":");
	assert_int_equal(store_due_timer(given->store, 10, given->arena, &timer, &found, &next,
				 &given->error),
		0);
	assert_true(found);
	assert_string_equal(timer.kind, "customer_deferred");
}

static void what_an_older_segrelay_stored_is_kept_and_forgotten(void **state)
{
	struct given *given = *state;
	struct retention retention = {.deliveries_before = 1500};
	struct delivery deliveries[2] = {
		a_delivery("orders/create", 1), a_delivery("orders/create", 2)};
	struct delivery read;
	bool flag;

	deliveries[1].received = 2000;
	begin(given);
	for (size_t i = 0; i < COUNT_OF(deliveries); i++)
		(void)store_add_delivery(given->store, &deliveries[i], &flag, &given->error);
	commit(given);
	age_schema(given, 1);
	reopen(given);
	begin(given);
	assert_int_equal(store_expire(given->store, &retention, &flag, &given->error), 0);
	commit(given);
	for (size_t i = 0; i < COUNT_OF(deliveries); i++) {
		assert_int_equal(store_get_delivery(given->store, deliveries[i].id, given->arena,
					 &read, &flag, &given->error),
			0);
		assert_int_equal(flag, i == 1);
	}
}

/* Steps of SQLite's machine that a question took. */
static int steps_of_range(struct given *given, enum store_table table, enum statement statement)
{
	struct sqlite_store *store = (struct sqlite_store *)given->store;
	int64_t first;
	int64_t last;

	assert_int_equal(
		store_row_range(given->store, table, 100, &first, &last, &given->error), 0);
	return sqlite3_stmt_status(store->statements[statement], SQLITE_STMTSTATUS_VM_STEP, true);
}

static void a_range_is_found_without_going_through_the_table(void **state)
{
	struct given *given = *state;

	begin(given);
	for (int i = 0; i < 1000; i++) {
		struct delivery delivery = a_delivery("orders/create", 0);
		int64_t dead;
		bool repeated;

		memcpy(delivery.fingerprint, &i, sizeof(i));
		(void)store_add_delivery(given->store, &delivery, &repeated, &given->error);
		(void)store_dead_letter_add_delivery(
			given->store, delivery.id, 7, "why", &dead, &given->error);
		(void)queue(given, "main", 5, false);
	}
	commit(given);
	assert_in_range(steps_of_range(given, STORE_DELIVERIES, DELIVERY_RANGE), 1, 100);
	assert_in_range(steps_of_range(given, STORE_MESSAGES, MESSAGE_RANGE), 1, 100);
	assert_in_range(steps_of_range(given, STORE_DEAD, DEAD_LETTER_RANGE), 1, 100);
}

static void damage_is_found_when_reopening(void **state)
{
	struct given *given = *state;
	char garbage[8192];
	bool damaged;

	memset(garbage, 0x5a, sizeof(garbage));
	begin(given);
	for (int i = 0; i < 100; i++)
		(void)queue(given, "main", 4000, false);
	commit(given);
	assert_int_equal(store_reopen(given->store, &damaged, &given->error), 0);
	overwrite(given, 40L * (off_t)sizeof(garbage), garbage, sizeof(garbage));
	assert_int_equal(store_reopen(given->store, &damaged, &given->error), -1);
	assert_true(damaged);
	assert_non_null(strstr(given->error.text, "keep a copy"));
}

static void copy_file(const char *from, const char *to)
{
	static char bytes[1 << 20];
	int in = open(from, O_RDONLY);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t size = read(in, bytes, sizeof(bytes));

	assert_in_range(size, 1, sizeof(bytes) - 1);
	assert_int_equal(write(out, bytes, (size_t)size), size);
	(void)close(in);
	(void)close(out);
}

/* Its next message would get the id of one that is claimed, and be removed when that was sent. */
static void an_older_copy_is_no_store_to_go_on_with(void **state)
{
	struct given *given = *state;
	const char *path = given->url + strlen("sqlite:");
	struct message *messages;
	char copy[160];
	bool damaged;

	(void)snprintf(copy, sizeof(copy), "%s.copy", path);
	begin(given);
	(void)queue(given, "main", 10, false);
	commit(given);
	assert_int_equal(store_reopen(given->store, &damaged, &given->error), 0);
	copy_file(path, copy);
	begin(given);
	(void)queue(given, "main", 10, false);
	commit(given);
	assert_int_equal(store_reopen(given->store, &damaged, &given->error), 0);
	begin(given);
	assert_int_equal(claim(given, "main", 5, 1000, &messages), 2);
	commit(given);
	assert_int_equal(store_reopen(given->store, &damaged, &given->error), 0);
	assert_int_equal(unlink(path), 0);
	copy_file(copy, path);
	assert_int_equal(store_reopen(given->store, &damaged, &given->error), -1);
	assert_true(damaged);
	assert_non_null(strstr(given->error.text, "an older copy"));
	reopen(given); /* a new start, with nothing claimed, goes on with it */
}

/* SQLite rolls back the whole transaction when memory runs out in the middle of a statement, also
 * of one that only reads. The turn must not go on without it. */
static void without_its_transaction_it_is_the_store_that_failed(void **state)
{
	enum { LARGE = 200000 };
	struct given *given = *state;
	struct sqlite_store *store = (struct sqlite_store *)given->store;
	struct delivery delivery = a_delivery("orders/create", 1);
	char *large = test_calloc(1, LARGE + 1);
	const char *json;
	bool flag;
	int result;

	memset(large, 'x', LARGE);
	begin(given);
	assert_int_equal(
		store_put_record(given->store, "s", "order", "1", large, INT64_MAX, &given->error),
		0);
	commit(given);
	test_free(large);
	begin(given);
	assert_int_equal(store_add_delivery(given->store, &delivery, &flag, &given->error), 0);
	(void)sqlite3_hard_heap_limit64(sqlite3_memory_used());
	result = store_get_record(
		given->store, "s", "order", "1", given->arena, &json, &given->error);
	(void)sqlite3_hard_heap_limit64(0);
	assert_int_equal(result, -1);
	assert_true(sqlite3_get_autocommit(store->db) != 0);
	assert_int_equal(given->error.kind, ERROR_OTHER);
	store_rollback(given->store);
}

static void another_programs_database_is_left_alone(void **state)
{
	struct given *given = *state;

	store_close(given->store);
	overwrite(given, 68, "\1\2\3\4", 4);
	assert_refused(given, "of another program");
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(one_process_has_the_store),
		STORE_TEST(the_file_is_private),
		STORE_TEST(a_file_that_is_no_database_is_left_alone),
		STORE_TEST(only_regular_files_are_opened),
		STORE_TEST(a_newer_schema_is_left_alone),
		STORE_TEST(another_programs_database_is_left_alone),
		STORE_TEST(another_programs_file_stays_as_it_is_to_the_byte),
		STORE_TEST(a_file_that_went_away_is_not_made_anew),
		STORE_TEST(what_was_forgotten_leaves_room),
		STORE_TEST(what_was_removed_stays_in_no_page),
		STORE_TEST(a_file_with_maps_of_its_pages_stays_whole),
		STORE_TEST(what_an_older_segrelay_stored_is_kept_and_forgotten),
		STORE_TEST(every_older_schema_is_migrated),
		STORE_TEST(emitted_ids_of_schema_4_stay_emitted),
		STORE_TEST(names_in_records_of_schema_5_are_migrated),
		STORE_TEST(a_range_is_found_without_going_through_the_table),
		STORE_TEST(damage_is_found_when_reopening),
		STORE_TEST(an_older_copy_is_no_store_to_go_on_with),
		STORE_TEST(without_its_transaction_it_is_the_store_that_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
