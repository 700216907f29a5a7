/* The record store of the mapping: the records of the shop, and the changes that the mapping makes
 * to them. */
#include "engine/recollection.h"

#include "base/clock.h"
#include "base/steps.h"
#include "engine/engine_private.h"
#include "engine/schedule.h"
#include "mapping/identity/identity.h"
#include "mapping/record_kinds.h"

#include <string.h>

/* The cost of reading a change. */
enum { FIND_STEPS = 10 };

/* A change of a record or of a timer. */
struct change {
	struct change *next;
	bool is_timer;
	const char *kind;
	const char *key;
	const char *json; /* NULL to drop the record */
	int64_t due;
	bool gives;   /* returns its bytes to the hints: see give_back */
	size_t bytes; /* of the record before */
};

/* ---- changes ---- */

static struct change *find(
	const struct recollection *recollection, bool is_timer, const char *kind, const char *key)
{
	struct change *change = recollection->first;

	while (change != NULL && (change->is_timer != is_timer || strcmp(change->kind, kind) != 0 ||
					 strcmp(change->key, key) != 0)) {
		steps_add(FIND_STEPS);
		change = change->next;
	}
	return change;
}

/* NULL when memory runs out. */
static struct change *find_or_add(
	struct recollection *recollection, bool is_timer, const char *kind, const char *key)
{
	struct change *change = find(recollection, is_timer, kind, key);

	if (change != NULL)
		return change;
	change = arena_alloc(recollection->arena, sizeof(*change));
	if (change == NULL)
		return NULL;
	*change = (struct change){
		.is_timer = is_timer,
		.kind = arena_copy(recollection->arena, kind),
		.key = arena_copy(recollection->arena, key),
	};
	if (change->kind == NULL || change->key == NULL)
		return NULL;
	*recollection->last = change;
	recollection->last = &change->next;
	return change;
}

/* ---- the record store ---- */

static int get(
	void *context, const char *kind, const char *key, struct arena *arena, const char **json)
{
	struct recollection *recollection = context;
	const struct change *change = find(recollection, false, kind, key);

	if (change == NULL)
		return store_get_record(recollection->engine->store, recollection->shop->domain,
			kind, key, arena, json, recollection->error);
	*json = change->json;
	return 0;
}

static int put(void *context, const char *kind, const char *key, const char *json)
{
	struct recollection *recollection = context;
	struct change *change = find_or_add(recollection, false, kind, key);

	if (change == NULL)
		return error_no_memory(recollection->error);
	change->json = arena_copy(recollection->arena, json);
	return json != NULL && change->json == NULL ? error_no_memory(recollection->error) : 0;
}

static int set_timer(void *context, const char *kind, const char *key, int64_t due)
{
	struct recollection *recollection = context;
	struct change *change = find_or_add(recollection, true, kind, key);

	if (change == NULL)
		return error_no_memory(recollection->error);
	change->due = due;
	return 0;
}

struct record_store recollection_begin(struct recollection *recollection, struct engine *engine,
	const struct shop *shop, struct arena *arena, struct error *error)
{
	*recollection = (struct recollection){
		.engine = engine, .shop = shop, .arena = arena, .error = error};
	recollection->last = &recollection->first;
	return (struct record_store){
		.get = get, .put = put, .set_timer = set_timer, .context = recollection};
}

/* ---- writing ---- */

/* The lifetime of a record from its last write, in ms. A product that never changes is never
 * written again, so its record lives until the shop deletes it. */
static int64_t lifetime(
	const struct recollection *recollection, const struct record_kind *kind, const char *json)
{
	int64_t cart_ttl = recollection->shop->cart_ttl;

	switch (kind->retention) {
	case RETAIN_CATALOGUE:
		return 3650 * DAY;
	case RETAIN_LINK:
		return !links_are_named(json) && cart_ttl > HINT_LINK_TTL ? HINT_LINK_TTL
									  : cart_ttl;
	case RETAIN_CART_TTL:
		return cart_ttl;
	case RETAIN_ORDERS:
	case RETAIN_BY_WRITER:
		break;
	}
	return recollection->engine->config->keep_orders;
}

/* Notes when a webhook names a link that only hints had named. */
static int give_back(
	const struct recollection *recollection, struct change *change, struct error *error)
{
	const char *before = NULL;

	if (strcmp(change->kind, "link") != 0 || !links_are_named(change->json))
		return 0;
	if (store_get_record(recollection->engine->store, recollection->shop->domain, change->kind,
		    change->key, recollection->arena, &before, error) != 0)
		return -1;
	change->gives = before != NULL && !links_are_named(before);
	change->bytes = change->gives ? strlen(before) : 0;
	return 0;
}

static int write_change(
	const struct recollection *recollection, struct change *change, struct error *error)
{
	struct engine *engine = recollection->engine;
	const char *shop = recollection->shop->domain;
	const struct record_kind *kind = record_kind_find(change->kind);
	const struct timer timer = {
		.due = change->due, .shop = shop, .kind = change->kind, .key = change->key};

	if (kind == NULL) { /* no retention, and no erasure would find it */
		(void)error_set(error, "record kind %s has no row in record_kinds.c", change->kind);
		return error_classify(error, ERROR_VALUE);
	}
	if (change->is_timer)
		return schedule_set(engine, &timer, error);
	if (change->json == NULL)
		return store_drop_record(engine->store, shop, change->kind, change->key, error);
	if (give_back(recollection, change, error) != 0)
		return -1;
	return store_put_record(engine->store, shop, change->kind, change->key, change->json,
		engine_retention_now(engine) + lifetime(recollection, kind, change->json), error);
}

int recollection_write(struct recollection *recollection, struct error *error)
{
	for (struct change *change = recollection->first; change != NULL; change = change->next)
		if (write_change(recollection, change, error) != 0)
			return -1;
	return 0;
}

void recollection_done(const struct recollection *recollection)
{
	for (const struct change *change = recollection->first; change != NULL;
		change = change->next)
		if (change->gives)
			hint_room_refund(recollection->engine->hint_room,
				recollection->shop->domain, change->bytes);
}
