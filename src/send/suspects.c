/* Finds out whether the destination fails, or a message.
 *
 * A destination may answer one message with 500 or 403, or reset its connection, each time. This
 * message must not stop the others. The evidence is the accepted batches: a destination that
 * accepts nothing is down, and all messages wait in order. A message that fails while others are
 * accepted is the cause.
 *
 * 1. A batch that arrived and failed three times is a suspect.
 * 2. While the destination is paused, the probe is a suspect's first unit (messages that belong
 *    together). Each fourth probe is another batch. So the order is kept, and evidence is found
 *    early.
 * 3. After a success, suspects that fail again are halved without a pause, as long as other batches
 *    are accepted from time to time (`credit`). The other batches are sent meanwhile.
 * 4. A message that failed, and fails again alone after another success, is set aside: the engine
 *    keeps it with its own delay (engine/set_aside.c).
 *
 * A part of a unit is posted only after the part before it was accepted, or was stored as set aside
 * or refused. So an alias is sent before the calls that use its user, also after a restart. */
#include "send/suspects.h"

#include "base/clock.h"
#include "send/send_metrics.h"

enum {
	SUSPECT_AFTER = 3,
	FRONT_PROBES = 4, /* one probe in so many is another batch */
	CREDIT = 16,      /* twice the halvings of a batch of 100 */
	EXTRA_CLAIMS_MOST = 8,
	PARTS_MOST = 64,
	EARLY_PROBES_MOST = 8,
};

/* ---- one batch ---- */

/* Whether a suspect failed and nothing was accepted since: another try gives no evidence. */
static bool is_stuck(const struct lane *lane, const struct batch *batch)
{
	return batch->is_suspect && batch->failures > 0 &&
	       batch->accepted_batches == lane->accepted_batches;
}

static bool is_before(const struct batch *first, const struct batch *second)
{
	return first->messages + first->count == second->messages;
}

static bool is_one_before(const struct batch *list, const struct batch *batch)
{
	while (list != NULL && !is_before(list, batch))
		list = list->next;
	return list != NULL;
}

/* Whether a part must wait for the part before it. */
static bool is_behind(const struct lane *lane, const struct batch *batch)
{
	const struct attempt *attempt = lane->sender->attempts;

	if (!batch->follows)
		return false;
	if (is_one_before(lane->ready, batch) || is_one_before(lane->leaving, batch))
		return true;
	while (attempt != NULL && !(attempt->lane == lane && is_before(attempt->batch, batch)))
		attempt = attempt->next;
	return attempt != NULL;
}

/* Inserts the rest of a split batch after it. `rest` is NULL without memory; then the batch stays
 * whole. */
static void insert_rest(struct lane *lane, struct batch *batch, struct batch *rest)
{
	if (rest == NULL)
		return;
	send_metrics_split(lane);
	batch->attempts = rest->attempts = 0;
	batch->failures = rest->failures = 0;
	rest->next = batch->next;
	batch->next = rest;
}

static void halve(struct lane *lane, struct batch *batch)
{
	insert_rest(lane, batch, batch_halve(batch));
}

/* ---- the next batch ---- */

/* Whether another batch can be claimed from the outbox. */
static bool may_claim(const struct lane *lane)
{
	return lane->unclaimed > 0 && (lane->claiming || claim_memory_allows(lane));
}

static int64_t ordinary_in_flight(const struct lane *lane)
{
	return lane->in_flight - (lane->set_aside_in_flight ? 1 : 0);
}

/* The first batch whose attempt gives evidence. NULL for none. */
static struct batch **first_open(struct lane *lane)
{
	for (struct batch **at = &lane->ready; *at != NULL; at = &(*at)->next)
		if (!is_stuck(lane, *at) && !is_behind(lane, *at))
			return at;
	return NULL;
}

/* A batch to halve; a unit only when there is no other. NULL for none. */
static struct batch **first_divisible(struct lane *lane)
{
	struct batch **unit = NULL;

