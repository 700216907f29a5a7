/* The steps of a privacy job: erasing, or counting what is stored. */
#include "engine/privacy/job.h"

#include "engine/engine_private.h"
#include "engine/privacy/ownership.h"
#include "engine/privacy/segment_deletions.h"
#include "mapping/record_kinds.h"

#include <string.h>

enum {
	RECORDS_A_STEP = 200,
	ROWS_A_STEP = 100,
	BYTES_A_STEP = 1 << 20, /* bytes of JSON: other turns wait */
	ROUNDS_MAX = 200,       /* each round follows one more merge, or one more cart */
	USERS_A_REQUEST = 500,  /* of many users: the job's record stays small */
};

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* ---- a step's rows ---- */

/* What a step has found. It is removed after the reading. */
struct found {
	struct engine *engine;
	struct job *job;
	struct arena *arena;   /* of the step */
	struct arena *scratch; /* of the row that is read */
	const char *kinds[RECORDS_A_STEP];
	const char *keys[RECORDS_A_STEP];
	int64_t ids[ROWS_A_STEP];
	const char *destinations[ROWS_A_STEP];
	size_t count;
	size_t seen;
	size_t bytes;
	bool failed; /* memory ran out */
};

/* Each record or row has an arena of its own, because a body may be large. */
static int begin_look(struct found *found)
{
	found->scratch = arena_create(4096);
	found->failed |= found->scratch == NULL;
	return found->failed ? -1 : 0;
}

static bool is_enough(const struct found *found)
{
	return found->bytes >= BYTES_A_STEP;
}

/* Non-zero when the step ends after this row. */
static int end_look(struct found *found, size_t bytes)
{
	found->failed |= arena_failed(found->scratch);
	arena_destroy(found->scratch);
	found->scratch = NULL;
	found->seen++;
	found->bytes += bytes;
	return found->failed || is_enough(found);
}

static const cJSON *parse(struct found *found, const char *json, size_t length)
{
	struct error error;

	return json != NULL ? json_parse(found->scratch, json, length, &error) : NULL;
}

static const char *keep(struct found *found, const char *text)
{
	const char *copy = arena_copy(found->arena, text);

	found->failed |= copy == NULL && text != NULL;
	return copy;
}

/* Whether the job only counts. */
static bool only_counts(const struct job *job)
{
	return job->is_preview || job->what == PRIVACY_REPORT;
}

static bool is_of_all(const struct job *job)
{
	return job->what == PRIVACY_ERASE_SHOP;
}

/* ---- records ---- */

static void collect(struct found *found, const struct record *record, const cJSON *json)
{
	struct job *job = found->job;
	const struct record_kind *kind = record_kind_find(record->kind);
	int added = is_of_all(job) ? 0 : person_collect(&job->identifiers, record, json);

	if (kind != NULL && kind->names_user && job_add_users(job, record->key, json) != 0)
		added = -1;
	found->failed |= added < 0;
	job->has_found |= added > 0;
}

/* The store returns records sorted by kind. */
static void count_kind(struct job *job)
{
	struct kind_count *last = job->kind_count > 0 ? &job->kinds[job->kind_count - 1] : NULL;

	if (last == NULL || (strcmp(last->kind, job->kind) != 0 && job->kind_count < JOB_KINDS)) {
		last = &job->kinds[job->kind_count++];
		last->kind = job->kind;
	}
	last->count++;
}

static int visit_record(void *context, const struct record *record)
{
	struct found *found = context;
	struct job *job = found->job;
	size_t length = strlen(record->json);
	const cJSON *json;

	if (begin_look(found) != 0)
		return -1;
	json = parse(found, record->json, length);
	job->kind = keep(found, record->kind);
	job->at = keep(found, record->key);
	if (record_kind_timer(record->kind) == RECORD_TIMER_PRIVACY_JOB ||
		!(is_of_all(job) ||
			person_owns_record(&job->identifiers, record, json, found->scratch)))
		return end_look(found, length);
	if (job->phase == JOB_COLLECT) {
		collect(found, record, json);
	} else {
		if (job->is_preview && job->kind != NULL)
			count_kind(job);
		found->kinds[found->count] = job->kind;
		found->keys[found->count++] = job->at;
	}
	return end_look(found, length);
}

/* Drops the record, and its timer, which has the same key. */
static int drop_record(struct found *found, size_t i, struct error *error)
{
	struct timer timer = {
		.shop = found->job->domain, .kind = found->kinds[i], .key = found->keys[i]};

	if (store_drop_timer(found->engine->store, &timer, error) != 0)
		return -1;
	return store_drop_record(found->engine->store, timer.shop, timer.kind, timer.key, error);
}

static int drop_records(struct found *found, struct error *error)
{
	for (size_t i = 0; i < found->count && !only_counts(found->job); i++)
		if (drop_record(found, i, error) != 0)
			return -1;
	return 0;
}

/* Queues requests to Segment to delete the users that were found. */
static int ask_segment(struct found *found, struct error *error)
{
	struct job *job = found->job;

	if (!only_counts(job) && job->shop != NULL &&
		deletions_queue(found->engine, job->shop, &job->users, error) != 0)
		return -1;
	job->users.count = 0;
	return 0;
}

