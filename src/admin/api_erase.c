/* Erasures of a customer or a shop in the admin API, and their previews. */
#include "admin/api_private.h"
#include "config/values.h"
#include "engine/privacy/job.h"
#include "engine/privacy/privacy.h"

#include "base/clock.h"
#include "engine/engine_private.h"
#include "engine/isolation.h"

#include <ctype.h>
#include <string.h>

/* A request does several short steps, for up to REQUEST_MS. */
enum { CUSTOMER_MAX = 20, HOST_MAX = 254, REQUEST_MS = 200 };

struct erase_task {
	struct task task; /* first: `run` gets its address */
			  /* Runs in a savepoint. */
	int (*work)(struct engine *engine, void *context, struct error *error);
	struct timer timer;   /* names the job */
	const char *customer; /* NULL for the whole shop */
	struct text state;    /* of a running preview; empty for a new one */
	struct text *answer;
	bool running;
	bool is_invalid;     /* the state is not that of a preview */
	bool is_rolled_back; /* without memory, or because the request is not possible */
	struct error problem;
};

static int run_isolated(struct engine *engine, struct task *task, struct error *error)
{
	struct erase_task *erase_task = (struct erase_task *)task;
	struct work_id id = progress_of_timer(&erase_task->timer);
	enum isolation_result outcome;

	progress_begin(&engine->progress, &id);
	outcome = isolation_run(engine, erase_task->work, erase_task, error);
	progress_end(&engine->progress, &id);
	erase_task->is_rolled_back = outcome == ISOLATION_DEAD || outcome == ISOLATION_DEFER;
	if (erase_task->is_rolled_back)
		erase_task->problem = *error;
	return outcome == ISOLATION_FAILED ? -1 : 0;
}

/* ---- erasing ---- */

/* Begins an erasure, unless it runs already. */
static int begin_job(struct engine *engine, void *context, struct error *error)
{
	struct erase_task *erase_task = context;
	struct arena *arena = arena_create(4096);
	const char *job = NULL;
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	result = store_get_record(engine->store, erase_task->timer.shop, erase_task->timer.kind,
		erase_task->timer.key, arena, &job, error);
	if (result == 0 && job == NULL)
		result = privacy_erase(engine, erase_task->timer.shop, erase_task->customer, error);
	erase_task->running = true;
	arena_destroy(arena);
	return result;
}

static int step_job(struct engine *engine, void *context, struct error *error)
{
	struct erase_task *erase_task = context;
	struct arena *arena = arena_create(65536);
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	result = privacy_step(engine, &erase_task->timer, arena, &erase_task->running, error);
	arena_destroy(arena);
	return result;
}

/* ---- previews ---- */

static void add_counts(const struct job *job, struct text *answer)
{
	json_add_flag(answer, "configured", job->shop != NULL);
	json_add_flag(answer, "partial", job->is_partial);
	json_add_key(answer, "records");
	text_put(answer, "{");
	for (size_t i = 0; i < job->kind_count; i++)
		json_add_number(answer, job->kinds[i].kind, job->kinds[i].count);
	text_put(answer, "}");
	json_add_number(answer, "deliveries", job->counts[JOB_DELIVERIES]);
	json_add_number(answer, "messages", job->counts[JOB_MESSAGES]);
	json_add_number(answer, "dead", job->counts[JOB_DEAD]);
}

/* Reads the request's preview, or begins one. 0, 1 when its state is not that of a preview, or -1.
 */
static int read_preview(struct engine *engine, const struct erase_task *erase_task,
	struct arena *arena, struct job *job, struct error *error)
{
	int result;

	if (erase_task->state.length > 0) {
		result = job_parse(engine, &erase_task->timer, text_string(&erase_task->state),
			arena, job, error);
		return result == 0 && !job->is_preview ? 1 : result;
	}
	result = job_of_operator(
		engine, erase_task->timer.shop, erase_task->customer, arena, job, error);
	job->is_preview = true;
	return result == 0 ? job_set_bounds(engine, job, error) : result;
}

