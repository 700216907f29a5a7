/* The operator's orders: dead letters are tried again, or dropped. */
#include "base/clock.h"
#include "base/json.h"
#include "engine/inside.h"
#include "engine/operator_inside.h"

#include <inttypes.h>
#include <stdlib.h>

enum { IDS_MOST = 100000, STEP = 500 };

struct order {
	struct request request;
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
	struct error problem = {"its body is not kept any more"};
	cJSON *payload = NULL;
	bool found;

	if (topic == NULL)
		return error_set(error, "no memory");
	if (shop == NULL)
		return 1;
	if (store_get_delivery(engine->store, letter->delivery, arena, &delivery, &found, error) !=
		0)
		return -1;
	if (!found)
		return 1;
	payload = json_parse(arena, delivery.body, delivery.body_length, &problem);
	topic->dead--;
	if (store_drop_dead(engine->store, letter->id, error) != 0)
		return -1;
	return engine_map(engine, &delivery, payload, problem.text, shop, arena, topic, error);
}

static int retry(struct engine *engine, const struct dead_letter *letter, struct arena *arena,
	struct error *error)
{
	struct destination_state *state;

	if (letter->destination == NULL)
		return map_again(engine, letter, arena, error);
	state = engine_destination(engine, letter->destination);
	if (state == NULL || counters_fresh(&engine->counters, letter->destination, 1) != 0)
		return error_set(error, "no memory");
	state->dead--;
	return store_revive(engine->store, letter->id, clock_now(), error);
}

static int drop(struct engine *engine, const struct dead_letter *letter, struct error *error)
{
	struct destination_state *state;
	struct topic_state *topic;

	if (letter->destination != NULL) {
		state = engine_destination(engine, letter->destination);
		if (state == NULL)
			return error_set(error, "no memory");
		state->dead--;
		state->dropped++;
	} else {
		topic = engine_topic(engine, letter->shop, letter->topic);
		if (topic == NULL)
			return error_set(error, "no memory");
		topic->dead--;
		topic->dropped++;
	}
	return store_drop_dead(engine->store, letter->id, error);
}

/* Carries out an order for one dead letter: 0, 1 when that cannot be done, -1. */
static int carry_out(struct engine *engine, struct order *order, int64_t id, struct error *error)
{
	struct arena *arena = arena_create(4096);
	struct dead_letter letter;
	bool found = false;
	int result = -1;

	if (arena == NULL)
		return error_set(error, "no memory");
	if (store_get_dead(engine->store, id, arena, &letter, &found, error) == 0) {
		if (!found)
			result = 1;
		else if (order->retry)
			result = retry(engine, &letter, arena, error);
		else
			result = drop(engine, &letter, error);
	}
	arena_destroy(arena);
	return result;
}

static int run_order(struct engine *engine, struct request *request, struct error *error)
{
	struct order *order = (struct order *)request;

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
	struct request request;
	struct id_list *list;
};

static int visit_id(void *context, const struct dead_letter *letter)
{
	struct id_list *list = context;

	list->ids[list->count++] = letter->id;
	return 0;
}

static int run_ids(struct engine *engine, struct request *request, struct error *error)
{
	struct list_ids *question = (struct list_ids *)request;

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
		return operator_error(answer, 503, "no memory");
	for (size_t at = 0; at < list->count; at += STEP) {
		struct order order = {
			.request = {.run = run_order},
			.retry = is_retry,
			.ids = list->ids + at,
			.count = list->count - at < STEP ? list->count - at : STEP,
			.unknown = unknown + unknown_count,
		};

		if (engine_call(engine, &order.request, &error) != 0) {
			free(unknown);
			return operator_error(answer, 503, error.text);
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

int operator_order(
	struct engine *engine, bool is_retry, const char *body, size_t length, struct text *answer)
{
	struct arena *arena = arena_create(4096);
	struct id_list list = {.ids = malloc(IDS_MOST * sizeof(int64_t))};
	struct list_ids all = {.request = {.run = run_ids}, .list = &list};
	struct error error;
	const cJSON *json =
		arena != NULL ? json_parse(arena, body != NULL ? body : "", length, &error) : NULL;
	int status;

	if (list.ids == NULL)
		status = operator_error(answer, 503, "no memory");
	else if (json_is_true(json, "all"))
		status = engine_call(engine, &all.request, &error) == 0
				 ? order_all(engine, is_retry, &list, answer)
				 : operator_error(answer, 503, error.text);
	else if (read_ids(json, &list))
		status = order_all(engine, is_retry, &list, answer);
	else
		status = operator_error(answer, 400, "expected {\"ids\":[1,2]} or {\"all\":true}");
	free(list.ids);
	arena_destroy(arena);
	return status;
}
