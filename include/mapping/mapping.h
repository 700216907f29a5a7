/* From a delivery to Segment calls: the event catalogue as tables.
 *
 * The mapping reads a delivery, the shop's options and the records of the shop. It has no socket,
 * no clock and no SQL, so it runs the same in the daemon, in `segrelay map`, in the tests and under
 * the fuzzer. */
#ifndef SEGRELAY_MAPPING_MAPPING_H
#define SEGRELAY_MAPPING_MAPPING_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "config/config.h"
#include "store/store.h"

/* The records of the delivery's shop, as the mapping reads and writes them: JSON by kind and key,
 * and timers by the same. The functions return 0, or -1 when the store failed: then the mapping
 * stops and its result is void. `get` sets NULL when there is no record; the JSON lives in the
 * arena. `put` with NULL removes the record. `set_timer` moves a timer that is set, and removes it
 * with TIME_UNKNOWN. A timer that is due is removed, and map_timer is called. */
struct record_store {
	int (*get)(void *context, const char *kind, const char *key, struct arena *arena,
		const char **json);
	int (*put)(void *context, const char *kind, const char *key, const char *json);
	int (*set_timer)(void *context, const char *kind, const char *key, int64_t due);
	void *context;
};

enum call { TRACK, IDENTIFY, ALIAS };

/* A Segment call without what differs by destination: the messageId, and the name of the event
 * there. */
struct segment_call {
	enum call call;
	const char *event; /* the catalogue's name; of an identify, the event that it belongs to */
	const char *key;   /* the natural key: shop, event and key give the messageId */
	bool with_next;    /* sent before the next call, in the same batch */
	const char *json;  /* without messageId, type and event; see message_write */
	size_t json_length;
	struct segment_call *next;
};

enum map_status {
	MAP_EVENTS,  /* `calls` has the calls to emit; they may have been emitted before */
	MAP_SKIPPED, /* nothing to emit; `reason` says why */
	MAP_INVALID  /* the payload is not what its topic says; `reason` says why: a dead letter */
};

/* The topic of hints, which the storefront's script and pixel post. */
#define HINT_TOPIC "storefront/hint"

/* What a delivery asks the relay itself to do (docs/operations.md, Privacy). */
enum privacy {
	PRIVACY_NONE,
	PRIVACY_ERASE_CUSTOMER,
	PRIVACY_ERASE_SHOP,
	PRIVACY_REPORT,     /* report what is stored of a customer */
	PRIVACY_UNINSTALLED /* the app is gone, and its webhooks with it */
};

/* A deferred delivery that cannot be mapped: a dead letter. */
struct unmappable {
	int64_t delivery; /* the store's id, 0 when it is not known */
	const char *topic;
	const char *reason;
	struct unmappable *next;
};

/* The result. Everything lives in the arena given to map_delivery. */
struct mapped {
	enum map_status status;
	const char *reason;
	bool is_test;     /* skipped as test traffic */
	bool marked_test; /* a test by its header alone, which is not signed */
	bool contradicts; /* the body is not what the headers say, which are not signed */
	enum privacy privacy;
	struct segment_call *calls;
	struct segment_call *last;     /* of them, NULL for none */
	struct unmappable *unmappable; /* of the deferred deliveries */
	const char *invalid_fields; /* paths of fields that were left out because they are invalid,
				       or NULL */
};

/* Maps one delivery whose body is parsed as `payload`. Returns 0 with *result, or -1 with `error`.
 * Its kind is ERROR_MEMORY, ERROR_VALUE for a delivery that cannot be mapped, or what a function of
 * the record store set. The caller then undoes all that these functions have done. */
int map_delivery(const struct delivery *delivery, const cJSON *payload, const struct shop *shop,
	const struct record_store *records, struct arena *arena, struct mapped *result,
	struct error *error);

/* Maps a timer that the mapping has set and that is due at `now` (ms since 1970). As map_delivery.
 */
int map_timer(const struct timer *timer, int64_t now, const struct shop *shop,
	const struct record_store *records, struct arena *arena, struct mapped *result,
	struct error *error);

/* The userId of a customer by the shop's option user_id, in the arena; NULL for none, or when
 * memory runs out. */
const char *map_user_id(
	const struct shop *shop, const char *customer_id, const char *email, struct arena *arena);

/* Computes the messageId of a call at a destination: the version 5 UUID of `shop|event|key` in the
 * destination's namespace (`shop|identify|event|key` for an identify, `shop|alias|key` for an
 * alias). Returns 0, or -1 when memory runs out. */
int message_id_of(const struct uuid *space, const char *shop, const struct segment_call *call,
	struct uuid *id);

/* The name of a call's event at a destination of a shop: "identify", "alias", or for a track call
 * the operator's own name if there is one. NULL when the event is disabled there. */
const char *message_name(const struct segment_call *call, const struct shop *shop,
	const struct destination *destination);

/* Adds the whole call with its messageId and its name. */
void message_write(const struct segment_call *call, const char *name, const struct uuid *message_id,
	struct text *text);

/* Whether the relay maps the topic, or updates records by it. */
bool map_knows(const char *topic);

/* Whether the topic asks the relay to erase or to report. */
bool map_asks_privacy(const char *topic);

#endif