	for (struct batch **at = &lane->ready; *at != NULL; at = &(*at)->next) {
		if (!batch_is_unit(*at))
			return at;
		if (unit == NULL && (*at)->count > 1 && !is_behind(lane, *at))
			unit = at;
	}
	return unit;
}

/* The same; a suspect that failed is halved, because it would fail again as a whole. */
static struct batch **first_open_part(struct lane *lane)
{
	struct batch **at = first_open(lane);

	if (at != NULL && (*at)->is_suspect && (*at)->failures > 0 && (*at)->count > 1)
		halve(lane, *at);
	return at;
}

/* The next batch while the destination accepts messages. */
static struct batch **next_open(struct lane *lane)
{
	struct batch **at = first_open_part(lane);

	if (at != NULL)
		return at;
	if (lane->ready == NULL || ordinary_in_flight(lane) > 0)
		return NULL;
	if (may_claim(lane)) {
		lane->wants_claim = true;
		return NULL;
	}
	at = first_divisible(lane);
	if (at == NULL)
		return &lane->ready;
	halve(lane, *at);
	return at;
}

/* The batch with the most messages; a unit only when there is no other. NULL when none can be
 * halved, or there are too many parts. */
static struct batch **largest(struct lane *lane)
{
	struct batch **found = first_divisible(lane);
	int count = 0;

	for (struct batch **at = &lane->ready; *at != NULL; at = &(*at)->next, count++)
		if (found != NULL && !batch_is_unit(*at) && (*at)->count > (*found)->count)
			found = at;
	return count < PARTS_MOST ? found : NULL;
}

/* A batch that may be tried; a different one each time. */
static struct batch **next_in_turn(struct lane *lane)
{
	struct batch **found = &lane->ready;
	int64_t turn = lane->failed_in_a_row / FRONT_PROBES;
	int64_t count = 0;

	for (const struct batch *batch = lane->ready; batch != NULL; batch = batch->next)
		count++;
	for (turn = count > 0 ? turn % count : 0; turn > 0; turn--)
		found = &(*found)->next;
	return is_behind(lane, *found) ? &lane->ready : found;
}

/* One unit of a larger batch. The unit after the first suspect and one from the middle of the
 * waiting messages are used in turn, because bad messages may be neighbours. NULL for none. */
static struct batch **another_unit(struct lane *lane)
{
	bool is_near = lane->failed_in_a_row / FRONT_PROBES % 2 == 1;
	struct batch **at = largest(lane);

	if (at != NULL && is_near)
		at = first_divisible(lane);
	if (at == NULL || batch_is_unit(*at))
		return NULL;
	if (!is_near) {
		struct batch *first = *at;

		halve(lane, first);
		if (first->next != NULL && !is_behind(lane, first->next))
			at = &first->next;
	}
	if (!batch_is_unit(*at))
		insert_rest(lane, *at, batch_detach(*at));
	return at;
}

/* Another batch than the first suspect. NULL while it is being claimed. */
static struct batch **next_other(struct lane *lane)
{
	bool is_far = lane->failed_in_a_row / FRONT_PROBES % FRONT_PROBES == 0;
	struct batch **at = is_far ? NULL : another_unit(lane);
	const struct batch *rest;

	if (at == NULL)
		at = first_open_part(lane);
	if (at != NULL)
		return at;
	if (lane->claiming)
		return NULL;
	if (may_claim(lane) && lane->extra_claims < EXTRA_CLAIMS_MOST) {
		lane->extra_claims++;
		lane->wants_claim = true;
		return NULL;
	}
	at = largest(lane);
	if (at == NULL)
		return next_in_turn(lane);
	halve(lane, *at);
	rest = (*at)->next;
	return rest != NULL && !is_behind(lane, rest) ? &(*at)->next : at;
}

/* The probe after a pause. */
static struct batch **next_probe(struct lane *lane)
{
	struct batch *first = lane->ready;

