/* Private declarations of the SQLite store, shared by its files.
 *
 * Exactly one connection, which also does every checkpoint: SQLite 3.40.1 (Debian 12) can corrupt a
 * WAL when two do (sqlite.org/wal.html, "the WAL-reset bug"). It locks the file exclusively. */
#ifndef SEGRELAY_STORE_SQLITE_H
#define SEGRELAY_STORE_SQLITE_H

#include "store/store.h"

#include <sqlite3.h>

/* The prepared statements. The SQL of each is in sqlite_statements.c. */
enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	SAVEPOINT,
	RELEASE,
	ROLLBACK_TO,
	FIND_DELIVERY,
	EACH_TWIN,
	ADD_DELIVERY,
	GET_DELIVERY,
	OLD_DELIVERIES,
	BRIEF_DELIVERIES,
	DELETE_DELIVERY,
	EARLY_DELIVERIES,
	IS_EMITTED,
	MARK_EMITTED,
	QUEUE,
	CLAIM,
	LAST_MESSAGE,
	DELETE_MESSAGE,
	SET_ASIDE,
	GET_SET_ASIDE,
	NEXT_SET_ASIDE,
	CLAIM_ONE,
	COUNT_SET_ASIDE,
	LIST_MESSAGES,
	LIST_MESSAGES_OF,
	GET_MESSAGE,
	DEAD_LETTER_ADD,
	DEAD_LETTER_ADD_DELIVERY,
	DEAD_LETTER_LIST,
	DEAD_LETTER_GET,
	DEAD_LETTER_REQUEUE,
	DEAD_LETTER_DROP,
	GET_RECORD,
	PUT_RECORD,
	DROP_RECORD,
	EACH_RECORD,
	DELIVERY_RANGE,
	MESSAGE_RANGE,
	DEAD_LETTER_RANGE,
	EACH_DELIVERY,
	EACH_MESSAGE,
	DEAD_LETTER_EACH,
	DEAD_LETTER_DROP_DELIVERY,
	SET_TIMER,
	DROP_TIMER,
	DROP_LOST_TIMERS,
	DUE_TIMER,
	COUNT_TIMERS,
	TOPICS,
	SAVE_TOPIC,
	DESTINATIONS,
	SAVE_DESTINATION,
	FIND_DESTINATION,
	ADD_DESTINATION,
	OLDEST,
	OLD_EMITTED,
	DELETE_EMITTED,
	OLD_RECORDS,
	DELETE_RECORDS,
	PAGE_COUNT,
	FREE_PAGES,
	STATEMENTS,
};

enum {
	APPLICATION_ID = 0x53524c59, /* "SRLY", in the file's header */
	RECORD_KEY_PART = 256,
	/* Measured with 4, 8 and 16 KiB: 8 KiB is the cheapest for bodies of about 10 KB. */
	SQLITE_PAGE_SIZE = 8192,
};

/* A destination's position in the outbox: messages with an id up to `position` are claimed. */
struct outbox_cursor {
	char *name;
	int64_t id;
	int64_t position;
	int64_t before; /* its value when the transaction began */
	int64_t alone;  /* the set-aside message that was claimed last */
};

/* The position of store_expire, which goes through one table after the other. */
struct expiry {
	enum { EXPIRE_DELIVERIES, EXPIRE_BRIEF, EXPIRE_EMITTED, EXPIRE_RECORDS, EXPIRE_END } table;
	int64_t delivery;
	unsigned char emitted[16];
	char record[3][RECORD_KEY_PART]; /* shop, kind, key; cut when longer */
};

/* The I/O methods that replace SQLite's own for the file. `methods` must be the first member:
 * SQLite is given its address. */
struct sqlite_writing {
	sqlite3_io_methods methods;
	const sqlite3_io_methods *real;
};

/* The position of early expiry: no delivery with an id up to `cursor` is fully acknowledged, and
 * none at all when `ended`. The counters are of the deliveries added since the last call. */
struct early {
	int64_t cursor;
	bool ended;
	size_t added;
	int64_t added_bytes;
};

struct sqlite_store {
	struct store base;
	char *path;
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	bool usable;                   /* open, and every statement prepared */
	int lock;                      /* descriptor of the lock file, -1 for none */
	struct outbox_cursor *cursors; /* reallocated when one is added */
	size_t cursor_count;
	size_t cursors_before;        /* when the transaction began */
	size_t cursors_saved;         /* when the savepoint was set */
	bool was_full;                /* the disk was full, and has had no room since */
	int last_code;                /* SQLite's primary code of the last failure */
	enum store_obstacle obstacle; /* the reason of the last failure to open */
	int wal_pages;                /* since the last checkpoint */
	int64_t page_size;
	int64_t room_checked; /* ms of the monotonic clock */
	int room_result;
	struct error room_error;
	struct expiry expiry;
	struct early early;
	int64_t brief_delivery; /* up to this id those of the brief topic are deleted */
	struct sqlite_writing writing;
};

