/* The SQLite store's tables and statements: all SQL. */
#include "store/sqlite.h"

#include <stdio.h>
#include <string.h>

enum { SCHEMA_VERSION = 6 };

/* Element N migrates the schema from version N to N + 1. */
static const char *const migrations[SCHEMA_VERSION] = {
	/* The body is the last column, so that finding a repetition does not read it. */
	"CREATE TABLE deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT, hash INTEGER NOT NULL,"
	" received INTEGER NOT NULL, shop TEXT NOT NULL, topic TEXT NOT NULL,"
	" fingerprint BLOB NOT NULL, test INTEGER NOT NULL, webhook_id TEXT, event_id TEXT,"
	" api_version TEXT, triggered_at TEXT, body BLOB NOT NULL) STRICT;"
	"CREATE INDEX deliveries_by_hash ON deliveries (hash);"
	"CREATE TABLE destinations (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" queued INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0,"
	" dead INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,"
	" last_sent INTEGER NOT NULL DEFAULT 0, paused_until INTEGER NOT NULL DEFAULT 0,"
	" paused_since INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,"
	" reason TEXT NOT NULL DEFAULT '') STRICT;"
	/* AUTOINCREMENT: an id used again after a deletion would be below a claim's cursor. */
	"CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, destination INTEGER NOT NULL,"
	" queued INTEGER NOT NULL, delivery INTEGER NOT NULL, with_next INTEGER NOT NULL,"
	" message_id BLOB NOT NULL, shop TEXT NOT NULL, event TEXT NOT NULL,"
	" json TEXT NOT NULL) STRICT;"
	"CREATE INDEX messages_by_destination ON messages (destination, id);"
	"CREATE TABLE dead (id INTEGER PRIMARY KEY AUTOINCREMENT, destination INTEGER,"
	" delivery INTEGER NOT NULL, queued INTEGER NOT NULL, died INTEGER NOT NULL,"
	" status INTEGER NOT NULL, message_id BLOB, shop TEXT NOT NULL, topic TEXT, event TEXT,"
	" reason TEXT NOT NULL, json TEXT) STRICT;"
	"CREATE INDEX dead_by_delivery ON dead (delivery);"
	"CREATE TABLE told (id BLOB NOT NULL PRIMARY KEY, told INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE records (shop TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,"
	" expires INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (shop, kind, key))"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE timers (shop TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,"
	" due INTEGER NOT NULL, PRIMARY KEY (shop, kind, key)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX timers_by_due ON timers (due);"
	"CREATE TABLE topics (shop TEXT NOT NULL, topic TEXT NOT NULL, last INTEGER NOT NULL,"
	" received INTEGER NOT NULL, repeated INTEGER NOT NULL, ignored INTEGER NOT NULL,"
	" mapped INTEGER NOT NULL, dead INTEGER NOT NULL, dropped INTEGER NOT NULL,"
	" PRIMARY KEY (shop, topic)) STRICT, WITHOUT ROWID;",
	/* After the body: only expiry reads it, of old rows. */
	"ALTER TABLE deliveries ADD COLUMN stored INTEGER",
	/* The index grows at one end and shrinks at the other: the newest deliveries' messages are
	 * added, the oldest ones' deleted. */
	"CREATE INDEX messages_by_delivery ON messages (delivery)",
	/* Separate from the messages, because these are few. */
	"CREATE TABLE set_aside (message INTEGER PRIMARY KEY, destination INTEGER NOT NULL,"
	" first_failed INTEGER NOT NULL, last_failed INTEGER NOT NULL,"
	" not_before INTEGER NOT NULL, attempts INTEGER NOT NULL, status INTEGER NOT NULL,"
	" reason TEXT NOT NULL) STRICT;"
	"CREATE INDEX set_aside_by_time ON set_aside (destination, not_before);"
	"CREATE TRIGGER set_aside_ends AFTER DELETE ON messages BEGIN"
	" DELETE FROM set_aside WHERE message = old.id; END;",
	"ALTER TABLE told RENAME TO emitted; ALTER TABLE emitted RENAME COLUMN told TO emitted_at;",
	/* Names inside records. A string in JSON has no quote without a backslash, so a name
	 * between quotes is a member. A buyer chooses names in a cart's lines, but their values are
	 * texts. */
	"UPDATE records SET kind = 'customer_deferred' WHERE kind = 'customer_wait';"
	"UPDATE timers SET kind = 'customer_deferred' WHERE kind = 'customer_wait';"
	"UPDATE records SET kind = 'order_deferred' WHERE kind = 'order_wait';"
	"UPDATE timers SET kind = 'order_deferred' WHERE kind = 'order_wait';"
	"UPDATE records SET kind = 'retention_clock' WHERE kind = 'steady';"
	"UPDATE records SET json = replace(json, '\"made_up\":', '\"derived_id\":')"
	" WHERE kind IN ('link', 'recharge_customer');"
	"UPDATE records SET json = replace(json, '\"learnt\":', '\"first_seen\":')"
	" WHERE kind IN ('subscription', 'contract');"
	"UPDATE records SET json = replace(json, '\"enabled_told\":true',"
	" '\"enabled_emitted\":true') WHERE kind = 'customer';"
	"UPDATE records SET json = replace(replace(json, '\"has_learnt\":', '\"has_found\":'),"
	" '\"words\":[', '\"identifiers\":[') WHERE kind = 'privacy';"
	"UPDATE records SET json = replace(json, '\"told\":[', '\"emitted\":[')"
	" WHERE kind = 'cart';"
	"UPDATE records SET json = json_set(json_remove(json, '$.told_at'), '$.emitted_at',"
	" json_extract(json, '$.told_at')) WHERE kind = 'cart' AND json_valid(json)"
	" AND json_type(json, '$.told_at') = 'text';",
};

#define DEAD_COLUMNS                                                                          \
	"d.id, n.name, d.shop, d.topic, d.event, d.message_id, d.delivery, d.queued, d.died," \
	" d.status, d.reason"
#define DEAD_TABLES "dead d LEFT JOIN destinations n ON n.id = d.destination"

#define OUTBOX_COLUMNS                                                                       \
	"m.id, n.name, m.shop, m.event, m.message_id, m.delivery, m.queued, a.first_failed," \
	" a.last_failed, a.not_before, a.attempts, a.status, a.reason"
#define OUTBOX_TABLES                                            \
	"messages m JOIN destinations n ON n.id = m.destination" \
	" LEFT JOIN set_aside a ON a.message = m.id"

static const char *const sql[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[SAVEPOINT] = "SAVEPOINT work",
	[RELEASE] = "RELEASE work",
	[ROLLBACK_TO] = "ROLLBACK TO work",
	[FIND_DELIVERY] = "SELECT id FROM deliveries WHERE hash = ?1 AND fingerprint = ?2"
			  " AND topic = ?3 AND shop = ?4 AND test = ?5",
	[EACH_TWIN] = "SELECT id, shop, topic, test FROM deliveries WHERE hash = ?1"
		      " AND fingerprint = ?2 AND id != ?3 AND NOT EXISTS (SELECT 1 FROM dead WHERE"
		      " delivery = deliveries.id AND destination IS NULL) LIMIT 100",
	[ADD_DELIVERY] = "INSERT INTO deliveries (hash, received, shop, topic, fingerprint, test,"
			 " webhook_id, event_id, api_version, triggered_at, body, stored)"
			 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	[GET_DELIVERY] = "SELECT received, shop, topic, fingerprint, test, webhook_id, event_id,"
			 " api_version, triggered_at, body FROM deliveries WHERE id = ?1",
	[OLD_DELIVERIES] =
		"SELECT id, ifnull(stored, received), EXISTS (SELECT 1 FROM dead WHERE delivery ="
		" deliveries.id AND destination IS NULL) FROM deliveries"
		" WHERE id > ?1 ORDER BY id LIMIT ?2",
	[BRIEF_DELIVERIES] =
		"SELECT id, ifnull(stored, received), topic IS NOT ?3 OR EXISTS (SELECT 1 FROM"
		" dead WHERE delivery = deliveries.id AND destination IS NULL) FROM deliveries"
		" WHERE id > ?1 ORDER BY id LIMIT ?2",
	[DELETE_DELIVERY] = "DELETE FROM deliveries WHERE id = ?1",
	/* The length of a body is in the row's header: the body is not read. */
	[EARLY_DELIVERIES] = "SELECT id, received, length(body),"
			     " EXISTS (SELECT 1 FROM messages WHERE delivery = deliveries.id)"
			     " OR EXISTS (SELECT 1 FROM dead WHERE delivery = deliveries.id)"
			     " FROM deliveries WHERE id > ?1 ORDER BY id LIMIT ?2",
	[IS_EMITTED] = "SELECT 1 FROM emitted WHERE id = ?1",
	[MARK_EMITTED] = "INSERT OR IGNORE INTO emitted (id, emitted_at) VALUES (?1, ?2)",
	[QUEUE] =
		"INSERT INTO messages (destination, queued, delivery, with_next, message_id, shop,"
		" event, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[CLAIM] = "SELECT id, queued, delivery, with_next, message_id, shop, event, json FROM "
		  "messages"
		  " WHERE destination = ?1 AND id > ?2"
		  " AND NOT EXISTS (SELECT 1 FROM set_aside WHERE message = messages.id)"
		  " ORDER BY id LIMIT ?3",
	[LAST_MESSAGE] = "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'messages'",
	[DELETE_MESSAGE] = "DELETE FROM messages WHERE id = ?1 RETURNING delivery",
	[SET_ASIDE] = "INSERT OR REPLACE INTO set_aside (message, destination, first_failed,"
		      " last_failed, not_before, attempts, status, reason)"
		      " SELECT id, destination, ?2, ?3, ?4, ?5, ?6, ?7 FROM messages WHERE id = ?1",
	[GET_SET_ASIDE] = "SELECT first_failed, last_failed, not_before, attempts, status, reason"
			  " FROM set_aside WHERE message = ?1",
	/* As for timers: one that is too far ahead is due, because the clock was set back. */
	[NEXT_SET_ASIDE] = "SELECT not_before, message FROM set_aside WHERE destination = ?1"
			   " ORDER BY not_before LIMIT 1",
	[CLAIM_ONE] = "SELECT id, queued, delivery, with_next, message_id, shop, event, json FROM "
		      "messages WHERE id = ?1",
	[COUNT_SET_ASIDE] = "SELECT count(*) FROM set_aside WHERE destination = ?1",
	[LIST_MESSAGES] =
		"SELECT " OUTBOX_COLUMNS ", length(CAST(m.json AS BLOB)) FROM " OUTBOX_TABLES
		" WHERE m.id > ?1 ORDER BY m.id LIMIT ?2",
	[LIST_MESSAGES_OF] =
		"SELECT " OUTBOX_COLUMNS ", length(CAST(m.json AS BLOB)) FROM " OUTBOX_TABLES
		" WHERE m.destination = (SELECT id FROM destinations WHERE name = ?3)"
		" AND m.id > ?1 ORDER BY m.id LIMIT ?2",
	[GET_MESSAGE] = "SELECT " OUTBOX_COLUMNS ", m.json FROM " OUTBOX_TABLES " WHERE m.id = ?1",
	[DEAD_LETTER_ADD] =
		"INSERT INTO dead (destination, delivery, queued, died, status, message_id, shop,"
		" event, reason, json) SELECT destination, delivery, queued, ?2, ?3, message_id, "
		"shop,"
		" event, ?4, json FROM messages WHERE id = ?1",
	[DEAD_LETTER_ADD_DELIVERY] =
		"INSERT INTO dead (delivery, queued, died, status, shop, topic, reason)"
		" SELECT id, received, ?2, 0, shop, topic, ?3 FROM deliveries WHERE id = ?1",
	[DEAD_LETTER_LIST] = "SELECT " DEAD_COLUMNS " FROM " DEAD_TABLES
			     " WHERE d.id > ?1 ORDER BY d.id LIMIT ?2",
	[DEAD_LETTER_GET] = "SELECT " DEAD_COLUMNS ", coalesce(d.json, b.body) FROM " DEAD_TABLES
			    " LEFT JOIN deliveries b ON d.destination IS NULL AND b.id = d.delivery"
			    " WHERE d.id = ?1",
	[DEAD_LETTER_REQUEUE] =
		"INSERT INTO messages (destination, queued, delivery, with_next, message_id, shop,"
		" event, json) SELECT destination, ?2, delivery, 0, message_id, shop, event, json"
		" FROM dead WHERE id = ?1 AND destination IS NOT NULL",
	[DEAD_LETTER_DROP] = "DELETE FROM dead WHERE id = ?1 RETURNING delivery",
	[GET_RECORD] = "SELECT json FROM records WHERE shop = ?1 AND kind = ?2 AND key = ?3",
	[PUT_RECORD] =
		"INSERT INTO records (shop, kind, key, expires, json) VALUES (?1, ?2, ?3, ?4,"
		" ?5) ON CONFLICT DO UPDATE SET expires = excluded.expires,"
		" json = excluded.json",
	[DROP_RECORD] = "DELETE FROM records WHERE shop = ?1 AND kind = ?2 AND key = ?3",
	[EACH_RECORD] = "SELECT kind, key, json FROM records WHERE shop = ?1"
			" AND (kind, key) > (?2, ?3) ORDER BY kind, key LIMIT ?4",
	/* As one query, SQLite would read the whole table. */
	[DELIVERY_RANGE] = "SELECT (SELECT min(id) FROM deliveries WHERE id > ?1),"
			   " (SELECT max(id) FROM deliveries)",
	[MESSAGE_RANGE] = "SELECT (SELECT min(id) FROM messages WHERE id > ?1),"
			  " (SELECT max(id) FROM messages)",
	[DEAD_LETTER_RANGE] = "SELECT (SELECT min(id) FROM dead WHERE id > ?1),"
			      " (SELECT max(id) FROM dead)",
	[EACH_DELIVERY] = "SELECT id, NULL, topic, body FROM deliveries"
			  " WHERE id BETWEEN ?1 AND ?2 AND shop = ?3 ORDER BY id",
	[EACH_MESSAGE] = "SELECT m.id, n.name, NULL, m.json FROM messages m"
			 " JOIN destinations n ON n.id = m.destination"
			 " WHERE m.id BETWEEN ?1 AND ?2 AND m.shop = ?3 ORDER BY m.id",
	[DEAD_LETTER_EACH] =
		"SELECT d.id, n.name, d.topic, coalesce(d.json, b.body) FROM " DEAD_TABLES
		" LEFT JOIN deliveries b ON d.destination IS NULL AND b.id = d.delivery"
		" WHERE d.id BETWEEN ?1 AND ?2 AND d.shop = ?3 ORDER BY d.id",
	[DEAD_LETTER_DROP_DELIVERY] =
		"DELETE FROM dead WHERE delivery = ?1 AND destination IS NULL",
	[SET_TIMER] = "INSERT INTO timers (shop, kind, key, due) VALUES (?1, ?2, ?3, ?4)"
		      " ON CONFLICT DO UPDATE SET due = excluded.due",
	[DROP_TIMER] = "DELETE FROM timers WHERE shop = ?1 AND kind = ?2 AND key = ?3",
	[DROP_LOST_TIMERS] =
		"DELETE FROM timers WHERE shop = ?1 AND NOT EXISTS (SELECT 1 FROM records r"
		" WHERE r.shop = timers.shop AND r.kind = timers.kind AND r.key = timers.key)",
	[DUE_TIMER] = "SELECT due, shop, kind, key FROM timers WHERE due = coalesce("
		      "(SELECT max(due) FROM timers WHERE due > ?1),"
		      " (SELECT min(due) FROM timers)) LIMIT 1",
	[COUNT_TIMERS] = "SELECT count(*) FROM timers",
	[TOPICS] = "SELECT shop, topic, last, received, repeated, ignored, mapped, dead, dropped"
		   " FROM topics ORDER BY shop, topic",
	[SAVE_TOPIC] =
		"INSERT OR REPLACE INTO topics (shop, topic, last, received, repeated, ignored,"
		" mapped, dead, dropped) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[DESTINATIONS] = "SELECT name, queued, sent, dead, dropped, last_sent, paused_until,"
			 " paused_since, failures, reason FROM destinations ORDER BY name",
	[SAVE_DESTINATION] =
		"INSERT INTO destinations (name, queued, sent, dead, dropped, last_sent,"
		" paused_until, paused_since, failures, reason) VALUES (?1, ?2, ?3, ?4,"
		" ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (name) DO UPDATE SET"
		" queued = ?2, sent = ?3, dead = ?4, dropped = ?5, last_sent = ?6,"
		" paused_until = ?7, paused_since = ?8, failures = ?9, reason = ?10",
	[FIND_DESTINATION] = "SELECT id FROM destinations WHERE name = ?1",
	[ADD_DESTINATION] = "INSERT INTO destinations (name) VALUES (?1)",
	[OLDEST] = "SELECT queued FROM messages WHERE destination = ?1 ORDER BY id LIMIT 1",
	[OLD_EMITTED] = "SELECT id FROM emitted WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2",
	[DELETE_EMITTED] = "DELETE FROM emitted WHERE id > ?1 AND id <= ?2 AND emitted_at < ?3",
	[OLD_RECORDS] = "SELECT shop, kind, key FROM records"
			" WHERE (shop, kind, key) > (?1, ?2, ?3) ORDER BY shop, kind, key"
			" LIMIT 1 OFFSET ?4",
	[DELETE_RECORDS] = "DELETE FROM records WHERE (shop, kind, key) > (?1, ?2, ?3)"
			   " AND (shop, kind, key) <= (?4, ?5, ?6) AND expires < ?7",
	[PAGE_COUNT] = "PRAGMA page_count",
	[FREE_PAGES] = "PRAGMA freelist_count",
};

int sqlite_prepare(struct sqlite_store *store, struct error *error)
{
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(store->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
			    &store->statements[i], NULL) != SQLITE_OK)
			return sqlite_failed(store,
				"its tables are not as expected; use the segrelay that wrote it",
				error);
	return 0;
}

