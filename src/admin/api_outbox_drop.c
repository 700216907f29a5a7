/* Drops messages of the outbox, in the admin API. A request to Segment to delete users is required
 * by privacy law, so only its id drops it, not a filter. */
#include "admin/api_private.h"
#include "admin/outbox_list.h"
#include "base/json.h"
#include "engine/engine_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	DROPS_A_TURN = 200,
	DROPS_MOST = 2000, /* in one request */
	PENDING_DROPS_MAX = 100000,
};

struct drop {
	struct task task;
	const int64_t *ids;
	size_t count;
	size_t dropped;
	struct text in_flight; /* ids, each after a comma */
	struct text unknown;
};

static struct pending_drop *find_pending_drop(struct engine *engine, int64_t id)
{
	for (size_t i = 0; i < engine->pending_drop_count; i++)
		if (engine->pending_drops[i].id == id)
			return &engine->pending_drops[i];
	return NULL;
}

static int drop_entry(struct engine *engine, const struct outbox_entry *entry, struct error *error)
{
	const char *destination = entry->message.destination;

	if (counters_removed(&engine->counters, destination) != 0)
		return error_no_memory(error);
	engine->wipe_pending |= destination_is_deletions(destination);
	return store_drop_row(engine->store, STORE_MESSAGES, entry->message.id, error);
}

/* The sender may be sending the message. It is dropped when the sender releases it, unless the
 * destination accepts it. */
static int request_release(
	struct engine *engine, const struct outbox_entry *entry, struct error *error)
{
	struct pending_drop *more;

	if (counters_request_release(&engine->counters, entry->message.destination) != 0)
		return error_no_memory(error);
	if (find_pending_drop(engine, entry->message.id) != NULL ||
		engine->pending_drop_count == PENDING_DROPS_MAX)
		return 0;
	more = realloc(engine->pending_drops, (engine->pending_drop_count + 1) * sizeof(*more));
	if (more == NULL)
		return error_no_memory(error);
	engine->pending_drops = more;
	more[engine->pending_drop_count++] = (struct pending_drop){.id = entry->message.id};
	return 0;
}

/* Counts a message that is not stored any more: an earlier request dropped it, or its id is
 * unknown. */
static void count_gone(struct engine *engine, struct drop *drop, int64_t id)
{
	struct pending_drop *pending = find_pending_drop(engine, id);

	if (pending != NULL && pending->dropped)
		drop->dropped++;
	else
		text_format(&drop->unknown, ",%" PRId64, id);
	if (pending != NULL)
		*pending = engine->pending_drops[--engine->pending_drop_count];
}

static int drop_one(struct engine *engine, struct drop *drop, int64_t id, struct error *error)
{
	struct arena *arena = arena_create(4096);
	struct outbox_entry entry;
	bool found;
	int result = -1;

	if (arena == NULL)
		return error_no_memory(error);
	if (store_get_message(engine->store, id, arena, &entry, &found, error) == 0) {
		result = 0;
		if (!found) {
			count_gone(engine, drop, id);
		} else if (entry.claimed) {
			result = request_release(engine, &entry, error);
			text_format(&drop->in_flight, ",%" PRId64, id);
		} else {
			result = drop_entry(engine, &entry, error);
			drop->dropped++;
		}
	}
	arena_destroy(arena);
	return result;
}

static int run_drop(struct engine *engine, struct task *task, struct error *error)
{
	struct drop *drop = (struct drop *)task;

	for (size_t i = 0; i < drop->count; i++)
		if (drop_one(engine, drop, drop->ids[i], error) != 0)
			return -1;
	return 0;
}

/* A dropped message leaves the list only when the next check does not find it: this turn may be
 * rolled back. */
static int drop_pending(struct engine *engine, const char *destination,
	struct pending_drop *pending, bool *is_gone, struct error *error)
{
	struct arena *arena = arena_create(4096);
	struct outbox_entry entry;
	bool found;
	int result = -1;

	if (arena == NULL)
		return error_no_memory(error);
	if (store_get_message(engine->store, pending->id, arena, &entry, &found, error) == 0) {
		result = 0;
		*is_gone = !found && !pending->dropped;
		if (found && strcmp(entry.message.destination, destination) == 0) {
			pending->dropped = true;
			result = drop_entry(engine, &entry, error);
		}
	}
	arena_destroy(arena);
	return result;
}

