/* The operator's erasures of a customer or a shop, and their previews. */
#include "admin/api_private.h"
#include "config/values.h"
#include "engine/privacy/job.h"
#include "engine/privacy/privacy.h"

#include "base/clock.h"
#include "engine/engine_private.h"
#include "engine/isolation.h"

#include <ctype.h>
#include <string.h>

/* A request takes many small steps, so that there are few requests; none of them takes long. */
enum { CUSTOMER_MAX = 20, HOST_MAX = 254, REQUEST_MS = 200 };

struct erasure {
	struct task task; /* first: `run` gets its address */
	/* What a request does, so that it can be undone alone. */
	int (*work)(struct engine *engine, void *context, struct error *error);
	struct timer timer;   /* names the job */
	const char *customer; /* NULL for the whole shop */
	struct text state;    /* of a preview that goes on; empty for a new one */
	struct text *answer;
	bool running;
	bool is_invalid; /* the state is not that of a preview */
	bool is_undone;  /* for want of memory, or what was asked for cannot be done */
	struct error problem;
};

static int run_alone(struct engine *engine, struct task *task, struct error *error)
{
	struct erasure *erasure = (struct erasure *)task;
	struct work_id id = progress_of_timer(&erasure->timer);
	enum outcome outcome;

	progress_begin(&engine->progress, &id);
	outcome = isolation_run(engine, erasure->work, erasure, error);
	progress_end(&engine->progress, &id);
	erasure->is_undone = outcome == OUTCOME_DEAD || outcome == OUTCOME_DEFER;
	if (erasure->is_undone)
		erasure->problem = *error;
	return outcome == OUTCOME_FAILED ? -1 : 0;
}

/* ---- erasing ---- */

/* One that is running goes on. */
static int begin_job(struct engine *engine, void *context, struct error *error)
{
	struct erasure *erasure = context;
	struct arena *arena = arena_create(4096);
	const char *job = NULL;
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	result = store_get_record(engine->store, erasure->timer.shop, erasure->timer.kind,
		erasure->timer.key, arena, &job, error);
	if (result == 0 && job == NULL)
		result = privacy_erase(engine, erasure->timer.shop, erasure->customer, error);
	erasure->running = true;
	arena_destroy(arena);
	return result;
}

static int step_job(struct engine *engine, void *context, struct error *error)
{
	struct erasure *erasure = context;
	struct arena *arena = arena_create(65536);
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	result = privacy_step(engine, &erasure->timer, arena, &erasure->running, error);
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

/* Takes up the preview that the request brings, or begins one. 0, -1, or 1 when it brings none. */
static int take_up(struct engine *engine, const struct erasure *erasure, struct arena *arena,
	struct job *job, struct error *error)
{
	int result;

	if (erasure->state.length > 0) {
		result = job_parse(
			engine, &erasure->timer, text_string(&erasure->state), arena, job, error);
		return result == 0 && !job->is_preview ? 1 : result;
	}
	result = job_of_operator(engine, erasure->timer.shop, erasure->customer, arena, job, error);
	job->is_preview = true;
	return result == 0 ? job_set_bounds(engine, job, error) : result;
}

static int step_preview(struct engine *engine, void *context, struct error *error)
{
	struct erasure *erasure = context;
	struct arena *arena = arena_create(65536);
	struct job job;
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	result = take_up(engine, erasure, arena, &job, error);
	erasure->is_invalid = result == 1;
	if (result == 0)
		result = job_step(engine, &job, error);
	if (result == 0) {
		text_cut(&erasure->state, 0);
		erasure->running = job.phase != JOB_END;
		if (!erasure->running)
			add_counts(&job, erasure->answer);
		else if (job_print(&job, &erasure->state) != 0)
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

static int repeat(struct engine *engine, struct erasure *erasure, struct text *answer)
{
	int64_t end = clock_monotonic() + REQUEST_MS;
	struct error error;

	erasure->answer = answer;
	text_put(answer, "{");
	do
		if (engine_call(engine, &erasure->task, &error) != 0)
			return question_error(answer, 503, error.text);
	while (erasure->running && !erasure->is_invalid && !erasure->is_undone &&
		erasure->work != begin_job && clock_monotonic() < end);
	if (erasure->is_undone)
		return question_error(answer, 503, erasure->problem.text);
	if (erasure->is_invalid)
		return question_error(answer, 400, "\"state\" is not that of a preview");
	json_add_flag(answer, "running", erasure->running);
	if (erasure->state.length > 0)
		json_add_member(answer, "state", text_string(&erasure->state));
	text_put(answer, "}");
	return 200;
}

/* The job's key is the customer's id, and of the whole shop the one that shop/redact has. */
static int answer_json(
	struct engine *engine, struct erasure *erasure, const cJSON *json, struct text *answer)
{
	const char *shop = json_text(json, "shop");
	const char *state = json_text(json, "state");
	char domain[HOST_MAX] = "";
	int status;

	erasure->customer = json_text(json, "customer");
	if (shop == NULL || !value_host(shop) || strlen(shop) >= sizeof(domain) ||
		(erasure->customer != NULL && !is_customer(erasure->customer)))
		return question_error(answer, 400,
			"expected {\"shop\":\"DOMAIN\",\"customer\":\"123\"}, or the shop alone");
	for (size_t i = 0; shop[i] != '\0'; i++)
		domain[i] = (char)tolower((unsigned char)shop[i]);
	erasure->timer = (struct timer){.shop = domain,
		.kind = "privacy",
		.key = erasure->customer != NULL ? erasure->customer : "*"};
	if (state != NULL)
		text_put(&erasure->state, state);
	status = repeat(engine, erasure, answer);
	text_free(&erasure->state);
	return status;
}

static int answer_erasure(struct engine *engine,
	int (*work)(struct engine *engine, void *context, struct error *error),
	const struct operator_request *request, struct text *answer)
{
	struct erasure erasure = {.task = {.run = run_alone}, .work = work};
	struct arena *arena = arena_create(65536);
	const char *body = request->body != NULL ? request->body : "";
	struct error error;
	const cJSON *json = arena != NULL ? json_parse(arena, body, request->length, &error) : NULL;
	int status = arena != NULL ? answer_json(engine, &erasure, json, answer)
				   : question_error(answer, 503, "no memory");

	arena_destroy(arena);
	return status;
}

int question_erase(
	struct engine *engine, const struct operator_request *request, struct text *answer)
{
	return answer_erasure(engine, begin_job, request, answer);
}

int question_erase_step(
	struct engine *engine, const struct operator_request *request, struct text *answer)
{
	return answer_erasure(engine, step_job, request, answer);
}

int question_erase_preview(
	struct engine *engine, const struct operator_request *request, struct text *answer)
{
	return answer_erasure(engine, step_preview, request, answer);
}
