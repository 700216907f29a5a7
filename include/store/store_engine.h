/* What an engine of the store (SQLite, PostgreSQL) provides. Only store.c and the engines see it;
 * store.h says what each function promises. */
#ifndef SEGRELAY_STORE_STORE_ENGINE_H
#define SEGRELAY_STORE_STORE_ENGINE_H

#include "store/store.h"
#include "store/store_outbox.h"

struct store_engine {
	void (*close)(struct store *store);
	int (*reopen)(struct store *store, bool *damaged, struct error *error);
	int (*begin)(struct store *store, struct error *error);
	int (*commit)(struct store *store, struct error *error);
	void (*rollback)(struct store *store);
	int (*savepoint)(struct store *store, struct error *error);
	int (*release)(struct store *store, struct error *error);
	int (*rollback_to)(struct store *store, struct error *error);
	int (*open_marker)(struct store *store, size_t size);
	int (*room)(struct store *store, const struct store_limits *limits, struct error *error);
	int (*add_delivery)(struct store *store, struct delivery *delivery, bool *repeated,
		struct error *error);
	int (*each_twin)(struct store *store, const struct delivery *delivery,
		int (*visit)(void *context, const struct delivery *twin), void *context,
		struct error *error);
	int (*get_delivery)(struct store *store, int64_t id, struct arena *arena,
		struct delivery *delivery, bool *found, struct error *error);
	int (*is_emitted)(struct store *store, const struct uuid *message_id, bool *emitted,
		struct error *error);
	int (*tell)(struct store *store, const struct uuid *message_id, int64_t now, bool *fresh,
		struct error *error);
	int (*queue)(struct store *store, struct message *message, struct error *error);
	int (*claim)(struct store *store, const char *destination,
		const struct claim_limits *limits, struct arena *arena, struct message **messages,
		size_t *count, struct error *error);
	int (*set_aside)(
		struct store *store, const struct set_aside *set_aside, struct error *error);
	int (*get_set_aside)(struct store *store, int64_t message, struct arena *arena,
		struct set_aside *set_aside, bool *found, struct error *error);
	int (*claim_set_aside)(struct store *store, const char *destination, int64_t now,
		struct arena *arena, struct message *message, bool *found, int64_t *next,
		struct error *error);
	int (*count_set_aside)(
		struct store *store, const char *destination, int64_t *count, struct error *error);
	int (*each_message)(struct store *store, const char *destination, int64_t after,
		size_t most, int (*visit)(void *context, const struct outbox_entry *entry),
		void *context, struct error *error);
	int (*get_message)(struct store *store, int64_t id, struct arena *arena,
		struct outbox_entry *entry, bool *found, struct error *error);
	void (*unclaim)(struct store *store, const char *destination);
	int (*sent)(struct store *store, const int64_t *ids, size_t count, size_t *removed,
		struct error *error);
	int (*bury)(struct store *store, int64_t message, int64_t now, int64_t status,
		const char *reason, int64_t *dead, struct error *error);
	int (*bury_delivery)(struct store *store, int64_t delivery, int64_t now, const char *reason,
		int64_t *dead, struct error *error);
	int (*each_dead)(struct store *store, int64_t after, size_t most,
		int (*visit)(void *context, const struct dead_letter *letter), void *context,
		struct error *error);
	int (*get_dead)(struct store *store, int64_t id, struct arena *arena,
		struct dead_letter *letter, bool *found, struct error *error);
	int (*revive)(struct store *store, int64_t dead, int64_t now, struct error *error);
	int (*drop_dead)(struct store *store, int64_t dead, struct error *error);
	int (*get_record)(struct store *store, const char *shop, const char *kind, const char *key,
		struct arena *arena, const char **json, struct error *error);
	int (*put_record)(struct store *store, const char *shop, const char *kind, const char *key,
		const char *json, int64_t expires, struct error *error);
	int (*drop_record)(struct store *store, const char *shop, const char *kind, const char *key,
		struct error *error);
	int (*each_record)(struct store *store, const char *shop, const char *kind, const char *key,
		size_t most, int (*visit)(void *context, const struct record *record),
		void *context, struct error *error);
	int (*row_range)(struct store *store, enum store_table table, int64_t after, int64_t *first,
		int64_t *last, struct error *error);
	int (*each_row)(struct store *store, enum store_table table, const char *shop,
		int64_t first, int64_t last,
		int (*visit)(void *context, const struct stored_row *row), void *context,
		struct error *error);
	int (*drop_row)(
		struct store *store, enum store_table table, int64_t id, struct error *error);
	int (*scrub)(struct store *store, struct error *error);
	int (*set_timer)(struct store *store, const struct timer *timer, struct error *error);
	int (*drop_timer)(struct store *store, const struct timer *timer, struct error *error);
	int (*drop_lost_timers)(struct store *store, const char *shop, struct error *error);
	int (*due_timer)(struct store *store, int64_t now, struct arena *arena, struct timer *timer,
		bool *found, int64_t *next, struct error *error);
	int (*count_timers)(struct store *store, int64_t *count, struct error *error);
	int (*topics)(struct store *store, struct topic_state **topics, size_t *count,
		struct error *error);
	int (*save_topic)(
		struct store *store, const struct topic_state *topic, struct error *error);
	int (*destinations)(struct store *store, struct destination_state **states, size_t *count,
		struct error *error);
	int (*save_destination)(
		struct store *store, const struct destination_state *state, struct error *error);
	int (*oldest)(
		struct store *store, const char *destination, int64_t *queued, struct error *error);
	int (*sweep)(struct store *store, const struct retention *retention, bool *more,
		struct error *error);
	int (*expire_early)(struct store *store, const struct store_limits *limits, bool idle,
		struct early_expiry *done, struct error *error);
	int (*is_nearly_full)(struct store *store, const struct store_limits *limits, bool *is,
		struct error *error);
	int (*tidy)(struct store *store, bool idle, struct error *error);
	int (*size)(struct store *store, int64_t *bytes, int64_t *free_bytes, struct error *error);
};

/* An engine's own struct begins with this. */
struct store {
	const struct store_engine *engine;
};

/* Opens an SQLite store at a path, or ":memory:". */
int sqlite_open(
	const char *path, struct store **store, enum store_obstacle *obstacle, struct error *error);

#endif
