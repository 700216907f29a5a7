/* The operator's questions on their way to the engine and back, shared by operator*.c. */
#ifndef SEGRELAY_ENGINE_QUESTION_H
#define SEGRELAY_ENGINE_QUESTION_H

#include "base/text.h"
#include "engine/engine.h"

struct question {
	struct request request; /* first: `run` gets its address */
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

/* Answers GET /dead?…, GET /dead/ID and POST /dead/retry or /dead/drop: see operator.h. */
int question_list_dead(struct engine *engine, const char *search, struct text *answer);
int question_show_dead(struct engine *engine, int64_t id, struct text *answer);
int question_order_dead(
	struct engine *engine, bool is_retry, const char *body, size_t length, struct text *answer);

/* Answers POST /forget and POST /forget/step: see operator.h. */
int question_forget(
	struct engine *engine, bool is_step, const char *body, size_t length, struct text *answer);

#endif
