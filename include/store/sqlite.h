/* The SQLite store's inside, shared by its files.
 *
 * Exactly one connection, which also does every checkpoint: SQLite 3.40.1 (Debian 12) can corrupt a
 * WAL when two do (sqlite.org/wal.html, "the WAL-reset bug"). It holds the file exclusively. */
#ifndef SEGRELAY_STORE_SQLITE_H
#define SEGRELAY_STORE_SQLITE_H

#include "store/store.h"

#include <sqlite3.h>

/* One statement a row of the table in sqlite_statements.c. */
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
	TELL,
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
	BURY,
	BURY_DELIVERY,
	LIST_DEAD,
	GET_DEAD,
	REVIVE,
	DROP_DEAD,
	GET_RECORD,
	PUT_RECORD,
	DROP_RECORD,
	EACH_RECORD,
	DELIVERY_RANGE,
	MESSAGE_RANGE,
	DEAD_RANGE,
	EACH_DELIVERY,
	EACH_MESSAGE,
	EACH_DEAD,
	DROP_DEAD_DELIVERY,
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
	OLD_TOLD,
	DELETE_TOLD,
	OLD_RECORDS,
	DELETE_RECORDS,
	PAGE_COUNT,
	FREE_PAGES,
	STATEMENTS,
};

enum {
	APPLICATION_ID = 0x53524c59, /* "SRLY", in the file's header */
	RECORD_KEY_PART = 256,
	/* Of pages of 4, 8 and 16 KiB, 8 cost least for bodies of some 10 KB. */
	SQLITE_PAGE_SIZE = 8192,
};

/* A destination's place in the outbox: what is over `cursor` is not claimed. */
struct place {
	char *name;
	int64_t id;
	int64_t cursor;
	int64_t before; /* where it was when the transaction began */
	int64_t alone;  /* the message that is set aside and was claimed last */
};

/* Where the sweep goes on: one subject after the other, so that a round has an end. */
struct sweep {
	enum { SWEEP_DELIVERIES, SWEEP_BRIEF, SWEEP_TOLD, SWEEP_RECORDS, SWEEP_END } subject;
	int64_t delivery;
	unsigned char told[16];
	char record[3][RECORD_KEY_PART]; /* shop, kind, key; cut when longer */
};

/* How the file is written, instead of SQLite's own way. The methods come first: SQLite knows these
 * only. */
struct sqlite_writing {
	sqlite3_io_methods methods;
	const sqlite3_io_methods *real;
};

/* Early expiry: every delivery with an id up to `cursor` waits, and of those behind it all when it
 * has ended; and what was added since it was last at work. */
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
	bool whole;           /* open, and every statement prepared */
	int lock;             /* descriptor of the lock file, -1 for none */
	struct place *places; /* moves when there is one more */
	size_t place_count;
	size_t places_before;         /* when the transaction began */
	size_t places_saved;          /* when the savepoint was set */
	bool was_full;                /* the disk was, and no room was seen since */
	int last_code;                /* SQLite's primary code of the last failure */
	enum store_obstacle obstacle; /* while it is opened: that of the last failure */
	int wal_pages;                /* since the last checkpoint */
	int64_t page_size;
	int64_t room_checked; /* ms of the monotonic clock */
	int room_result;
	struct error room_error;
	struct sweep sweep;
	struct early early;
	int64_t brief_delivery; /* up to here those of the brief topic are gone */
	struct sqlite_writing writing;
};

/* Binds the values by `types` (i: int64_t; t: C string or NULL; b, T: pointer and size_t of a blob,
 * of a text) and steps once. SQLITE_ROW, SQLITE_DONE, or -1 with the error. A statement that gave a
 * row is stepped on with sqlite3_step and must be ended with sqlite_end. */
int sqlite_run(struct sqlite_store *store, enum statement statement, struct error *error,
	const char *types, ...);

/* Ends a statement that gave rows. */
void sqlite_end(struct sqlite_store *store, enum statement statement);

/* Runs a statement that gives no row: 0, or -1. */
#define sqlite_do(...) (sqlite_run(__VA_ARGS__) == SQLITE_DONE ? 0 : -1)

/* Fills `error` with what SQLite says, and what to do about it. Always -1. */
int sqlite_failed(struct sqlite_store *store, const char *what, struct error *error);

/* A column as a text in the arena, NULL for NULL. */
const char *sqlite_text(sqlite3_stmt *row, int column, struct arena *arena);

/* Prepares all statements. */
int sqlite_prepare(struct sqlite_store *store, struct error *error);

/* The number that a PRAGMA answers, -1 when it does not. */
int64_t sqlite_pragma(sqlite3 *db, const char *text);

/* Makes or migrates the tables, refuses a schema that is newer than we. */
int sqlite_migrate(struct sqlite_store *store, struct error *error);

/* The place of a destination; made when new. NULL with the error. */
struct place *sqlite_place(struct sqlite_store *store, const char *name, struct error *error);

/* A message from a row of CLAIM or CLAIM_ONE, in the arena; false without memory. */
bool sqlite_read_message(sqlite3_stmt *row, struct arena *arena, struct message *message);

/* Whether the store is in memory only, and has no files. */
bool sqlite_in_memory(const struct sqlite_store *store);

/* Notes by an errno why the store could not be opened. */
void sqlite_note_obstacle(struct sqlite_store *store, int code);

/* Keeps other processes off the store. -1 when one has it. */
int sqlite_take_lock(struct sqlite_store *store, struct error *error);

/* Looks at the file's header before SQLite does, which would change a file of another program.
 * When there is none it is made, for us alone to read. */
int sqlite_claim_file(struct sqlite_store *store, struct error *error);

/* A new file survives a crash of the machine only when its folder was synced, too. */
int sqlite_sync_folder(struct sqlite_store *store, struct error *error);

/* Bytes free on the disk, INT64_MAX when that is not known. */
int64_t sqlite_free_bytes(const struct sqlite_store *store);

/* A file of some MiB whose removal gives room to a full disk, so that deletions can commit. Made
 * when there is room; while there is not, after a full disk, what room there is is theirs. */
void sqlite_make_ballast(struct sqlite_store *store);
void sqlite_drop_ballast(struct sqlite_store *store);

/* From now on, no copy of what was moved or removed stays in the gaps of the file's pages. Once a
 * connection, before anything is written. */
void sqlite_clear_gaps(struct sqlite_store *store);

/* Makes sure, after an error of the disk, that what is read is what the disk holds. */
int sqlite_recover(struct sqlite_store *store, bool *damaged, struct error *error);

enum { SIZE_MARGIN = 10 }; /* the share of max_store, 1/10, that is kept as a margin */

/* Bytes that the store takes, and bytes in its file that can be used again. */
int sqlite_measure(
	struct sqlite_store *store, int64_t *taken, int64_t *reusable, struct error *error);

/* What of the bytes that the store takes counts towards max_store: of the WAL a tenth at most, as
 * it is emptied whatever waits, and must not fill a small store. */
int64_t sqlite_beyond_wal(
	const struct sqlite_store *store, const struct store_limits *limits, int64_t taken);

/* Whether there may be a delivery that early expiry would delete. */
int sqlite_may_expire_early(struct sqlite_store *store, bool *may, struct error *error);

/* Runs a deletion by id that returns the row's delivery, and notes that; adds 1 to *count when
 * there was a row. */
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