	if (first == NULL)
		return NULL;
	/* After a restart, the batches that failed before it are not known. */
	first->is_suspect |= lane->failed_in_a_row >= SUSPECT_AFTER;
	if (first->is_suspect && lane->failed_in_a_row > 0 &&
		lane->failed_in_a_row % FRONT_PROBES == 0)
		return next_other(lane);
	if (first->is_suspect && !batch_is_unit(first))
		insert_rest(lane, first, batch_detach(first));
	return &lane->ready;
}

struct batch *suspects_next(struct lane *lane)
{
	struct batch **at;
	struct batch *batch;

	lane->wants_claim = false;
	at = lane->pause.failures > 0 ? next_probe(lane) : next_open(lane);
	if (at == NULL || *at == NULL || is_behind(lane, *at))
		return NULL;
	batch = *at;
	*at = batch->next;
	batch->next = NULL;
	return batch;
}

/* ---- results ---- */

/* Whether another batch can be tried that gives evidence. */
static bool has_more(struct lane *lane)
{
	return ordinary_in_flight(lane) > 0 || may_claim(lane) || first_open(lane) != NULL ||
	       first_divisible(lane) != NULL;
}

/* A message that is set aside failed while others were accepted, so its failures do not pause the
 * destination. If a rate limit concerns the destination, the next batch meets it, too. An attempt
 * that did not arrive is not counted. */
static bool set_aside_failed(
	struct lane *lane, struct batch *batch, const struct attempt_result *result)
{
	if (result->has_arrived) {
		if (rate_limit_is(result) && result->wait > 0)
			lane->set_aside_hold_at = clock_monotonic() + result->wait;
		ack_set_aside(lane, batch, result);
		return false;
	}
	batch_free(batch);
	lane->set_aside_unacked = false;
	lane->set_aside_at = clock_monotonic() + SECOND;
	return true;
}

bool suspects_failed(struct lane *lane, struct batch *batch, const struct attempt_result *result)
{
	bool has_evidence = (batch->is_suspect || batch->failures > 0) &&
			    lane->accepted_batches > batch->accepted_batches;

	if (batch->is_set_aside)
		return set_aside_failed(lane, batch, result);
	batch->is_slow |= time_limit_is_long(result->took);
	if (!result->has_arrived || rate_limit_is_general(lane, batch, result)) {
		ready_put_back(lane, batch);
		return true;
	}
	batch->failures++;
	/* The evidence against a unit holds for one of its messages, which is found next. */
	if (!has_evidence || batch->count == 1 || !batch_is_unit(batch))
		batch->accepted_batches = lane->accepted_batches;
	lane->failed_in_a_row += result->is_current;
	batch->is_suspect |=
		batch->failures >= SUSPECT_AFTER || lane->failed_in_a_row >= SUSPECT_AFTER;
	if (batch->is_suspect && has_evidence && batch->count == 1) {
		ack_set_aside(lane, batch, result);
		return rate_limit_is(result);
	}
	ready_put_back(lane, batch);
	if (!batch->is_suspect || result->wait > 0 || rate_limit_is(result) || lane->credit == 0 ||
		!has_more(lane))
		return true;
	lane->credit--;
	return false;
}

void suspects_accepted(struct lane *lane, bool is_current)
{
	lane->accepted_batches++;
	lane->rate_limited = 0;
	if (!is_current)
		return;
	lane->credit = CREDIT;
	lane->failed_in_a_row = 0;
	lane->extra_claims = lane->early_probes = 0;
}

/* A destination with nothing but suspects may be in a long pause although it is not down. */
void suspects_queued(struct lane *lane)
{
	if (lane->pause.failures == 0 || lane->asked_to_wait || lane_pause_left(lane) == 0 ||
		lane->early_probes >= EARLY_PROBES_MOST || lane->ready == NULL ||
		first_open(lane) != NULL || first_divisible(lane) != NULL)
		return;
	lane->early_probes++;
	lane->resume_at = clock_monotonic();
	lane->failed_in_a_row += FRONT_PROBES - 1;
	lane->failed_in_a_row -= lane->failed_in_a_row % FRONT_PROBES;
}
