/* What the operator's files share. */
#ifndef SEGRELAY_ENGINE_OPERATOR_INSIDE_H
#define SEGRELAY_ENGINE_OPERATOR_INSIDE_H

#include "base/arena.h"
#include "base/text.h"
#include "engine/engine.h"

/* A question that is answered inside a turn. */
struct operator_question {
	struct request request; /* first: `run` gets its address */
	struct text *answer;
	struct arena *arena; /* lives until the answer is there */
	int64_t id;
	int64_t after;
	size_t limit;
	int status; /* HTTP */
};

/* Answers with an error instead of what was written so far. Returns the status. */
int operator_error(struct text *answer, int status, const char *what);

/* Has the question answered; returns the status. */
int operator_ask(struct engine *engine, struct operator_question *question);

/* GET /dead, GET /dead/ID, POST /dead/retry and /dead/drop: see operator.h. */
int operator_list(struct engine *engine, const char *search, struct text *answer);
int operator_show(struct engine *engine, int64_t id, struct text *answer);
int operator_order(
	struct engine *engine, bool is_retry, const char *body, size_t length, struct text *answer);

#endif