static int step_preview(struct engine *engine, void *context, struct error *error)
{
	struct erase_task *erase_task = context;
	struct arena *arena = arena_create(65536);
	struct job job;
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	result = read_preview(engine, erase_task, arena, &job, error);
	erase_task->is_invalid = result == 1;
	if (result == 0)
		result = job_step(engine, &job, error);
	if (result == 0) {
		text_cut(&erase_task->state, 0);
		erase_task->running = job.phase != JOB_END;
		if (!erase_task->running)
			add_counts(&job, erase_task->answer);
		else if (job_print(&job, &erase_task->state) != 0)
			result = error_no_memory(error);
	}
	arena_destroy(arena);
	return result < 0 ? -1 : 0;
}

/* ---- requests ---- */

static bool is_customer(const char *id)
{
	return id[0] != '\0' && strlen(id) <= CUSTOMER_MAX &&
	       strspn(id, "0123456789") == strlen(id);
}

static int repeat(struct engine *engine, struct erase_task *erase_task, struct text *answer)
{
	int64_t end = clock_monotonic() + REQUEST_MS;
	struct error error;

	erase_task->answer = answer;
	text_put(answer, "{");
	do
		if (engine_call(engine, &erase_task->task, &error) != 0)
			return api_error(answer, 503, error.text);
	while (erase_task->running && !erase_task->is_invalid && !erase_task->is_rolled_back &&
		erase_task->work != begin_job && clock_monotonic() < end);
	if (erase_task->is_rolled_back)
		return api_error(answer, 503, erase_task->problem.text);
	if (erase_task->is_invalid)
		return api_error(answer, 400, "\"state\" must be that of a preview's answer");
	json_add_flag(answer, "running", erase_task->running);
	if (erase_task->state.length > 0)
		json_add_member(answer, "state", text_string(&erase_task->state));
	text_put(answer, "}");
	return 200;
}

/* The job's key is the customer's id, or "*" for the whole shop, as for shop/redact. */
static int answer_json(struct engine *engine, struct erase_task *erase_task, const cJSON *json,
	struct text *answer)
{
	const char *shop = json_text(json, "shop");
	const char *state = json_text(json, "state");
	char domain[HOST_MAX] = "";
	int status;

	erase_task->customer = json_text(json, "customer");
	if (shop == NULL || !value_host(shop) || strlen(shop) >= sizeof(domain) ||
		(erase_task->customer != NULL && !is_customer(erase_task->customer)))
		return api_error(answer, 400,
			"expected {\"shop\":\"DOMAIN\",\"customer\":\"123\"}, or the shop alone");
	for (size_t i = 0; shop[i] != '\0'; i++)
		domain[i] = (char)tolower((unsigned char)shop[i]);
	erase_task->timer = (struct timer){.shop = domain,
		.kind = "privacy",
		.key = erase_task->customer != NULL ? erase_task->customer : "*"};
	if (state != NULL)
		text_put(&erase_task->state, state);
	status = repeat(engine, erase_task, answer);
	text_free(&erase_task->state);
	return status;
}

static int answer_erasure(struct engine *engine,
	int (*work)(struct engine *engine, void *context, struct error *error),
	const struct api_request *request, struct text *answer)
{
	struct erase_task erase_task = {.task = {.run = run_isolated}, .work = work};
	struct arena *arena = arena_create(65536);
	const char *body = request->body != NULL ? request->body : "";
	struct error error;
	const cJSON *json = arena != NULL ? json_parse(arena, body, request->length, &error) : NULL;
	int status = arena != NULL ? answer_json(engine, &erase_task, json, answer)
				   : api_error(answer, 503, "no memory");

	arena_destroy(arena);
	return status;
}

int api_erase(struct engine *engine, const struct api_request *request, struct text *answer)
{
	return answer_erasure(engine, begin_job, request, answer);
}

int api_erase_step(struct engine *engine, const struct api_request *request, struct text *answer)
{
	return answer_erasure(engine, step_job, request, answer);
}

int api_erase_preview(struct engine *engine, const struct api_request *request, struct text *answer)
{
	return answer_erasure(engine, step_preview, request, answer);
}
