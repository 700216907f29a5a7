/* Dead letters in the admin API: list, show, requeue, drop. */
#include "admin/api_private.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/url.h"
#include "engine/engine_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MOST = 1000, DEFAULT_LIST = 100, IDS_MOST = 100000, STEP = 500 };

/* ---- list and show ---- */

static void add_letter(struct text *answer, const struct dead_letter *letter)
{
	json_add_number(answer, "id", letter->id);
	json_add_member(answer, "kind", letter->destination != NULL ? "message" : "delivery");
	json_add_member(answer, "destination", letter->destination);
	json_add_member(answer, "shop", letter->shop);
	json_add_member(answer, "topic", letter->topic);
	json_add_member(answer, "event", letter->event);
	json_add_member(answer, "messageId", letter->message_id);
	json_add_number(answer, "delivery", letter->delivery);
	json_add_number(answer, "queued", letter->queued);
	json_add_number(answer, "died", letter->died);
	json_add_number(answer, "status", letter->status);
	json_add_member(answer, "reason", letter->reason);
}

static int visit_listed(void *context, const struct dead_letter *letter)
{
	struct text *answer = context;

	json_add_comma(answer);
	text_put(answer, "{");
	add_letter(answer, letter);
	text_put(answer, "}");
	return 0;
}

static int run_list(struct engine *engine, struct task *task, struct error *error)
{
	struct api_task *query = (struct api_task *)task;

	text_put(query->answer, "{\"dead\":[");
	if (store_dead_letter_each(engine->store, query->after, query->limit, visit_listed,
		    query->answer, error) != 0)
		return -1;
	text_put(query->answer, "]}");
	query->status = 200;
	return 0;
}

static int run_show(struct engine *engine, struct task *task, struct error *error)
{
	struct api_task *query = (struct api_task *)task;
	struct dead_letter letter;
	bool found;

	if (store_dead_letter_get(engine->store, query->id, query->arena, &letter, &found, error) !=
		0)
		return -1;
	if (!found) {
		query->status = api_error(query->answer, 404, "no such dead letter");
		return 0;
	}
	text_put(query->answer, "{");
	add_letter(query->answer, &letter);
	json_add_member(
		query->answer, letter.destination != NULL ? "message" : "body", letter.json);
	text_put(query->answer, "}");
	query->status = 200;
	return 0;
}

static int64_t number_of(struct arena *arena, const char *search, const char *name, int64_t other)
{
	const char *value = url_parameter(arena, search, name);

	return value != NULL ? strtoll(value, NULL, 10) : other;
}

int api_list_dead(struct engine *engine, const struct api_request *request, struct text *answer)
{
	struct api_task query = {.task = {.run = run_list}, .answer = answer};
	struct arena *arena = arena_create(256);
	int64_t limit;

	if (arena == NULL)
		return api_error(answer, 503, "no memory");
	query.after = number_of(arena, request->search, "after", 0);
	limit = number_of(arena, request->search, "limit", DEFAULT_LIST);
	query.limit = limit > 0 && limit < LIST_MOST ? (size_t)limit : LIST_MOST;
	arena_destroy(arena);
	return api_run(engine, &query);
}

int api_show_dead(struct engine *engine, const struct api_request *request, struct text *answer)
{
	struct api_task query = {
		.task = {.run = run_show},
		.answer = answer,
		.id = strtoll(strrchr(request->path, '/') + 1, NULL, 10),
	};

	return api_run(engine, &query);
}

/* ---- bulk actions ---- */

struct bulk_action {
	struct task task;
	bool is_requeue; /* otherwise drop */
	const int64_t *ids;
	size_t count;
	int64_t *unknown;
	size_t unknown_count;
	size_t done_count;
};

/* Maps a stored delivery again with the present rules, and removes its dead letter. If it still
 * cannot be mapped, it gets another dead letter. 0, 1 when it is not stored any more, or -1. */
static int requeue_delivery(struct engine *engine, const struct dead_letter *letter,
	struct arena *arena, struct error *error)
{
	const struct shop *shop = config_shop(engine->config, letter->shop);
	struct topic_state *topic = engine_topic(engine, letter->shop, letter->topic);
	struct delivery delivery;
	struct error problem = {.text = "the body of the delivery is not stored any more"};
	struct work_id id;
	cJSON *payload = NULL;
	bool found;
	int result;

	if (topic == NULL)
		return error_no_memory(error);
	if (shop == NULL)
		return 1;
	if (store_get_delivery(engine->store, letter->delivery, arena, &delivery, &found, error) !=
		0)
		return -1;
	if (!found)
		return 1;
	payload = json_parse(arena, delivery.body, delivery.body_length, &problem);
	if (arena_failed(arena))
		return error_no_memory(error);
	id = progress_of_delivery(&delivery);
	progress_begin(&engine->progress, &id);
	result = engine_map(engine, &delivery, payload, problem.text, shop, arena, error);
	progress_end(&engine->progress, &id);
	if (result != STORED)
		return result == REFUSED ? 1 : -1;
	topic = engine_topic(
		engine, letter->shop, letter->topic); /* engine_map may have moved it */
	topic->dead--;
	return store_dead_letter_drop(engine->store, letter->id, error);
}

static int requeue(struct engine *engine, const struct dead_letter *letter, struct arena *arena,
	struct error *error)
{
	struct destination_state *state;

