/* The outbox in the admin API: list and show. */
#include "admin/api_private.h"
#include "admin/outbox_list.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/url.h"
#include "engine/engine_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	LIST_DEFAULT = 100,
	LIST_MOST = 1000,
	ROWS_A_TURN = 1000, /* rows read in one turn, so that webhooks do not wait long */
	TURNS_MOST = 100,
};

/* ---- one message ---- */

/* Converts a time of the retention clock, which may be behind, to the wall clock. */
static int64_t wall_time(const struct engine *engine, int64_t time)
{
	return clock_now() + time - engine_retention_now(engine);
}

static void add_entry(
	struct text *answer, const struct engine *engine, const struct outbox_entry *entry)
{
	const struct message *message = &entry->message;
	const struct set_aside *set_aside = &entry->set_aside;
	char message_id[UUID_TEXT];

	uuid_format(&message->message_id, message_id);
	json_add_number(answer, "id", message->id);
	json_add_member(answer, "destination", message->destination);
	json_add_member(answer, "shop", message->shop);
	json_add_member(answer, "event", message->event);
	json_add_member(answer, "messageId", message_id);
	json_add_number(answer, "delivery", message->delivery);
	json_add_number(answer, "queued", message->queued);
	json_add_number(answer, "bytes", (int64_t)message->json_length);
	json_add_member(answer, "state",
		set_aside->attempts > 0 ? "set aside"
		: entry->claimed        ? "claimed"
					: "waiting");
	if (set_aside->attempts == 0)
		return;
	json_add_number(answer, "attempts", set_aside->attempts);
	json_add_number(answer, "status", set_aside->status);
	json_add_member(answer, "reason", set_aside->reason);
	json_add_number(answer, "set_aside_since", wall_time(engine, set_aside->first_failed));
	json_add_number(answer, "next_attempt", wall_time(engine, set_aside->not_before));
}

/* ---- list ---- */

static int visit_entry(void *context, const struct outbox_entry *entry)
{
	struct outbox_list *list = context;
	const char *shop = list->filter.shop;

	if (list->count == list->most)
		return 1;
	list->seen++;
	list->after = entry->message.id;
	if (shop != NULL && strcmp(shop, entry->message.shop) != 0)
		return 0;
	if (list->answer == NULL && destination_is_deletions(entry->message.destination)) {
		list->deletions++;
		return 0;
	}
	if (list->answer == NULL) {
		list->ids[list->count++] = entry->message.id;
		return 0;
	}
	list->count++;
	json_add_comma(list->answer);
	text_put(list->answer, "{");
	add_entry(list->answer, list->engine, entry);
	text_put(list->answer, "}");
	return 0;
}

static int run_list(struct engine *engine, struct task *task, struct error *error)
{
	struct outbox_list *list = (struct outbox_list *)task;

	list->engine = engine;
	list->seen = 0;
	return store_each_message(engine->store, list->filter.destination, list->after, ROWS_A_TURN,
		visit_entry, list, error);
}

int outbox_read(struct engine *engine, struct outbox_list *list, bool *more, struct error *error)
{
	*more = true;
	list->task.run = run_list;
	for (int i = 0; i < TURNS_MOST && *more && list->count < list->most; i++) {
		if (engine_call(engine, &list->task, error) != 0)
			return -1;
		*more = list->seen == ROWS_A_TURN || list->count == list->most;
	}
	return 0;
}

static int64_t number_of(struct arena *arena, const char *search, const char *name, int64_t other)
{
	const char *value = url_parameter(arena, search, name);

	return value != NULL ? strtoll(value, NULL, 10) : other;
}

static int answer_list(
	struct engine *engine, struct arena *arena, const char *search, struct text *answer)
{
	int64_t limit = number_of(arena, search, "limit", LIST_DEFAULT);
	const struct outbox_filter filter = {
		.destination = url_parameter(arena, search, "destination"),
		.shop = url_parameter(arena, search, "shop"),
	};
	struct outbox_list list = {
		.filter = filter,
		.answer = answer,
		.most = limit < LIST_MOST ? (size_t)limit : LIST_MOST,
		.after = number_of(arena, search, "after", 0),
	};
	struct error error;
	bool more;

	if (arena_failed(arena))
		return api_error(answer, 503, "no memory");
	if (limit < 1)
		return api_error(answer, 400, "limit must be 1 or more");
	text_put(answer, "{\"messages\":[");
	if (outbox_read(engine, &list, &more, &error) != 0)
		return api_error(answer, 503, error.text);
	text_put(answer, "]");
	json_add_flag(answer, "more", more);
	json_add_number(answer, "last", list.after);
	text_put(answer, "}");
	return 200;
}

int api_list_outbox(struct engine *engine, const struct api_request *request, struct text *answer)
{
	struct arena *arena = arena_create(512);
	int status = arena != NULL ? answer_list(engine, arena, request->search, answer)
				   : api_error(answer, 503, "no memory");

	arena_destroy(arena);
	return status;
}

/* ---- show ---- */

static int run_show(struct engine *engine, struct task *task, struct error *error)
{
	struct api_task *query = (struct api_task *)task;
	struct outbox_entry entry;
	bool found;

	if (store_get_message(engine->store, query->id, query->arena, &entry, &found, error) != 0)
		return -1;
	if (!found) {
		query->status = api_error(query->answer, 404,
			"no such message: it was sent or dropped, or is a dead letter");
		return 0;
	}
	text_put(query->answer, "{");
	add_entry(query->answer, engine, &entry);
	json_add_member(query->answer, "message", entry.message.json);
	text_put(query->answer, "}");
	query->status = 200;
	return 0;
}

int api_show_outbox(struct engine *engine, const struct api_request *request, struct text *answer)
{
	struct api_task query = {
		.task = {.run = run_show},
		.answer = answer,
		.id = strtoll(strrchr(request->path, '/') + 1, NULL, 10),
	};

	return api_run(engine, &query);
}