int64_t sqlite_pragma(sqlite3 *db, const char *text)
{
	sqlite3_stmt *statement = NULL;
	int64_t number = -1;

	if (sqlite3_prepare_v2(db, text, -1, &statement, NULL) == SQLITE_OK &&
		sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return number;
}

int sqlite_migrate(struct sqlite_store *store, struct error *error)
{
	int64_t version = sqlite_pragma(store->db, "PRAGMA user_version");
	char finish[64];

	if (version < 0)
		return sqlite_failed(store, "reading failed", error);
	if (version > SCHEMA_VERSION)
		return error_set(error,
			"store %s was written by a newer segrelay (schema %lld, this one knows "
			"%d): it is left unchanged; use the newer segrelay",
			store->path, (long long)version, SCHEMA_VERSION);
	if (version == SCHEMA_VERSION)
		return 0;
	(void)snprintf(finish, sizeof(finish), "PRAGMA user_version = %d; COMMIT", SCHEMA_VERSION);
	if (sqlite3_exec(store->db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_failed(store, "creating its tables failed", error);
	for (int64_t i = version; i < SCHEMA_VERSION; i++)
		if (sqlite3_exec(store->db, migrations[i], NULL, NULL, NULL) != SQLITE_OK)
			return sqlite_failed(store, "creating its tables failed", error);
	if (sqlite3_exec(store->db, finish, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_failed(store, "creating its tables failed", error);
	return 0;
}
