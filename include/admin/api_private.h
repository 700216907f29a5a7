/* The operator's questions on their way to the engine and back, shared by operator*.c. */
#ifndef SEGRELAY_ADMIN_API_PRIVATE_H
#define SEGRELAY_ADMIN_API_PRIVATE_H

#include "base/text.h"
#include "engine/engine.h"

struct question {
	struct task task; /* first: `run` gets its address */
	struct text *answer;
	struct arena *arena; /* for the time of the question */
	int64_t id;
	int64_t after;
	size_t limit;
	int status; /* HTTP's, set by `run` */
};

/* Puts a question to the engine; the HTTP status of the answer. */
int question_ask(struct engine *engine, struct question *question);

/* Makes the answer {"error":what}; returns the status. */
int question_error(struct text *answer, int status, const char *what);

/* Messages of a destination that wait to be sent. */
int64_t question_waiting(const struct destination_state *state);

/* What was asked for; `body` may be NULL, and no NUL ends it. */
struct operator_request {
	const char *path;
	const char *search; /* "?…", or "" */
	const char *body;
	size_t length;
};

/* Answers one: the HTTP status, with the JSON added to `answer`. See operator.h for each. */
typedef int operator_answer(
	struct engine *engine, const struct operator_request *request, struct text *answer);

operator_answer question_list_dead;
operator_answer question_show_dead;
operator_answer question_retry_dead;
operator_answer question_drop_dead;
operator_answer question_list_outbox;
operator_answer question_show_outbox;
operator_answer question_drop_outbox;
operator_answer question_erase;
operator_answer question_erase_step;
operator_answer question_erase_preview;
operator_answer question_erase_cancel;

#endif
