/* Requests to Segment to delete what it has of users (its documentation of the Public API,
 * "Create Workspace Regulation"). */
#include "engine/privacy/segment_deletions.h"

#include "base/clock.h"
#include "engine/engine_private.h"
#include "engine/privacy/job.h"

enum { USERS_A_REQUEST = 5000 };

static void write_request(struct text *json, const struct identifiers *users, size_t from)
{
	text_put(json, "{\"regulationType\":\"DELETE_ONLY\",\"subjectType\":\"USER_ID\","
		       "\"subjectIds\":[");
	for (size_t i = from; i < users->count && i < from + USERS_A_REQUEST; i++) {
		json_add_comma(json);
		json_add_string(json, users->items[i]);
	}
	text_put(json, "]}");
}

static int queue(struct engine *engine, const struct destination *destination,
	const struct shop *shop, const struct text *json, struct error *error)
{
	struct destination_state *state = engine_destination(engine, destination->name);
	struct message message = {
		.destination = destination->name,
		.shop = shop->domain,
		.event = "deletion request",
		.message_id = uuid_of_name(&destination->space, text_string(json), json->length),
		.queued = clock_now(),
		.json = text_string(json),
		.json_length = json->length,
	};

	if (json->failed || state == NULL ||
		counters_queued(&engine->counters, destination->name, 1) != 0)
		return error_no_memory(error);
	state = engine_destination(engine, destination->name);
	state->queued++;
	return store_queue(engine->store, &message, error);
}

int deletions_queue(struct engine *engine, const struct shop *shop, const struct identifiers *users,
	struct error *error)
{
	for (size_t i = 0; i < shop->destination_count; i++) {
		const struct destination *deletions = shop->destinations[i]->deletions;

		for (size_t from = 0; deletions != NULL && from < users->count;
			from += USERS_A_REQUEST) {
			struct text json = {0};
			int result;

			write_request(&json, users, from);
			result = queue(engine, deletions, shop, &json, error);
			text_free(&json);
			if (result != 0)
				return -1;
		}
	}
	return 0;
}

/* ---- whose ---- */

int job_add_user(struct job *job, const char *customer, const char *email)
{
	job->users.arena = job->identifiers.arena;
	if (job->shop == NULL)
		return 0;
	return identifiers_append(&job->users,
		       map_user_id(job->shop, customer, email, job->identifiers.arena)) < 0
		       ? -1
		       : 0;
}

int job_add_users(struct job *job, const char *customer, const cJSON *record)
{
	const cJSON *id;

	if (job_add_user(job, customer, json_text(record, "email")) != 0)
		return -1;
	cJSON_ArrayForEach (id, json_at(record, "user_ids")) {
		if (job->shop != NULL && identifiers_append(&job->users, json_text(id, ".")) < 0)
			return -1;
	}
	return 0;
}
