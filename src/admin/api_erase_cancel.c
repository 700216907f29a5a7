/* Cancels the erasure of a shop, in the admin API. */
#include "admin/api_private.h"
#include "engine/privacy/erasure_wait.h"

#include "engine/engine_private.h"
#include "engine/isolation.h"

#include <ctype.h>
#include <string.h>

enum { SHOP_MAX = 255 };

struct cancellation {
	struct task task; /* first: `run` gets its address */
	char shop[SHOP_MAX + 1];
	bool cancelled;
	bool is_rolled_back; /* without memory */
	struct error problem;
};

static int cancel(struct engine *engine, void *context, struct error *error)
{
	struct cancellation *cancellation = context;

	return erasure_cancel(engine, cancellation->shop, &cancellation->cancelled, error);
}

static int run(struct engine *engine, struct task *task, struct error *error)
{
	struct cancellation *cancellation = (struct cancellation *)task;
	enum isolation_result outcome = isolation_run(engine, cancel, cancellation, error);

	cancellation->is_rolled_back = outcome == ISOLATION_DEAD || outcome == ISOLATION_DEFER;
	if (cancellation->is_rolled_back)
		cancellation->problem = *error;
	return outcome == ISOLATION_FAILED ? -1 : 0;
}

/* Shops are stored in lower case. */
static bool read_shop(struct cancellation *cancellation, const char *shop)
{
	if (shop == NULL || strlen(shop) > SHOP_MAX)
		return false;
	for (size_t i = 0; shop[i] != '\0'; i++)
		cancellation->shop[i] = (char)tolower((unsigned char)shop[i]);
	return true;
}

static int run_cancellation(
	struct engine *engine, struct cancellation *cancellation, struct text *answer)
{
	struct error error;

	if (engine_call(engine, &cancellation->task, &error) != 0)
		return api_error(answer, 503, error.text);
	if (cancellation->is_rolled_back)
		return api_error(answer, 503, cancellation->problem.text);
	if (!cancellation->cancelled)
		return api_error(answer, 404, "no erasure of this shop is waiting");
	text_put(answer, "{");
	json_add_flag(answer, "cancelled", true);
	text_put(answer, "}");
	return 200;
}

int api_erase_cancel(struct engine *engine, const struct api_request *request, struct text *answer)
{
	struct arena *arena = arena_create(4096);
	struct cancellation cancellation = {.task = {.run = run}};
	struct error error;
	const cJSON *json = arena != NULL
				    ? json_parse(arena, request->body != NULL ? request->body : "",
					      request->length, &error)
				    : NULL;
	int status;

	if (arena == NULL)
		status = api_error(answer, 503, "no memory");
	else if (!read_shop(&cancellation, json_text(json, "shop")))
		status = api_error(answer, 400, "expected {\"shop\":\"…\"}");
	else
		status = run_cancellation(engine, &cancellation, answer);
	arena_destroy(arena);
	return status;
}
