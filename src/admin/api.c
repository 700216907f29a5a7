/* The operator's questions and orders, answered in JSON inside a turn of the engine. */
#include "admin/api.h"

#include "admin/api_private.h"
#include "base/clock.h"
#include "base/json.h"
#include "engine/engine_private.h"
#include "engine/privacy/erasure_wait.h"

#include <stdlib.h>
#include <string.h>

/* ---- to the engine ---- */

int question_error(struct text *answer, int status, const char *what)
{
	text_cut(answer, 0);
	text_put(answer, "{");
	json_add_member(answer, "error", what);
	text_put(answer, "}");
	return status;
}

int question_ask(struct engine *engine, struct question *question)
{
	struct error error;

	question->arena = arena_create(4096);
	if (question->arena == NULL)
		return question_error(question->answer, 503, "no memory");
	if (engine_call(engine, &question->task, &error) != 0)
		question->status = question_error(question->answer, 503, error.text);
	arena_destroy(question->arena);
	return question->status;
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

int64_t question_waiting(const struct destination_state *state)
{
	return state->queued - state->sent - state->dead - state->dropped;
}

/* Seconds that the oldest message of a destination waits. */
static int oldest_seconds(struct engine *engine, const struct destination_state *state,
	int64_t *seconds, struct error *error)
{
	int64_t queued = 0;

	*seconds = 0;
	if (question_waiting(state) == 0)
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
		json_add_number(answer, "waiting", question_waiting(state));
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

/* Erasures of shops that wait, and what was refused as it contradicts itself. */
static int add_refusals(
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
	struct question *question = (struct question *)task;
	int64_t bytes;
	int64_t free_bytes;

	if (store_size(engine->store, &bytes, &free_bytes, error) != 0)
		return -1;
	text_put(question->answer, "{");
	json_add_member(question->answer, "version", SEGRELAY_VERSION);
	json_add_number(question->answer, "store_bytes", bytes);
	json_add_number(question->answer, "free_bytes", free_bytes);
	json_add_number(question->answer, "max_store", engine->config->max_store);
	json_add_number(question->answer, "expired_early", engine->expired.count);
	json_add_number(question->answer, "timers_postponed", engine->postponed);
	add_topics(engine, question->answer);
	if (add_destinations(engine, question->answer, error) != 0 ||
		add_refusals(engine, question->answer, question->arena, error) != 0)
		return -1;
	text_put(question->answer, "}");
	question->status = 200;
	return 0;
}

static int answer_status(
	struct engine *engine, const struct operator_request *request, struct text *answer)
{
	struct question status = {.task = {.run = run_status}, .answer = answer};

	(void)request;
	return question_ask(engine, &status);
}

/* ---- routing ---- */

static const struct {
	const char *method;
	const char *path; /* one that ends with "/" stands for all with an id behind it */
	operator_answer *answer;
} rows[] = {
	{"GET", "/status", answer_status},
	{"GET", "/dead", question_list_dead},
	{"GET", "/dead/", question_show_dead},
	{"POST", "/dead/retry", question_retry_dead},
	{"POST", "/dead/drop", question_drop_dead},
	{"GET", "/outbox", question_list_outbox},
	{"GET", "/outbox/", question_show_outbox},
	{"POST", "/outbox/drop", question_drop_outbox},
	{"POST", "/erase", question_erase},
	{"POST", "/erase/step", question_erase_step},
	{"POST", "/erase/preview", question_erase_preview},
	{"POST", "/erase/cancel", question_erase_cancel},
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

bool operator_has(const char *path)
{
	for (size_t i = 0; i < ROWS; i++)
		if (is_row(i, path))
			return true;
	return false;
}

int operator_handle(struct engine *engine, const char *method, const char *path, const char *search,
	const char *body, size_t length, struct text *answer)
{
	const struct operator_request request = {
		.path = path, .search = search, .body = body, .length = length};

	for (size_t i = 0; i < ROWS; i++)
		if (is_row(i, path) && strcmp(rows[i].method, method) == 0)
			return rows[i].answer(engine, &request, answer);
	return question_error(answer, 404, "there is nothing here");
}
