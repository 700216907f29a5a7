/* The admin API: routing, errors, and the status. */
#include "admin/api.h"

#include "admin/api_private.h"
#include "base/clock.h"
#include "base/json.h"
#include "engine/engine_private.h"
#include "engine/privacy/erasure_wait.h"

#include <stdlib.h>
#include <string.h>

/* ---- tasks ---- */

int api_error(struct text *answer, int status, const char *reason)
{
	text_cut(answer, 0);
	text_put(answer, "{");
	json_add_member(answer, "error", reason);
	text_put(answer, "}");
	return status;
}

int api_run(struct engine *engine, struct api_task *query)
{
	struct error error;

	query->arena = arena_create(4096);
	if (query->arena == NULL)
		return api_error(query->answer, 503, "no memory");
	if (engine_call(engine, &query->task, &error) != 0)
		query->status = api_error(query->answer, 503, error.text);
	arena_destroy(query->arena);
	return query->status;
}

/* ---- status ---- */

static void add_topics(struct engine *engine, struct text *answer)
{
	size_t count;
	const struct topic_state *topics = engine_topics(engine, &count);

	json_add_key(answer, "topics");
	text_put(answer, "[");
	for (size_t i = 0; i < count; i++) {
		json_add_comma(answer);
		text_put(answer, "{");
		json_add_member(answer, "shop", topics[i].shop);
		json_add_member(answer, "topic", topics[i].topic);
		json_add_number(answer, "last", topics[i].last);
		json_add_number(answer, "received", topics[i].received);
		json_add_number(answer, "repeated", topics[i].repeated);
		json_add_number(answer, "ignored", topics[i].ignored);
		json_add_number(answer, "mapped", topics[i].mapped);
		json_add_number(answer, "dead", topics[i].dead);
		json_add_number(answer, "dropped", topics[i].dropped);
		text_put(answer, "}");
	}
	text_put(answer, "]");
}

int64_t api_count_waiting(const struct destination_state *state)
{
	return state->queued - state->sent - state->dead - state->dropped;
}

/* The age of a destination's oldest waiting message, in seconds. */
static int oldest_seconds(struct engine *engine, const struct destination_state *state,
	int64_t *seconds, struct error *error)
{
	int64_t queued = 0;

	*seconds = 0;
	if (api_count_waiting(state) == 0)
		return 0;
	if (store_oldest(engine->store, state->name, &queued, error) != 0)
		return -1;
	if (queued > 0 && queued < clock_now())
		*seconds = (clock_now() - queued) / SECOND;
	return 0;
}

static int add_destinations(struct engine *engine, struct text *answer, struct error *error)
{
	size_t count;
	const struct destination_state *states = engine_destinations(engine, &count);

	json_add_key(answer, "destinations");
	text_put(answer, "[");
	for (size_t i = 0; i < count; i++) {
		const struct destination_state *state = &states[i];
		int64_t seconds;
		int64_t set_aside;

		if (oldest_seconds(engine, state, &seconds, error) != 0 ||
			engine_count_set_aside(engine, state->name, &set_aside, error) != 0)
			return -1;
		json_add_comma(answer);
		text_put(answer, "{");
		json_add_member(answer, "name", state->name);
		json_add_flag(answer, "configured",
			config_destination(engine->config, state->name) != NULL);
		json_add_number(answer, "waiting", api_count_waiting(state));
		json_add_number(answer, "set_aside", set_aside);
		json_add_number(answer, "oldest_seconds", seconds);
		json_add_number(answer, "queued", state->queued);
		json_add_number(answer, "sent", state->sent);
		json_add_number(answer, "dead", state->dead);
		json_add_number(answer, "dropped", state->dropped);
		json_add_number(answer, "last_sent", state->last_sent);
		json_add_number(answer, "paused_until", state->paused_until);
		json_add_number(answer, "failures", state->failures);
		json_add_member(answer, "reason", state->reason);
		json_add_number(answer, "clock_offset_seconds", state->clock_offset / SECOND);
		text_put(answer, "}");
	}
	text_put(answer, "]");
	return 0;
}

