/* Messages that a destination does not accept, although it accepts others. */
#include "engine/engine_private.h"

#include "base/clock.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	DELAY_FIRST = SECOND,
	DELAY_MOST = HOUR,
	ATTEMPTS_LEAST = 3, /* before a message becomes a dead letter */
	REASON_SIZE = 320,
};

/* The ms until the next attempt. The delay doubles each time, but the last attempt is made at the
 * end of poison_after. */
static int64_t delay_of(const struct set_aside *set_aside, int64_t now, int64_t poison_after)
{
	int64_t left = set_aside->first_failed + poison_after - now;
	int64_t delay = DELAY_FIRST;

	for (int64_t i = 1; i < set_aside->attempts && delay < DELAY_MOST; i++)
		delay *= 2;
	if (delay > DELAY_MOST)
		delay = DELAY_MOST;
	return left > 0 && left < delay ? left : delay;
}

/* Whether a message that failed again becomes a dead letter. A time in which the destination
 * accepted nothing is not evidence against the message. */
static bool is_poison(const struct set_aside *before, int64_t now, int64_t last_sent,
	const struct failed_alone *failure)
{
	return before->attempts + 1 >= ATTEMPTS_LEAST && last_sent > before->last_failed &&
	       now - before->first_failed >= failure->poison_after;
}

static int make_dead(struct engine *engine, const char *destination,
	const struct failed_alone *failure, int64_t since, struct set_aside_result *result,
	struct error *error)
{
	char reason[REASON_SIZE];

	(void)snprintf(reason, sizeof(reason),
		"not accepted for %" PRId64 " s in %" PRId64 " attempts, while others were: %s",
		since / SECOND, result->attempts, failure->reason);
	return engine_ack_dead(engine, destination, failure->message, failure->status, reason,
		&result->dead, error);
}

static int set_aside(struct engine *engine, const char *destination, struct arena *arena,
	const struct failed_alone *failure, struct set_aside_result *result, struct error *error)
{
	const struct destination_state *state = engine_destination(engine, destination);
	int64_t now = engine_retention_now(engine);
	struct set_aside row;
	bool is_known;

	if (state == NULL)
		return error_no_memory(error);
	if (store_get_set_aside(engine->store, failure->message, arena, &row, &is_known, error) !=
		0)
		return -1;
	if (!is_known)
		row.first_failed = now;
	result->attempts = row.attempts + 1;
	if (is_known && is_poison(&row, now, state->last_sent, failure))
		return make_dead(
			engine, destination, failure, now - row.first_failed, result, error);
	row.attempts++;
	row.last_failed = clock_now();
	row.status = failure->status;
	row.reason = failure->reason;
	result->wait = delay_of(&row, now, failure->poison_after);
	if (result->wait < failure->wait)
		result->wait = failure->wait;
	row.not_before = now + result->wait;
	if (store_set_aside(engine->store, &row, error) != 0 ||
		store_get_set_aside(
			engine->store, failure->message, arena, &row, &is_known, error) != 0)
		return -1;
	if (!is_known) /* an erasure removed it during the attempt */
		*result = (struct set_aside_result){0};
	return 0;
}

int engine_set_aside(struct engine *engine, const char *destination,
	const struct failed_alone *failure, struct set_aside_result *result, struct error *error)
{
	struct arena *arena = arena_create(1024);
	int status;

	*result = (struct set_aside_result){0};
	if (arena == NULL)
		return error_no_memory(error);
	status = set_aside(engine, destination, arena, failure, result, error);
	arena_destroy(arena);
	return status;
}

int engine_count_set_aside(
	struct engine *engine, const char *destination, int64_t *count, struct error *error)
{
	return store_count_set_aside(engine->store, destination, count, error);
}

int engine_claim_set_aside(struct engine *engine, const char *destination, struct arena *arena,
	struct message *message, bool *found, int64_t *wait, struct error *error)
{
	int64_t now = engine_retention_now(engine);
	int64_t next;

	if (store_claim_set_aside(
		    engine->store, destination, now, arena, message, found, &next, error) != 0)
		return -1;
	*wait = next == INT64_MAX ? INT64_MAX : next > now ? next - now : 0;
	return 0;
}