/* Binds the values by `types` (i: int64_t; t: C string or NULL; b, T: pointer and size_t of a blob
 * or a text) and steps once. SQLITE_ROW, SQLITE_DONE, or -1 with the error. After SQLITE_ROW the
 * caller continues with sqlite3_step and must call sqlite_end. */
int sqlite_run(struct sqlite_store *store, enum statement statement, struct error *error,
	const char *types, ...);

/* Ends a statement that returned rows. */
void sqlite_end(struct sqlite_store *store, enum statement statement);

/* Runs a statement that returns no row: 0, or -1. */
#define sqlite_do(...) (sqlite_run(__VA_ARGS__) == SQLITE_DONE ? 0 : -1)

/* Fills `error` with SQLite's message and the remedy. Always -1. */
int sqlite_failed(struct sqlite_store *store, const char *what, struct error *error);

/* A column as a text in the arena, NULL for NULL. */
const char *sqlite_text(sqlite3_stmt *row, int column, struct arena *arena);

/* Prepares all statements. */
int sqlite_prepare(struct sqlite_store *store, struct error *error);

/* The number that a PRAGMA returns, -1 when it fails. */
int64_t sqlite_pragma(sqlite3 *db, const char *text);

/* Creates or migrates the tables. Rejects a schema newer than SCHEMA_VERSION. */
int sqlite_migrate(struct sqlite_store *store, struct error *error);

/* The outbox cursor of a destination, created when it is new. NULL with the error. */
struct outbox_cursor *sqlite_outbox_cursor(
	struct sqlite_store *store, const char *name, struct error *error);

/* A message from a row of CLAIM or CLAIM_ONE, in the arena; false when memory is exhausted. */
bool sqlite_read_message(sqlite3_stmt *row, struct arena *arena, struct message *message);

/* Whether the store is in memory only, and has no files. */
bool sqlite_in_memory(const struct sqlite_store *store);

/* Sets store->obstacle by an errno. */
void sqlite_note_obstacle(struct sqlite_store *store, int code);

/* Locks the store against other processes. -1 when one holds the lock. */
int sqlite_take_lock(struct sqlite_store *store, struct error *error);

/* Checks the file's header before SQLite opens it, because SQLite would change a file of another
 * program. Creates a missing file, readable by its owner alone. */
int sqlite_claim_file(struct sqlite_store *store, struct error *error);

/* Syncs the folder: a new file survives a crash of the machine only after that. */
int sqlite_sync_folder(struct sqlite_store *store, struct error *error);

/* Bytes free on the disk, INT64_MAX when unknown. */
int64_t sqlite_free_bytes(const struct sqlite_store *store);

/* The reserve file: 16 MiB whose removal makes room on a full disk, so that deletions can commit.
 * It is created when there is room; after a full disk, new deliveries are refused until there is.
 */
void sqlite_make_reserve(struct sqlite_store *store);
void sqlite_drop_reserve(struct sqlite_store *store);

/* From now on, pages are written without copies of moved or deleted rows in their gaps. Call it
 * once per connection, before the first write. */
void sqlite_clear_gaps(struct sqlite_store *store);

/* Makes sure, after an error of the disk, that the content read is the content of the disk. */
int sqlite_recover(struct sqlite_store *store, bool *damaged, struct error *error);

enum { SIZE_MARGIN = 10 }; /* 1/10 of max_store is kept free as a margin */

/* Bytes that the store uses, and bytes in its file that can be reused. */
int sqlite_measure(
	struct sqlite_store *store, int64_t *taken, int64_t *reusable, struct error *error);

/* The part of `taken` that counts towards max_store. The WAL counts up to a tenth of max_store:
 * checkpoints empty it in any case, and it must not fill a small store. */
int64_t sqlite_beyond_wal(
	const struct sqlite_store *store, const struct store_limits *limits, int64_t taken);

/* Whether there may be a delivery that early expiry would delete. */
int sqlite_may_expire_early(struct sqlite_store *store, bool *may, struct error *error);

/* Runs a deletion by id that returns the row's delivery, and lets early expiry look at that
 * delivery again. Adds 1 to *count when the row existed. */
int sqlite_delete_of_delivery(struct sqlite_store *store, enum statement statement, int64_t id,
	size_t *count, struct error *error);

/* The engine's functions: see store_functions.h. */
#define STORE_FUNCTION(name, parameters, arguments) int sqlite_##name parameters;
#define STORE_PROCEDURE(name, parameters, arguments) void sqlite_##name parameters;
#include "store/store_functions.h"
#undef STORE_FUNCTION
#undef STORE_PROCEDURE

/* Opens an SQLite store at a path, or ":memory:". */
int sqlite_open(
	const char *path, struct store **store, enum store_obstacle *obstacle, struct error *error);

#endif