static void add_erasure(void *context, const struct erasure *erasure)
{
	struct text *answer = context;

	json_add_comma(answer);
	text_put(answer, "{");
	json_add_member(answer, "shop", erasure->shop);
	json_add_number(answer, "asked", erasure->asked);
	json_add_number(answer, "due", erasure->due);
	text_put(answer, "}");
}

/* The count of contradictory deliveries, and the waiting erasures of shops. */
static int add_rejections(
	struct engine *engine, struct text *answer, struct arena *arena, struct error *error)
{
	int64_t contradictions = 0;

	for (int i = 0; i < CONTRADICTIONS; i++)
		contradictions += engine->contradictions[i];
	json_add_number(answer, "contradictions", contradictions);
	json_add_key(answer, "erasures");
	text_put(answer, "[");
	if (erasure_each(engine, add_erasure, answer, arena, error) != 0)
		return -1;
	text_put(answer, "]");
	return 0;
}

static int run_status(struct engine *engine, struct task *task, struct error *error)
{
	struct api_task *query = (struct api_task *)task;
	int64_t bytes;
	int64_t free_bytes;

	if (store_size(engine->store, &bytes, &free_bytes, error) != 0)
		return -1;
	text_put(query->answer, "{");
	json_add_member(query->answer, "version", SEGRELAY_VERSION);
	json_add_number(query->answer, "store_bytes", bytes);
	json_add_number(query->answer, "free_bytes", free_bytes);
	json_add_number(query->answer, "max_store", engine->config->max_store);
	json_add_number(query->answer, "expired_early", engine->expired.count);
	json_add_number(query->answer, "timers_postponed", engine->postponed);
	add_topics(engine, query->answer);
	if (add_destinations(engine, query->answer, error) != 0 ||
		add_rejections(engine, query->answer, query->arena, error) != 0)
		return -1;
	text_put(query->answer, "}");
	query->status = 200;
	return 0;
}

static int answer_status(
	struct engine *engine, const struct api_request *request, struct text *answer)
{
	struct api_task status = {.task = {.run = run_status}, .answer = answer};

	(void)request;
	return api_run(engine, &status);
}

/* ---- routing ---- */

static const struct {
	const char *method;
	const char *path; /* a trailing "/" is followed by an id */
	api_function *answer;
} rows[] = {
	{"GET", "/status", answer_status},
	{"GET", "/dead", api_list_dead},
	{"GET", "/dead/", api_show_dead},
	{"POST", "/dead/requeue", api_retry_dead},
	{"POST", "/dead/drop", api_drop_dead},
	{"GET", "/outbox", api_list_outbox},
	{"GET", "/outbox/", api_show_outbox},
	{"POST", "/outbox/drop", api_drop_outbox},
	{"POST", "/erase", api_erase},
	{"POST", "/erase/step", api_erase_step},
	{"POST", "/erase/preview", api_erase_preview},
	{"POST", "/erase/cancel", api_erase_cancel},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool is_row(size_t row, const char *path)
{
	size_t length = strlen(rows[row].path);

	if (rows[row].path[length - 1] != '/')
		return strcmp(path, rows[row].path) == 0;
	return strncmp(path, rows[row].path, length) == 0 && path[length] != '\0' &&
	       path[length + strspn(path + length, "0123456789")] == '\0';
}

bool api_has(const char *path)
{
	for (size_t i = 0; i < ROWS; i++)
		if (is_row(i, path))
			return true;
	return false;
}

int api_handle(struct engine *engine, const char *method, const char *path, const char *search,
	const char *body, size_t length, struct text *answer)
{
	const struct api_request request = {
		.path = path, .search = search, .body = body, .length = length};

	for (size_t i = 0; i < ROWS; i++)
		if (is_row(i, path) && strcmp(rows[i].method, method) == 0)
			return rows[i].answer(engine, &request, answer);
	return api_error(answer, 404, "no such path or method");
}
