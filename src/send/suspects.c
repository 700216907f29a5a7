/* Is it the destination that fails, or a message?
 *
 * One message may be answered with 500 or 403, or its connection be reset, each time it is sent. It
 * must not stop the others. The evidence is what passes: a destination that accepts nothing is
 * down, and everything waits in its order; a message that fails while others are accepted is the
 * cause.
 *
 * 1. A batch that failed three times although the requests arrived is a suspect.
 * 2. While the destination is paused, a suspect's first unit (messages that belong together) is the
 *    probe; each fourth probe is something else. So the order stays, and evidence comes early.
 * 3. Once something was accepted, suspects that fail again are halved without a pause, so long as
 *    something is accepted now and then (`credit`); the others go on beside them.
 * 4. A message that failed, and fails again alone after another was accepted, is set aside: the
 *    engine keeps it with a delay of its own (engine/set_aside.c).
 *
 * A part of a unit goes only after the part before it was accepted, or the store has that it was
 * set aside or refused: an alias comes before what uses its user, also after a restart. */
#include "send/suspects.h"

#include "base/clock.h"

enum {
	SUSPECT_AFTER = 3,
	FRONT_PROBES = 4, /* of so many, one is something else */
	CREDIT = 16,      /* twice the halvings of a batch of 100 */
	EXTRA_CLAIMS_MOST = 8,
	PARTS_MOST = 64,
	EARLY_PROBES_MOST = 8,
};

/* ---- one batch ---- */

