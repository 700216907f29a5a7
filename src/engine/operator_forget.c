/* The operator's order to forget a customer. */
#include "engine/privacy.h"
#include "engine/question.h"

#include "base/clock.h"
#include "engine/inside.h"

#include <string.h>

enum { CUSTOMER_MAX = 20 };

struct order {
	struct request request; /* first: `run` gets its address */
	struct timer timer;
	struct arena *arena;
	bool is_step;
	bool is_known; /* the shop */
	bool running;
};

/* The key of its job is the customer's id. One that runs already goes on. */
static int run(struct engine *engine, struct request *request, struct error *error)
{
	struct order *order = (struct order *)request;
	const struct shop *shop = config_shop(engine->config, order->timer.shop);
	const char *job = NULL;

	order->is_known = shop != NULL;
	if (shop == NULL)
		return 0;
	order->timer.shop = shop->domain;
	if (order->is_step)
		return privacy_step(engine, &order->timer, order->arena, &order->running, error);
	if (store_get_record(engine->store, shop->domain, order->timer.kind, order->timer.key,
		    order->arena, &job, error) != 0)
		return -1;
	order->running = true;
	return job != NULL ? 0 : privacy_forget(engine, shop, order->timer.key, error);
}

static bool is_customer(const char *id)
{
	return id != NULL && strlen(id) <= CUSTOMER_MAX && strspn(id, "0123456789") == strlen(id);
}

static int carry_out(struct engine *engine, struct order *order, struct text *answer)
{
	struct error error;

	if (order->timer.shop == NULL || !is_customer(order->timer.key))
		return question_error(
			answer, 400, "expected {\"shop\":\"…\",\"customer\":\"123\"}");
	if (engine_call(engine, &order->request, &error) != 0)
		return question_error(answer, 503, error.text);
	if (!order->is_known)
		return question_error(answer, 404, "the shop is not configured");
	text_put(answer, "{");
	json_add_flag(answer, "running", order->running);
	text_put(answer, "}");
	return 200;
}

static int forget(struct engine *engine, bool is_step, const struct operator_request *request,
	struct text *answer)
{
	struct arena *arena = arena_create(65536);
	struct error error;
	const char *body = request->body != NULL ? request->body : "";
	const cJSON *json = arena != NULL ? json_parse(arena, body, request->length, &error) : NULL;
	struct order order = {
		.request = {.run = run},
		.timer = {.shop = json_text(json, "shop"),
			.kind = "privacy",
			.key = json_text(json, "customer")},
		.arena = arena,
		.is_step = is_step,
	};
	int status = arena != NULL ? carry_out(engine, &order, answer)
				   : question_error(answer, 503, "no memory");

	arena_destroy(arena);
	return status;
}

int question_forget(
	struct engine *engine, const struct operator_request *request, struct text *answer)
{
	return forget(engine, false, request, answer);
}

int question_forget_step(
	struct engine *engine, const struct operator_request *request, struct text *answer)
{
	return forget(engine, true, request, answer);
}
