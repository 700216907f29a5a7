/* Applies the rules of a topic to one delivery. */
#include "mapping/apply_rules.h"

#include "base/steps.h"
#include "config/events.h"
#include "mapping/calls.h"
#include "mapping/deferred.h"
#include "mapping/identity/identity.h"
#include "mapping/records.h"

enum {
	/* Steps for one delivery or timer. The largest that a shop can send needs a few per cent of
	   them. */
	BUDGET = 50000000,
};

struct work apply_begin(const struct input *in, const struct findings *findings,
	const struct record_store *records, struct arena *arena, struct error *error)
{
	return (struct work){
		.in = in,
		.stored = &findings->stored,
		.identity = &findings->identity,
		.emitted = &findings->emitted,
		.records = records,
		.arena = arena,
		.steps_end = steps_done + BUDGET,
		.error = error,
	};
}

/* ---- rules ---- */

static void apply_rule(
	struct work *work, struct emitted *emitted, const struct rule *rule, struct mapped *result)
{
	struct selection selection = rule->selector(work);

	if (selection.count == 0 && selection.why_not != NULL)
		result->reason = selection.why_not;
	if (rule->call == TRACK && !events_is_sent(work->in->shop, rule->event)) {
		if (selection.count > 0 && result->status != MAP_EVENTS)
			result->reason = "the event is disabled";
		return;
	}
	for (size_t i = 0; i < selection.count && work_goes_on(work); i++) {
		const struct emission emission = {
			work, emitted, rule, selection.items[i], selection.refund, result};

		calls_emit(&emission);
		if (result->status == MAP_INVALID)
			return;
	}
}

/* ---- test traffic ---- */

/* Whether the body, which is signed, marks a test. */
static bool is_test(const struct work *work)
{
	const cJSON *item;

	if (json_is_true(work->in->payload, "test") ||
		json_is_true(work->stored->order.value, "test"))
		return true;
	cJSON_ArrayForEach (item, json_at(work->in->payload, "transactions")) {
		if (json_is_true(item, "test"))
			return true;
	}
	return false;
}

void apply_rules(struct work *work, struct emitted *emitted, struct mapped *result)
{
	emitted->follows_rules = true;
	for (const struct rule *rule = rules; rule->topics != NULL; rule++)
		if (topic_is_among(rule->topics, work->in->delivery->topic) &&
			result->status != MAP_INVALID && work_goes_on(work))
			apply_rule(work, emitted, rule, result);
}

void apply_remember(struct work *work)
{
	if (!work_goes_on(work))
		return;
	work->is_kept = true;
	records_remember(work);
	work->is_kept = false;
}

/* ---- a delivery ---- */

/* Skips test traffic, but updates the records by it, so that later deliveries of the same test are
 * skipped, too. X-Shopify-Test is not signed: a delivery that only the header marks as a test
 * updates nothing. Otherwise a real delivery, posted again with the header, would hide later ones.
 */
void apply_delivery(struct work *work, struct findings *findings, struct mapped *result)
{
	bool marked;
	const char *waits_for;

	records_recall(work, &findings->stored, &findings->identity);
	marked = work->in->delivery->test && !is_test(work);
	if (work->in->topic->is_hint)
		result->reason = "links a browser to its cart and checkout";
	if ((marked || is_test(work)) && work->in->shop->test_orders == SKIP) {
		result->reason = "test traffic (test_orders = skip)";
		result->is_test = true;
	} else if (marked) {
		apply_rules(work, &findings->emitted, result);
		result->marked_test = true;
	} else if ((waits_for = deferred_begin(work)) != NULL) {
		result->reason = waits_for;
		identity_remember_links(work); /* the other records are updated when it is mapped */
		return;
	} else {
		apply_rules(work, &findings->emitted, result);
	}
	if (result->status != MAP_INVALID && !marked)
		apply_remember(work);
}
