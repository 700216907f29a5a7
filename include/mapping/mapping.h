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

/* What the relay remembers, as the mapping sees it: JSON by (kind, key) of the delivery's shop. The
 * functions return 0, or -1 when the store failed: then the mapping stops and its result is void.
 * `get` gives NULL for nothing; its JSON lives in the arena given. */
struct memory {
	int (*get)(void *context, const char *kind, const char *key, struct arena *arena,
		const char **json);
	int (*put)(void *context, const char *kind, const char *key, const char *json);
	void *context;
};

enum call { TRACK, IDENTIFY };

/* A Segment call without its messageId, which differs by destination. */
struct call_made {
	enum call call;
	const char *event; /* the catalogue's name; of an identify, the event that it goes beside */
	const char *key;   /* the natural key: with shop and event it names the call for good */
	bool with_next;    /* an identify that goes before the event of the same batch */
	const char *json;  /* {"type":…} but for the messageId; see message_write */
	size_t json_length;
	struct call_made *next;
};

enum mapped_as {
	MAPPED,  /* `calls` has what to tell, perhaps nothing new */
	IGNORED, /* nothing to tell, `reason` says why */
	UNUSABLE /* the payload cannot be what its topic says, `reason` says why: a dead letter */
};

/* The outcome. Everything lives in the arena given to map_delivery. */
struct mapped {
	enum mapped_as outcome;
	const char *reason;
	bool is_test; /* ignored as test traffic */
	struct call_made *calls;
	const char *unreadable; /* paths of fields that were left out as unreadable, or NULL */
};

/* Maps one delivery whose body is parsed as `payload`. 0 with *result, or -1 when the memory failed
 * or there is no more memory (`error` says so). */
int map_delivery(const struct delivery *delivery, const cJSON *payload, const struct shop *shop,
	const struct memory *memory, struct arena *arena, struct mapped *result,
	struct error *error);

/* The messageId of a call at a destination: the version 5 UUID of `shop|event|key` in the
 * destination's namespace (of an identify, `shop|identify|event|key`). */
struct uuid message_id_of(
	const struct destination *destination, const char *shop, const struct call_made *call);

/* Adds the whole call with its messageId. */
void message_write(const struct call_made *call, const struct uuid *message_id, struct text *text);

/* Whether any rule speaks of the topic. */
bool map_knows(const char *topic);

#endif
