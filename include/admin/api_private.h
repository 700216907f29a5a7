/* The admin API's tasks for the engine, shared by api*.c. */
#ifndef SEGRELAY_ADMIN_API_PRIVATE_H
#define SEGRELAY_ADMIN_API_PRIVATE_H

#include "base/text.h"
#include "engine/engine.h"

struct api_task {
	struct task task; /* first: `run` gets its address */
	struct text *answer;
	struct arena *arena; /* lives as long as the task */
	int64_t id;
	int64_t after;
	size_t limit;
	int status; /* HTTP's, set by `run` */
};

/* Runs a task in the engine. Returns the HTTP status of the answer. */
int api_run(struct engine *engine, struct api_task *query);

/* Replaces the answer by {"error":reason}. Returns the status. */
int api_error(struct text *answer, int status, const char *reason);

/* The count of a destination's messages that wait to be sent. */
int64_t api_count_waiting(const struct destination_state *state);

/* A request. `body` may be NULL, and is not terminated by NUL. */
struct api_request {
	const char *path;
	const char *search; /* "?…", or "" */
	const char *body;
	size_t length;
};

/* Handles a request: returns the HTTP status and adds the JSON to `answer`. See api.h for each. */
typedef int api_function(
	struct engine *engine, const struct api_request *request, struct text *answer);

api_function api_list_dead;
api_function api_show_dead;
api_function api_retry_dead;
api_function api_drop_dead;
api_function api_list_outbox;
api_function api_show_outbox;
api_function api_drop_outbox;
api_function api_erase;
api_function api_erase_step;
api_function api_erase_preview;
api_function api_erase_cancel;

#endif
