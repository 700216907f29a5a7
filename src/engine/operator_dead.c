/* The operator's questions about dead letters. */
#include "base/json.h"
#include "base/url.h"
#include "engine/inside.h"
#include "engine/operator_inside.h"

#include <stdlib.h>

enum { LIST_MOST = 1000, DEFAULT_LIST = 100 };

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

static int run_list(struct engine *engine, struct request *request, struct error *error)
{
	struct operator_question *question = (struct operator_question *)request;

	text_put(question->answer, "{\"dead\":[");
	if (store_each_dead(engine->store, question->after, question->limit, visit_listed,
		    question->answer, error) != 0)
		return -1;
	text_put(question->answer, "]}");
	question->status = 200;
	return 0;
}

static int run_show(struct engine *engine, struct request *request, struct error *error)
{
	struct operator_question *question = (struct operator_question *)request;
	struct dead_letter letter;
	bool found;

	if (store_get_dead(engine->store, question->id, question->arena, &letter, &found, error) !=
		0)
		return -1;
	if (!found) {
		question->status = operator_error(question->answer, 404, "no such dead letter");
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

int operator_list(struct engine *engine, const char *search, struct text *answer)
{
	struct operator_question question = {.request = {.run = run_list}, .answer = answer};
	struct arena *arena = arena_create(256);
	int64_t limit;

	if (arena == NULL)
		return operator_error(answer, 503, "no memory");
	question.after = number_of(arena, search, "after", 0);
	limit = number_of(arena, search, "limit", DEFAULT_LIST);
	question.limit = limit > 0 && limit < LIST_MOST ? (size_t)limit : LIST_MOST;
	arena_destroy(arena);
	return operator_ask(engine, &question);
}

int operator_show(struct engine *engine, int64_t id, struct text *answer)
{
	struct operator_question question = {
		.request = {.run = run_show}, .answer = answer, .id = id};

	return operator_ask(engine, &question);
}
