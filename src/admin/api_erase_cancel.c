/* The operator's order to cancel the erasure of a shop. */
#include "admin/api_private.h"
#include "engine/privacy/erasure_wait.h"

#include "engine/engine_private.h"
#include "engine/isolation.h"

#include <ctype.h>
#include <string.h>

enum { SHOP_MAX = 255 };

struct order {
	struct task task; /* first: `run` gets its address */
	char shop[SHOP_MAX + 1];
	bool cancelled;
	bool is_undone; /* for want of memory */
	struct error problem;
};

static int cancel(struct engine *engine, void *context, struct error *error)
{
	struct order *order = context;

	return erasure_cancel(engine, order->shop, &order->cancelled, error);
}

static int run(struct engine *engine, struct task *task, struct error *error)
{
	struct order *order = (struct order *)task;
	enum outcome outcome = isolation_run(engine, cancel, order, error);

	order->is_undone = outcome == OUTCOME_DEAD || outcome == OUTCOME_DEFER;
	if (order->is_undone)
		order->problem = *error;
	return outcome == OUTCOME_FAILED ? -1 : 0;
}

/* Shops are stored in lower case. */
static bool take_shop(struct order *order, const char *shop)
{
	if (shop == NULL || strlen(shop) > SHOP_MAX)
		return false;
	for (size_t i = 0; shop[i] != '\0'; i++)
		order->shop[i] = (char)tolower((unsigned char)shop[i]);
	return true;
}

static int carry_out(struct engine *engine, struct order *order, struct text *answer)
{
	struct error error;

	if (engine_call(engine, &order->task, &error) != 0)
		return question_error(answer, 503, error.text);
	if (order->is_undone)
		return question_error(answer, 503, order->problem.text);
	if (!order->cancelled)
		return question_error(answer, 404, "no erasure of this shop waits");
	text_put(answer, "{");
	json_add_flag(answer, "cancelled", true);
	text_put(answer, "}");
	return 200;
}

int question_erase_cancel(
	struct engine *engine, const struct operator_request *request, struct text *answer)
{
	struct arena *arena = arena_create(4096);
	struct order order = {.task = {.run = run}};
	struct error error;
	const cJSON *json = arena != NULL
				    ? json_parse(arena, request->body != NULL ? request->body : "",
					      request->length, &error)
				    : NULL;
	int status;

	if (arena == NULL)
		status = question_error(answer, 503, "no memory");
	else if (!take_shop(&order, json_text(json, "shop")))
		status = question_error(answer, 400, "expected {\"shop\":\"…\"}");
	else
		status = carry_out(engine, &order, answer);
	arena_destroy(arena);
	return status;
}
