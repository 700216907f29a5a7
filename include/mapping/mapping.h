/* From a delivery to Segment calls: the event catalogue as tables.
 *
 * The mapping sees a delivery, the shop's options and a small interface to what the relay
 * remembers. It knows no socket, no clock and no SQL, so it runs the same in the daemon, in
 * `segrelay map`, in the tests and under the fuzzer. */
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

/* A Segment call without what differs by destination: its messageId, and the event's name there. */
struct segment_call {
	enum call call;
	const char *event; /* the catalogue's name; of an identify, the event that it goes beside */
	const char *key;   /* the natural key: with shop and event it names the call for good */
	bool with_next;    /* goes before the next call, in the same batch */
	const char *json;  /* the call but for messageId, type and event; see message_write */
	size_t json_length;
	struct segment_call *next;
};

enum map_status {
	MAP_EVENTS,  /* `calls` has what to tell, perhaps nothing new */
	MAP_SKIPPED, /* nothing to tell, `reason` says why */
	MAP_INVALID  /* the payload cannot be what its topic says, `reason` says why: a dead letter
		      */
};

/* The topic of what the storefront's script and pixel say. */
#define HINT_TOPIC "storefront/hint"

/* What a delivery asks the relay itself to do (docs/operations.md, Privacy). */
enum privacy {
	PRIVACY_NONE,
	PRIVACY_FORGET_CUSTOMER,
	PRIVACY_FORGET_SHOP,
	PRIVACY_REPORT,     /* what is held of a customer */
	PRIVACY_UNINSTALLED /* the app is gone, and its webhooks with it */
};

/* A delivery that has waited for another one, and cannot be mapped: a dead letter. */
struct unmappable {
	int64_t delivery; /* the store's id, 0 when it is not known */
	const char *topic;
	const char *reason;
	struct unmappable *next;
};

/* The outcome. Everything lives in the arena given to map_delivery. */
struct mapped {
	enum map_status status;
	const char *reason;
	bool is_test;     /* ignored as test traffic */
	bool marked_test; /* a test by its header alone, which is not signed */
	bool contradicts; /* the body is not what the headers say, which are not signed */
	enum privacy privacy;
	struct segment_call *calls;
	struct segment_call *last;     /* of them, NULL for none */
	struct unmappable *unmappable; /* of the deliveries that have waited */
	const char
		*invalid_fields; /* paths of fields that were left out as invalid_fields, or NULL */
};

/* Maps one delivery whose body is parsed as `payload`. 0 with *result, or -1 with `error`, whose
 * kind says why: ERROR_MEMORY, ERROR_VALUE for what cannot be mapped, or what the memory functions
 * gave; then all that these have done is to be undone. */
int map_delivery(const struct delivery *delivery, const cJSON *payload, const struct shop *shop,
	const struct record_store *records, struct arena *arena, struct mapped *result,
	struct error *error);

/* Maps what a timer that the mapping has set asks for, at `now` (ms since 1970). As map_delivery.
 */
int map_timer(const struct timer *timer, int64_t now, const struct shop *shop,
	const struct record_store *records, struct arena *arena, struct mapped *result,
	struct error *error);

/* What the shop's user_id makes of a customer's id and e-mail, in the arena; NULL for nothing, or
 * when memory runs out. */
const char *map_user_id(
	const struct shop *shop, const char *customer_id, const char *email, struct arena *arena);

/* Makes the messageId of a call at a destination: the version 5 UUID of `shop|event|key` in the
 * destination's namespace (of an identify `shop|identify|event|key`, of an alias
 * `shop|alias|key`). 0, or -1 when there is no memory. */
int message_id_of(const struct uuid *space, const char *shop, const struct segment_call *call,
	struct uuid *id);

/* What a call's event is called at a destination of a shop ("identify", "alias"; of a track call
 * the operator's own name for it, if there is one); NULL when it is not told there. */
const char *message_name(const struct segment_call *call, const struct shop *shop,
	const struct destination *destination);

/* Adds the whole call with its messageId and its name. */
void message_write(const struct segment_call *call, const char *name, const struct uuid *message_id,
	struct text *text);

/* Whether the topic is one that is told, or that the relay learns from. */
bool map_knows(const char *topic);

/* Whether the topic asks the relay to erase or to report. */
bool map_asks_privacy(const char *topic);

#endif