static int drop_all_pending(struct engine *engine, const char *destination, struct error *error)
{
	size_t at = 0;

	while (at < engine->pending_drop_count) {
		bool is_gone = false;

		if (drop_pending(
			    engine, destination, &engine->pending_drops[at], &is_gone, error) != 0)
			return -1;
		if (is_gone)
			engine->pending_drops[at] =
				engine->pending_drops[--engine->pending_drop_count];
		else
			at++;
	}
	return 0;
}

int engine_unclaim(
	struct engine *engine, const char *destination, int64_t *waiting, struct error *error)
{
	const struct destination_state *state = engine_destination(engine, destination);

	if (state == NULL)
		return error_no_memory(error);
	store_unclaim(engine->store, destination);
	if (drop_all_pending(engine, destination, error) != 0)
		return -1;
	*waiting = state->queued - state->sent - state->dead - state->dropped;
	return 0;
}

static void add_ids(struct text *answer, const char *name, const struct text *ids)
{
	json_add_key(answer, name);
	text_put(answer, "[");
	text_put(answer, ids->length > 0 ? text_string(ids) + 1 : "");
	text_put(answer, "]");
}

/* Works in steps, so that webhooks do not wait for all of them. */
static int drop_all(
	struct engine *engine, const struct outbox_list *list, bool more, struct text *answer)
{
	struct drop drop = {.task = {.run = run_drop}};
	struct error error;
	int status = 200;

	for (size_t at = 0; at < list->count && status == 200; at += DROPS_A_TURN) {
		drop.ids = list->ids + at;
		drop.count = list->count - at < DROPS_A_TURN ? list->count - at : DROPS_A_TURN;
		if (engine_call(engine, &drop.task, &error) != 0)
			status = api_error(answer, 503, error.text);
	}
	if (status == 200) {
		text_put(answer, "{");
		json_add_number(answer, "done", (int64_t)drop.dropped);
		add_ids(answer, "in_flight", &drop.in_flight);
		add_ids(answer, "unknown", &drop.unknown);
		json_add_number(answer, "deletions_kept", (int64_t)list->deletions);
		json_add_flag(answer, "more", more);
		json_add_number(answer, "last", list->after);
		text_put(answer, "}");
	}
	text_free(&drop.in_flight);
	text_free(&drop.unknown);
	return status;
}

/* Reads the ids of {"ids":[…]}. False when the JSON has another form. */
static bool read_ids(const cJSON *json, struct outbox_list *list)
{
	const cJSON *ids = json_at(json, "ids");
	const cJSON *item;

	if (!cJSON_IsArray(ids))
		return false;
	cJSON_ArrayForEach (item, ids) {
		const char *text = json_text(item, ".");
		char *end = NULL;

		if (text == NULL || list->count == list->most)
			return false;
		list->ids[list->count++] = strtoll(text, &end, 10);
		if (*end != '\0')
			return false;
	}
	return true;
}

static int answer_drop(
	struct engine *engine, const cJSON *json, struct outbox_list *list, struct text *answer)
{
	const struct outbox_filter filter = {
		.destination = json_text(json, "destination"), .shop = json_text(json, "shop")};
	const char *after = json_text(json, "after");
	struct error error;
	bool more = false;

	if (filter.destination == NULL && filter.shop == NULL && !json_is_true(json, "all")) {
		if (!read_ids(json, list))
			return api_error(answer, 400,
				"expected {\"ids\":[1,2]} of at most 2000, {\"destination\":…}, "
				"{\"shop\":…} or {\"all\":true}");
		return drop_all(engine, list, false, answer);
	}
	list->filter = filter;
	list->after = after != NULL ? strtoll(after, NULL, 10) : 0;
	if (outbox_read(engine, list, &more, &error) != 0)
		return api_error(answer, 503, error.text);
	return drop_all(engine, list, more, answer);
}

int api_drop_outbox(struct engine *engine, const struct api_request *request, struct text *answer)
{
	const char *body = request->body != NULL ? request->body : "";
	struct arena *arena = arena_create(4096);
	struct outbox_list list = {.ids = malloc(DROPS_MOST * sizeof(int64_t)), .most = DROPS_MOST};
	struct error error;
	int status;

	if (arena == NULL || list.ids == NULL)
		status = api_error(answer, 503, "no memory");
	else
		status = answer_drop(
			engine, json_parse(arena, body, request->length, &error), &list, answer);
	free(list.ids);
	arena_destroy(arena);
	return status;
}