/* Whether a suspect failed and nothing was accepted since: to try it again shows nothing. */
static bool is_stuck(const struct target *target, const struct batch *batch)
{
	return batch->is_suspect && batch->failures > 0 && batch->passes == target->passes;
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
static bool is_behind(const struct target *target, const struct batch *batch)
{
	const struct attempt *attempt = target->sender->attempts;

	if (!batch->follows)
		return false;
	if (is_one_before(target->ready, batch) || is_one_before(target->leaving, batch))
		return true;
	while (attempt != NULL && !(attempt->target == target && is_before(attempt->batch, batch)))
		attempt = attempt->next;
	return attempt != NULL;
}

/* The rest of a batch, after it was parted, comes behind it. Nothing without memory: then it is
 * tried as it is. */
static void insert_rest(struct target *target, struct batch *batch, struct batch *rest)
{
	if (rest == NULL)
		return;
	tally_split(target);
	batch->attempts = rest->attempts = 0;
	batch->failures = rest->failures = 0;
	rest->next = batch->next;
	batch->next = rest;
}

static void halve(struct target *target, struct batch *batch)
{
	insert_rest(target, batch, batch_halve(batch));
}

/* ---- which is next ---- */

/* Whether something else can be had from the outbox. */
static bool may_claim(const struct target *target)
{
	return target->unclaimed > 0 && (target->claiming || memory_allows(target));
}

static int64_t ordinary_in_flight(const struct target *target)
{
	return target->in_flight - (target->set_aside_in_flight ? 1 : 0);
}

/* Of those whose trial shows something, the first. NULL when there is none. */
static struct batch **first_open(struct target *target)
{
	for (struct batch **at = &target->ready; *at != NULL; at = &(*at)->next)
		if (!is_stuck(target, *at) && !is_behind(target, *at))
			return at;
	return NULL;
}

/* One to be halved: units only when there is nothing else. NULL when there is none. */
static struct batch **first_divisible(struct target *target)
{
	struct batch **unit = NULL;

	for (struct batch **at = &target->ready; *at != NULL; at = &(*at)->next) {
		if (!batch_is_unit(*at))
			return at;
		if (unit == NULL && (*at)->count > 1 && !is_behind(target, *at))
			unit = at;
	}
	return unit;
}

/* The same, in halves when it is a suspect that failed: as a whole it would fail again. */
static struct batch **first_open_part(struct target *target)
{
	struct batch **at = first_open(target);

	if (at != NULL && (*at)->is_suspect && (*at)->failures > 0 && (*at)->count > 1)
		halve(target, *at);
	return at;
}

/* While the destination accepts messages. */
static struct batch **next_open(struct target *target)
{
	struct batch **at = first_open_part(target);

	if (at != NULL)
		return at;
	if (target->ready == NULL || ordinary_in_flight(target) > 0)
		return NULL;
	if (may_claim(target)) {
		target->wants_claim = true;
		return NULL;
	}
	at = first_divisible(target);
	if (at == NULL)
		return &target->ready;
	halve(target, *at);
	return at;
}

/* The part with the most messages, a unit only when there is nothing else; NULL when none can be
 * halved, or there are too many parts. */
static struct batch **largest(struct target *target)
{
	struct batch **found = first_divisible(target);
	int count = 0;

	for (struct batch **at = &target->ready; *at != NULL; at = &(*at)->next, count++)
		if (found != NULL && !batch_is_unit(*at) && (*at)->count > (*found)->count)
			found = at;
	return count < PARTS_MOST ? found : NULL;
}

/* One that may be tried, another one each time. */
static struct batch **any(struct target *target)
{
	struct batch **found = &target->ready;
	int64_t turn = target->in_a_row / FRONT_PROBES;
	int64_t count = 0;

	for (const struct batch *batch = target->ready; batch != NULL; batch = batch->next)
		count++;
	for (turn = count > 0 ? turn % count : 0; turn > 0; turn--)
		found = &(*found)->next;
	return is_behind(target, *found) ? &target->ready : found;
}

/* One unit out of a larger part: the next behind the first suspect and one from the middle of what
 * waits take turns, as bad messages may stand side by side. NULL when there is no larger part. */
static struct batch **another_unit(struct target *target)
{
	bool is_near = target->in_a_row / FRONT_PROBES % 2 == 1;
	struct batch **at = largest(target);

	if (at != NULL && is_near)
		at = first_divisible(target);
	if (at == NULL || batch_is_unit(*at))
		return NULL;
	if (!is_near) {
		struct batch *first = *at;

		halve(target, first);
		if (first->next != NULL && !is_behind(target, first->next))
			at = &first->next;
	}
	if (!batch_is_unit(*at))
		insert_rest(target, *at, batch_detach(*at));
	return at;
}

/* Something else than the first suspect; NULL while it is being claimed. */
static struct batch **another(struct target *target)
{
	bool is_far = target->in_a_row / FRONT_PROBES % FRONT_PROBES == 0;
	struct batch **at = is_far ? NULL : another_unit(target);
	const struct batch *rest;

	if (at == NULL)
		at = first_open_part(target);
	if (at != NULL)
		return at;
	if (target->claiming)
		return NULL;
	if (may_claim(target) && target->extra_claims < EXTRA_CLAIMS_MOST) {
		target->extra_claims++;
		target->wants_claim = true;
		return NULL;
	}
	at = largest(target);
	if (at == NULL)
		return any(target);
	halve(target, *at);
	rest = (*at)->next;
	return rest != NULL && !is_behind(target, rest) ? &(*at)->next : at;
}

/* While the destination is paused, and the pause is over: one is tried. */
static struct batch **next_probe(struct target *target)
{
	struct batch *first = target->ready;

	if (first == NULL)
		return NULL;
	/* After a restart, what failed before it is not known to have. */
	first->is_suspect |= target->in_a_row >= SUSPECT_AFTER;
	if (first->is_suspect && target->in_a_row > 0 && target->in_a_row % FRONT_PROBES == 0)
		return another(target);
	if (first->is_suspect && !batch_is_unit(first))
		insert_rest(target, first, batch_detach(first));
	return &target->ready;
}

struct batch *suspects_next(struct target *target)
{
	struct batch **at;
	struct batch *batch;

	target->wants_claim = false;
	at = target->pause.failures > 0 ? next_probe(target) : next_open(target);
	if (at == NULL || *at == NULL || is_behind(target, *at))
		return NULL;
	batch = *at;
	*at = batch->next;
	batch->next = NULL;
	return batch;
}

/* ---- what happened ---- */

/* Whether there is something to try that could show whose fault it is. */
static bool has_more(struct target *target)
{
	return ordinary_in_flight(target) > 0 || may_claim(target) || first_open(target) != NULL ||
	       first_divisible(target) != NULL;
}

/* A pause for what was set aside is its own: it was shown to fail while others pass. Where a rate
 * limit is the destination's, what is sent next meets it, too. What did not arrive is not counted.
 */
static bool set_aside_failed(
	struct target *target, struct batch *batch, const struct judgement *judgement)
{
	if (judgement->has_arrived) {
		if (rate_limit_is(judgement) && judgement->wait > 0)
			target->set_aside_hold_at = clock_monotonic() + judgement->wait;
		settle_set_aside(target, batch, judgement);
		return false;
	}
	batch_free(batch);
	target->set_aside_unsettled = false;
	target->set_aside_at = clock_monotonic() + SECOND;
	return true;
}

bool suspects_failed(struct target *target, struct batch *batch, const struct judgement *judgement)
{
	bool has_evidence =
		(batch->is_suspect || batch->failures > 0) && target->passes > batch->passes;

	if (batch->is_set_aside)
		return set_aside_failed(target, batch, judgement);
	batch->is_slow |= time_limit_is_long(judgement->took);
	if (!judgement->has_arrived || rate_limit_spares(target, batch, judgement)) {
		ready_put_back(target, batch);
		return true;
	}
	batch->failures++;
	/* What is shown of a unit is true of one of its messages, which is found at once. */
	if (!has_evidence || batch->count == 1 || !batch_is_unit(batch))
		batch->passes = target->passes;
	target->in_a_row += judgement->is_news;
	batch->is_suspect |= batch->failures >= SUSPECT_AFTER || target->in_a_row >= SUSPECT_AFTER;
	if (batch->is_suspect && has_evidence && batch->count == 1) {
		settle_set_aside(target, batch, judgement);
		return rate_limit_is(judgement);
	}
	ready_put_back(target, batch);
	if (!batch->is_suspect || judgement->wait > 0 || rate_limit_is(judgement) ||
		target->credit == 0 || !has_more(target))
		return true;
	target->credit--;
	return false;
}

void suspects_passed(struct target *target, bool is_news)
{
	target->passes++;
	target->limited = 0;
	if (!is_news)
		return;
	target->credit = CREDIT;
	target->in_a_row = 0;
	target->extra_claims = target->early_probes = 0;
}

/* A destination at which only suspects wait may be paused for long, though it is not down. */
void suspects_queued(struct target *target)
{
	if (target->pause.failures == 0 || target->asked_to_wait ||
		target_pause_left(target) == 0 || target->early_probes >= EARLY_PROBES_MOST ||
		target->ready == NULL || first_open(target) != NULL ||
		first_divisible(target) != NULL)
		return;
	target->early_probes++;
	target->resume_at = clock_monotonic();
	target->in_a_row += FRONT_PROBES - 1;
	target->in_a_row -= target->in_a_row % FRONT_PROBES;
}