	if (letter->destination == NULL)
		return requeue_delivery(engine, letter, arena, error);
	state = engine_destination(engine, letter->destination);
	if (state == NULL || counters_queued(&engine->counters, letter->destination, 1) != 0)
		return error_no_memory(error);
	state->dead--;
	return store_dead_letter_requeue(engine->store, letter->id, clock_now(), error);
}

/* Applies the action to one dead letter: 0, 1 when it is not possible, or -1. */
static int apply_action(
	struct engine *engine, struct bulk_action *action, int64_t id, struct error *error)
{
	struct arena *arena = arena_create(4096);
	struct dead_letter letter;
	bool found = false;
	int result = -1;

	if (arena == NULL)
		return error_no_memory(error);
	if (store_dead_letter_get(engine->store, id, arena, &letter, &found, error) == 0) {
		if (!found)
			result = 1;
		else if (action->is_requeue)
			result = requeue(engine, &letter, arena, error);
		else
			result = engine_drop_dead(engine, &letter, error);
	}
	arena_destroy(arena);
	return result;
}

static int run_action(struct engine *engine, struct task *task, struct error *error)
{
	struct bulk_action *action = (struct bulk_action *)task;

	for (size_t i = 0; i < action->count; i++) {
		int result = apply_action(engine, action, action->ids[i], error);

		if (result < 0)
			return -1;
		if (result > 0)
			action->unknown[action->unknown_count++] = action->ids[i];
		else
			action->done_count++;
	}
	return 0;
}

struct id_list {
	int64_t *ids;
	size_t count;
};

struct list_ids {
	struct task task;
	struct id_list *list;
};

static int visit_id(void *context, const struct dead_letter *letter)
{
	struct id_list *list = context;

	list->ids[list->count++] = letter->id;
	return 0;
}

static int run_ids(struct engine *engine, struct task *task, struct error *error)
{
	struct list_ids *query = (struct list_ids *)task;

	return store_dead_letter_each(engine->store, 0, IDS_MOST, visit_id, query->list, error);
}

/* Reads the ids of {"ids":[…]}. False when the JSON has another form. */
static bool read_ids(const cJSON *json, struct id_list *list)
{
	const cJSON *ids = json_at(json, "ids");
	const cJSON *item;

	if (!cJSON_IsArray(ids))
		return false;
	cJSON_ArrayForEach (item, ids) {
		const char *text = json_text(item, ".");
		char *end = NULL;

		if (text == NULL || list->count == IDS_MOST)
			return false;
		list->ids[list->count++] = strtoll(text, &end, 10);
		if (*end != '\0')
			return false;
	}
	return true;
}

/* Works in steps, so that webhooks do not wait for all of them. */
static int apply_to_all(
	struct engine *engine, bool is_requeue, const struct id_list *list, struct text *answer)
{
	struct error error;
	int64_t *unknown = calloc(list->count + 1, sizeof(*unknown));
	size_t unknown_count = 0;
	size_t done = 0;

	if (unknown == NULL)
		return api_error(answer, 503, "no memory");
	for (size_t at = 0; at < list->count; at += STEP) {
		struct bulk_action action = {
			.task = {.run = run_action},
			.is_requeue = is_requeue,
			.ids = list->ids + at,
			.count = list->count - at < STEP ? list->count - at : STEP,
			.unknown = unknown + unknown_count,
		};

		if (engine_call(engine, &action.task, &error) != 0) {
			free(unknown);
			return api_error(answer, 503, error.text);
		}
		unknown_count += action.unknown_count;
		done += action.done_count;
	}
	text_put(answer, "{");
	json_add_number(answer, "done", (int64_t)done);
	json_add_key(answer, "unknown");
	text_put(answer, "[");
	for (size_t i = 0; i < unknown_count; i++) {
		json_add_comma(answer);
		text_format(answer, "%" PRId64, unknown[i]);
	}
	text_put(answer, "]}");
	free(unknown);
	return 200;
}

static int api_bulk_action(struct engine *engine, bool is_requeue,
	const struct api_request *request, struct text *answer)
{
	struct arena *arena = arena_create(4096);
	struct id_list list = {.ids = malloc(IDS_MOST * sizeof(int64_t))};
	struct list_ids all = {.task = {.run = run_ids}, .list = &list};
	struct error error;
	const char *body = request->body != NULL ? request->body : "";
	const cJSON *json = arena != NULL ? json_parse(arena, body, request->length, &error) : NULL;
	int status;

	if (list.ids == NULL)
		status = api_error(answer, 503, "no memory");
	else if (json_is_true(json, "all"))
		status = engine_call(engine, &all.task, &error) == 0
				 ? apply_to_all(engine, is_requeue, &list, answer)
				 : api_error(answer, 503, error.text);
	else if (read_ids(json, &list))
		status = apply_to_all(engine, is_requeue, &list, answer);
	else
		status = api_error(answer, 400, "expected {\"ids\":[1,2]} or {\"all\":true}");
	free(list.ids);
	arena_destroy(arena);
	return status;
}

int api_retry_dead(struct engine *engine, const struct api_request *request, struct text *answer)
{
	return api_bulk_action(engine, true, request, answer);
}

int api_drop_dead(struct engine *engine, const struct api_request *request, struct text *answer)
{
	return api_bulk_action(engine, false, request, answer);
}
