/* The record of a privacy job. */
#include "engine/privacy/job.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const int64_t JOB_TTL = 36500 * DAY; /* a job drops its record at its end */

static void write_identifiers(
	struct text *json, const char *key, const struct identifiers *identifiers)
{
	json_add_key(json, key);
	text_put(json, "[");
	for (size_t i = 0; i < identifiers->count; i++) {
		json_add_comma(json);
		json_add_string(json, identifiers->items[i]);
	}
	text_put(json, "]");
}

static void write_numbers(struct text *json, const char *key, const int64_t *numbers, size_t count)
{
	json_add_key(json, key);
	text_put(json, "[");
	for (size_t i = 0; i < count; i++)
		text_format(json, "%s%" PRId64, i > 0 ? "," : "", numbers[i]);
	text_put(json, "]");
}

static void write_kinds(struct text *json, const struct job *job)
{
	json_add_key(json, "kinds");
	text_put(json, "{");
	for (size_t i = 0; i < job->kind_count; i++)
		json_add_number(json, job->kinds[i].kind, job->kinds[i].count);
	text_put(json, "}");
}

int job_print(const struct job *job, struct text *json)
{
	text_put(json, "{");
	json_add_number(json, "what", job->what);
	json_add_member(json, "customer", job->customer);
	json_add_member(json, "request", job->request);
	json_add_number(json, "phase", job->phase);
	json_add_number(json, "round", job->round);
	json_add_flag(json, "has_found", job->has_found);
	json_add_flag(json, "partial", job->is_partial);
	json_add_flag(json, "keeps_messages", job->keeps_messages);
	json_add_member(json, "kind", job->kind);
	json_add_member(json, "at", job->at);
	json_add_number(json, "row", job->row);
	write_numbers(json, "last", job->last, STORE_TABLES);
	write_numbers(json, "counts", job->counts, JOB_END);
	if (job->is_preview) {
		json_add_flag(json, "preview", true);
		write_kinds(json, job);
	}
	write_identifiers(json, "identifiers", &job->identifiers);
	write_identifiers(json, "users", &job->users);
	text_put(json, "}");
	return json->failed ? -1 : 0;
}

int job_write(struct engine *engine, const struct job *job, struct error *error)
{
	struct text json = {0};
	int result;

	if (job_print(job, &json) != 0)
		result = error_no_memory(error);
	else
		result = store_put_record(engine->store, job->domain, "privacy", job->key,
			text_string(&json), engine_retention_now(engine) + JOB_TTL, error);
	text_free(&json);
	return result;
}

static int64_t number_at(const cJSON *json, const char *path)
{
	const char *text = json_text(json, path);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

static void read_numbers(const cJSON *list, int64_t *numbers, size_t most)
{
	const cJSON *item;
	size_t count = 0;

	cJSON_ArrayForEach (item, list) {
		if (count < most)
			numbers[count++] = number_at(item, ".");
	}
}

static int read_identifiers(const cJSON *list, struct identifiers *identifiers,
	int (*add)(struct identifiers *identifiers, const char *identifier))
{
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		if (add(identifiers, json_text(item, ".")) < 0)
			return -1;
	}
	return 0;
}

/* Whether the job can continue with what was read: not when the record is damaged. */
static bool is_job(const cJSON *json)
{
	int64_t phase = number_at(json, "phase");
	int64_t what = number_at(json, "what");

	return phase >= JOB_COLLECT && phase < JOB_END && what > PRIVACY_NONE &&
	       what < PRIVACY_UNINSTALLED && cJSON_IsObject(json);
}

/* A damaged job is dropped, so that it does not stop the engine. */
static void report_damaged(const struct job *job)
{
	log_line(LOG_ERROR, "privacy job dropped", LOG_STRING("shop", job->domain),
		LOG_STRING("customer", job->key),
		LOG_STRING("reason", "its record is damaged: the request is not carried out"),
		LOG_STRING("action", "run `segrelay erase --shop SHOP --customer ID`"));
}

static void read_kinds(const cJSON *json, struct job *job)
{
	const cJSON *kind;

	cJSON_ArrayForEach (kind, json_at(json, "kinds")) {
		if (job->kind_count == JOB_KINDS || kind->string == NULL)
			return;
		job->kinds[job->kind_count++] =
			(struct kind_count){kind->string, number_at(kind, ".")};
	}
}

static void read_members(const cJSON *json, struct job *job)
{
	job->what = (enum privacy)number_at(json, "what");
	job->customer = json_text(json, "customer");
	job->request = json_text(json, "request");
	job->phase = (enum job_phase)number_at(json, "phase");
	job->round = (int)number_at(json, "round");
	job->has_found = json_is_true(json, "has_found");
	job->is_partial = json_is_true(json, "partial");
	job->keeps_messages = json_is_true(json, "keeps_messages");
	job->kind = json_text(json, "kind");
	job->at = json_text(json, "at");
	job->row = number_at(json, "row");
	job->is_preview = json_is_true(json, "preview");
	read_numbers(json_at(json, "last"), job->last, STORE_TABLES);
	read_numbers(json_at(json, "counts"), job->counts, JOB_END);
	read_kinds(json, job);
}

int job_parse(struct engine *engine, const struct timer *timer, const char *text,
	struct arena *arena, struct job *job, struct error *error)
{
	const cJSON *json = json_parse(arena, text, strlen(text), error);

	*job = (struct job){.domain = timer->shop,
		.shop = config_shop(engine->config, timer->shop),
		.key = timer->key,
		.identifiers = {.arena = arena},
		.users = {.arena = arena}};
	if (json == NULL && arena_failed(arena))
		return error_no_memory(error);
	if (!is_job(json))
		return 1;
	read_members(json, job);
	if (read_identifiers(json_at(json, "identifiers"), &job->identifiers, identifiers_add) !=
			0 ||
		read_identifiers(json_at(json, "users"), &job->users, identifiers_append) != 0)
		return error_no_memory(error);
	return 0;
}

int job_read(struct engine *engine, const struct timer *timer, struct arena *arena, struct job *job,
	bool *found, struct error *error)
{
	const char *text = NULL;
	int result;

	*found = false;
	if (store_get_record(
		    engine->store, timer->shop, timer->kind, timer->key, arena, &text, error) != 0)
		return -1;
	if (text == NULL)
		return 0;
	result = job_parse(engine, timer, text, arena, job, error);
	if (result == 1)
		report_damaged(job);
	*found = result == 0;
	return result < 0 ? -1 : 0;
}
