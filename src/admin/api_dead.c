/* The operator's dead letters: listed, shown, tried again, dropped. */
#include "admin/api_private.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/url.h"
#include "engine/engine_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MOST = 1000, DEFAULT_LIST = 100, IDS_MOST = 100000, STEP = 500 };

/* ---- looking ---- */

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
	struct question *question = (struct question *)task;

	text_put(question->answer, "{\"dead\":[");
	if (store_each_dead(engine->store, question->after, question->limit, visit_listed,
		    question->answer, error) != 0)
		return -1;
	text_put(question->answer, "]}");
	question->status = 200;
	return 0;
}

static int run_show(struct engine *engine, struct task *task, struct error *error)
{
	struct question *question = (struct question *)task;
	struct dead_letter letter;
	bool found;

	if (store_get_dead(engine->store, question->id, question->arena, &letter, &found, error) !=
		0)
		return -1;
	if (!found) {
		question->status = question_error(question->answer, 404, "no such dead letter");
		return 0;
	}
	text_put(question->answer, "{");
	add_letter(question->answer, &letter);
	json_add_member(
		question->answer, letter.destination != NULL ? "message" : "body", letter.json);
	text_put(question->answer, "}");
	question->status = 200;
	return 0;
}

static int64_t number_of(struct arena *arena, const char *search, const char *name, int64_t other)
{
	const char *value = url_parameter(arena, search, name);

	return value != NULL ? strtoll(value, NULL, 10) : other;
}

int question_list_dead(
	struct engine *engine, const struct operator_request *request, struct text *answer)
{
	struct question question = {.task = {.run = run_list}, .answer = answer};
	struct arena *arena = arena_create(256);
	int64_t limit;

	if (arena == NULL)
		return question_error(answer, 503, "no memory");
	question.after = number_of(arena, request->search, "after", 0);
	limit = number_of(arena, request->search, "limit", DEFAULT_LIST);
	question.limit = limit > 0 && limit < LIST_MOST ? (size_t)limit : LIST_MOST;
	arena_destroy(arena);
	return question_ask(engine, &question);
}

int question_show_dead(
	struct engine *engine, const struct operator_request *request, struct text *answer)
{
	struct question question = {
		.task = {.run = run_show},
		.answer = answer,
		.id = strtoll(strrchr(request->path, '/') + 1, NULL, 10),
	};

	return question_ask(engine, &question);
}

/* ---- orders ---- */

struct order {
	struct task task;
	bool retry; /* else drop */
	const int64_t *ids;
	size_t count;
	int64_t *unknown;
	size_t unknown_count;
	size_t done_count;
};

/* Maps a stored delivery again, with today's rules; it leaves the dead letters, and comes back to
 * them under another id when it cannot be mapped still. */
static int map_again(struct engine *engine, const struct dead_letter *letter, struct arena *arena,
	struct error *error)
{
	const struct shop *shop = config_shop(engine->config, letter->shop);
	struct topic_state *topic = engine_topic(engine, letter->shop, letter->topic);
	struct delivery delivery;
	struct error problem = {.text = "its body is not kept any more"};
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
	topic = engine_topic(engine, letter->shop, letter->topic); /* it may have moved */
	topic->dead--;
	return store_drop_dead(engine->store, letter->id, error);
}

static int retry(struct engine *engine, const struct dead_letter *letter, struct arena *arena,
	struct error *error)
{
	struct destination_state *state;

	if (letter->destination == NULL)
		return map_again(engine, letter, arena, error);
	state = engine_destination(engine, letter->destination);
	if (state == NULL || counters_fresh(&engine->counters, letter->destination, 1) != 0)
		return error_no_memory(error);
	state->dead--;
	return store_revive(engine->store, letter->id, clock_now(), error);
}

/* Carries out an order for one dead letter: 0, 1 when that cannot be done, -1. */
static int carry_out(struct engine *engine, struct order *order, int64_t id, struct error *error)
{
	struct arena *arena = arena_create(4096);
	struct dead_letter letter;
	bool found = false;
	int result = -1;

	if (arena == NULL)
		return error_no_memory(error);
	if (store_get_dead(engine->store, id, arena, &letter, &found, error) == 0) {
		if (!found)
			result = 1;
		else if (order->retry)
			result = retry(engine, &letter, arena, error);
		else
			result = engine_drop_dead(engine, &letter, error);
	}
	arena_destroy(arena);
	return result;
}

static int run_order(struct engine *engine, struct task *task, struct error *error)
{
	struct order *order = (struct order *)task;

	for (size_t i = 0; i < order->count; i++) {
		int result = carry_out(engine, order, order->ids[i], error);

		if (result < 0)
			return -1;
		if (result > 0)
			order->unknown[order->unknown_count++] = order->ids[i];
		else
			order->done_count++;
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
	struct list_ids *question = (struct list_ids *)task;

	return store_each_dead(engine->store, 0, IDS_MOST, visit_id, question->list, error);
}

/* The ids of {"ids":[…]}; false when it is not that. */
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

/* In steps, so that webhooks need not wait for all of it. */
static int order_all(
	struct engine *engine, bool is_retry, const struct id_list *list, struct text *answer)
{
	struct error error;
	int64_t *unknown = calloc(list->count + 1, sizeof(*unknown));
	size_t unknown_count = 0;
	size_t done = 0;

	if (unknown == NULL)
		return question_error(answer, 503, "no memory");
	for (size_t at = 0; at < list->count; at += STEP) {
		struct order order = {
			.task = {.run = run_order},
			.retry = is_retry,
			.ids = list->ids + at,
			.count = list->count - at < STEP ? list->count - at : STEP,
			.unknown = unknown + unknown_count,
		};

		if (engine_call(engine, &order.task, &error) != 0) {
			free(unknown);
			return question_error(answer, 503, error.text);
		}
		unknown_count += order.unknown_count;
		done += order.done_count;
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

static int order_dead(struct engine *engine, bool is_retry, const struct operator_request *request,
	struct text *answer)
{
	struct arena *arena = arena_create(4096);
	struct id_list list = {.ids = malloc(IDS_MOST * sizeof(int64_t))};
	struct list_ids all = {.task = {.run = run_ids}, .list = &list};
	struct error error;
	const char *body = request->body != NULL ? request->body : "";
	const cJSON *json = arena != NULL ? json_parse(arena, body, request->length, &error) : NULL;
	int status;

	if (list.ids == NULL)
		status = question_error(answer, 503, "no memory");
	else if (json_is_true(json, "all"))
		status = engine_call(engine, &all.task, &error) == 0
				 ? order_all(engine, is_retry, &list, answer)
				 : question_error(answer, 503, error.text);
	else if (read_ids(json, &list))
		status = order_all(engine, is_retry, &list, answer);
	else
		status = question_error(answer, 400, "expected {\"ids\":[1,2]} or {\"all\":true}");
	free(list.ids);
	arena_destroy(arena);
	return status;
}

int question_retry_dead(
	struct engine *engine, const struct operator_request *request, struct text *answer)
{
	return order_dead(engine, true, request, answer);
}

int question_drop_dead(
	struct engine *engine, const struct operator_request *request, struct text *answer)
{
	return order_dead(engine, false, request, answer);
}