/* Ends the reading of the records: next round, or next phase. */
static int end_of_records(struct found *found, struct error *error)
{
	struct job *job = found->job;

	job->kind = NULL;
	job->at = NULL;
	if (job->phase == JOB_COLLECT && job->has_found && ++job->round < ROUNDS_MAX) {
		job->has_found = false;
		return 0;
	}
	job->is_partial |= job->phase == JOB_COLLECT &&
			   (job->has_found || job->identifiers.count >= IDENTIFIERS_MAX);
	if (job->phase == JOB_COLLECT && ask_segment(found, error) != 0)
		return -1;
	job->phase++;
	return 0;
}

static int step_records(struct found *found, struct error *error)
{
	struct job *job = found->job;

	if (store_each_record(found->engine->store, job->domain, or_empty(job->kind),
		    or_empty(job->at), RECORDS_A_STEP, visit_record, found, error) != 0)
		return -1;
	if (found->failed || arena_failed(found->arena))
		return error_no_memory(error);
	job->counts[job->phase] += (int64_t)found->count;
	if (drop_records(found, error) != 0)
		return -1;
	if (job->users.count >= USERS_A_REQUEST && ask_segment(found, error) != 0)
		return -1;
	return found->seen < RECORDS_A_STEP && !is_enough(found) ? end_of_records(found, error) : 0;
}

/* ---- deliveries, messages, dead letters ---- */

static const enum store_table table_of[] = {[JOB_DELIVERIES] = STORE_DELIVERIES,
	[JOB_MESSAGES] = STORE_MESSAGES,
	[JOB_DEAD] = STORE_DEAD};

/* Whether a row is to be erased. Deletion requests stay until Segment has them. */
static bool is_theirs(struct found *found, const struct stored_row *row)
{
	const struct job *job = found->job;
	const cJSON *json;

	if (destination_is_deletions(row->destination))
		return false;
	if (is_of_all(job))
		return true;
	json = parse(found, row->json, row->length);
	if (json == NULL)
		return identifiers_are_in_text(&job->identifiers, row->json, row->length);
	return row->topic != NULL ? person_owns_delivery(&job->identifiers, row->topic, json)
				  : person_owns_message(&job->identifiers, json);
}

static int visit_row(void *context, const struct stored_row *row)
{
	struct found *found = context;

	if (begin_look(found) != 0)
		return -1;
	if (is_theirs(found, row)) {
		found->ids[found->count] = row->id;
		found->destinations[found->count++] = keep(found, row->destination);
	}
	found->job->row = row->id;
	return end_look(found, row->length);
}

static int drop_message(struct found *found, size_t i, struct error *error)
{
	if (counters_removed(&found->engine->counters, found->destinations[i]) != 0)
		return error_no_memory(error);
	return store_drop_row(found->engine->store, STORE_MESSAGES, found->ids[i], error);
}

static int drop_letter(struct found *found, size_t i, struct error *error)
{
	struct dead_letter letter;
	bool is_there;

	if (store_dead_letter_get(found->engine->store, found->ids[i], found->arena, &letter,
		    &is_there, error) != 0)
		return -1;
	return is_there ? engine_drop_dead(found->engine, &letter, error) : 0;
}

static int drop_delivery(struct found *found, size_t i, struct error *error)
{
	return store_drop_row(found->engine->store, STORE_DELIVERIES, found->ids[i], error);
}

static int drop_rows(struct found *found, struct error *error)
{
	const struct job *job = found->job;

	for (size_t i = 0; i < found->count && !only_counts(job); i++) {
		int result = job->phase == JOB_MESSAGES ? drop_message(found, i, error)
			     : job->phase == JOB_DEAD   ? drop_letter(found, i, error)
							: drop_delivery(found, i, error);

		if (result != 0)
			return -1;
	}
	return 0;
}

static int step_rows(struct found *found, struct error *error)
{
	struct job *job = found->job;
	enum store_table table = table_of[job->phase];
	int64_t first;
	int64_t last;

	/* Many consecutive ids may be missing. */
	if (store_row_range(found->engine->store, table, job->row, &first, &last, error) != 0)
		return -1;
	last = job->last[table];
	if (first == 0 || first > last)
		first = last + 1; /* no rows are left */
	else if (first + ROWS_A_STEP - 1 < last)
		last = first + ROWS_A_STEP - 1;
	if (store_each_row(found->engine->store, table, job->domain, first, last, visit_row, found,
		    error) != 0)
		return -1;
	if (found->failed || arena_failed(found->arena))
		return error_no_memory(error);
	job->counts[job->phase] += (int64_t)found->count;
	if (!is_enough(found))
		job->row = last;
	if (drop_rows(found, error) != 0)
		return -1;
	if (job->row < job->last[table])
		return 0;
	job->row = 0;
	job->phase++;
	if (job->phase == JOB_MESSAGES && job->keeps_messages)
		job->phase = JOB_END;
	return 0;
}

int job_step(struct engine *engine, struct job *job, struct error *error)
{
	struct found *found = arena_alloc(job->identifiers.arena, sizeof(*found));

	if (found == NULL)
		return error_no_memory(error);
	*found = (struct found){.engine = engine, .job = job, .arena = job->identifiers.arena};
	if (job->phase == JOB_COLLECT || job->phase == JOB_RECORDS)
		return step_records(found, error);
	return step_rows(found, error);
}
