/* From a delivery to Segment calls: chooses what a topic or a timer needs. */
#include "mapping/mapping.h"

#include "base/steps.h"
#include "mapping/apply_rules.h"
#include "mapping/calls.h"
#include "mapping/deferred.h"
#include "mapping/record_kinds.h"
#include "mapping/records.h"
#include "mapping/resources.h"
#include "mapping/shopify/carts.h"
#include "mapping/shopify/catalogue.h"

#include <string.h>

/* ---- deferred deliveries ---- */

/* A delivery that exceeds the budget becomes a dead letter, so that it does not delay others. */
static void set_over_budget(struct mapped *result)
{
	const char *invalid_fields = result->invalid_fields;

	*result = (struct mapped){.status = MAP_INVALID,
		.reason = "mapping budget exceeded: the body takes more work than any of Shopify's "
			  "or ReCharge's",
		.invalid_fields = invalid_fields};
}

static void add_calls(struct mapped *result, const struct mapped *more)
{
	mapped_append(result, more->calls, more->last);
	if (more->status == MAP_EVENTS)
		result->status = MAP_EVENTS;
}

/* Reports one to the engine, which makes a dead letter of it. A delivery that an earlier version
 * deferred has no id: its topic goes to the log. */
static void add_unmappable(struct work *work, const struct delivery *delivery, const char *reason,
	struct mapped *result)
{
	struct unmappable **end = &result->unmappable;
	struct unmappable *one;

	while (*end != NULL)
		end = &(*end)->next;
	if (delivery->id == 0)
		work_invalid_field(work, *delivery->topic != '\0' ? delivery->topic : "(deferred)");
	one = arena_alloc(work->arena, sizeof(*one));
	if (one == NULL) {
		work_fail(work, "no memory");
		return;
	}
	*one = (struct unmappable){
		.delivery = delivery->id, .topic = delivery->topic, .reason = reason};
	*end = one;
}

/* Why a deferred delivery cannot be mapped; NULL when it can. */
static const char *why_not_opened(const struct work *one)
{
	if (one->in->payload == NULL || one->in->topic == NULL)
		return "the deferred body cannot be read";
	return topic_why_unusable(one->in->topic, one->in->payload, one->arena);
}

/* Maps a deferred delivery as it would have been mapped on arrival, but with the records of now. */
static void map_opened(
	struct work *work, struct work *one, struct findings *findings, struct mapped *result)
{
	struct mapped mapped = {.status = MAP_SKIPPED};

	apply_delivery(one, findings, &mapped);
	if (one->is_spent)
		set_over_budget(&mapped);
	if (one->invalid_fields.length > 0)
		work_invalid_field(work, one->in->delivery->topic);
	text_free(&one->invalid_fields);
	work->failed |= one->failed && !one->is_spent;
	if (mapped.status == MAP_INVALID)
		add_unmappable(work, one->in->delivery, mapped.reason, result);
	else
		add_calls(result, &mapped);
}

static void map_deferred(
	struct work *work, const cJSON *bodies, const char *customer_id, struct mapped *result)
{
	const cJSON *waiting;
	uint64_t before = steps_done;

	cJSON_ArrayForEach (waiting, bodies) {
		struct delivery delivery;
		const cJSON *payload = deferred_open(work, waiting, &delivery);
		const struct input in = {
			.delivery = &delivery,
			.topic = payload != NULL ? topic_find(delivery.topic) : NULL,
			.shop = work->in->shop,
			.payload = payload,
			.awaited_customer_id = customer_id,
			.was_deferred = true,
		};
		struct findings findings = {0};
		struct work one =
			apply_begin(&in, &findings, work->records, work->arena, work->error);
		const char *why_not = why_not_opened(&one);

		if (work->failed)
			break;
		if (why_not != NULL)
			add_unmappable(work, &delivery, why_not, result);
		else
			map_opened(work, &one, &findings, result);
	}
	work->steps_end += steps_done - before; /* each delivery had a budget of its own */
}

/* Maps the deferred deliveries of the account first, because they came first: when this delivery
 * names the customer, or when there is no more room for it, as a state is compared with the one
 * before. A delivery that the header marks as a test ends no deferral, because anybody may have
 * posted it again. */
static void end_deferral(struct work *work, struct mapped *result)
{
	const char *account = topic_id(work->in->payload, work->in->topic->account);
	const char *customer = topic_id(work->in->payload, work->in->topic->customer_id);

	if (account == NULL || work->in->delivery->test)
		return;
	if (customer == NULL)
		customer = json_text(work_recall(work, "order",
					     topic_id(work->in->payload, work->in->topic->order))
					     .value,
			"customer_id");
	if (customer != NULL || deferred_is_full(work, DEFERRED_FOR_CUSTOMER, account))
		map_deferred(
			work, deferred_end(work, DEFERRED_FOR_CUSTOMER, account), customer, result);
}

static bool is_test_notification(const struct work *work)
{
	return work->in->delivery->test && work->in->shop->test_orders == SKIP &&
	       (catalogue_handles(work) || carts_is_snapshot(work) ||
		       work->in->topic->privacy != PRIVACY_NONE);
}

static void map_known_topic(struct work *work, struct findings *findings, struct mapped *result)
{
	if (is_test_notification(work)) {
		result->reason = "test traffic (test_orders = skip)";
		result->is_test = true;
	} else if (work->in->topic->privacy != PRIVACY_NONE) {
		result->privacy = work->in->topic->privacy;
		result->reason = "a request to segrelay itself";
	} else if (catalogue_handles(work)) {
		catalogue_update(work);
		result->reason = "updates the catalogue";
	} else if (carts_is_snapshot(work)) {
		carts_update(work);
		result->reason =
			"the cart's changes are emitted when it has not changed for cart_settle";
	} else {
		end_deferral(work, result);
		apply_delivery(work, findings, result);
	}
}

static int finish(struct work *work, struct mapped *result)
{
	if (work->invalid_fields.length > 0)
		result->invalid_fields = work_copy(work, text_string(&work->invalid_fields));
	text_free(&work->invalid_fields);
	if (result->status == MAP_EVENTS)
		result->reason = NULL;
	if (arena_failed(work->arena)) /* a value may have been treated as missing */
		work_fail(work, "no memory");
	if (work->is_spent && work->error->text[0] == '\0') {
		set_over_budget(result);
		return 0;
	}
	return work->failed ? -1 : 0;
}

int map_delivery(const struct delivery *delivery, const cJSON *payload, const struct shop *shop,
	const struct record_store *records, struct arena *arena, struct mapped *result,
	struct error *error)
{
	const struct input in = {
		.delivery = delivery,
		.topic = topic_find(delivery->topic),
		.shop = shop,
		.payload = payload,
	};
	struct findings findings = {0};
	struct work work = apply_begin(&in, &findings, records, arena, error);
	const char *why_not;

	*result = (struct mapped){.status = MAP_SKIPPED, .reason = "nothing to emit"};
	error->text[0] = '\0';
	if (in.topic == NULL) {
		result->reason = "the topic has no mapping";
		return 0;
	}
	why_not = topic_why_unusable(in.topic, payload, arena);
	if (why_not == NULL && !is_test_notification(&work)) {
		why_not = resource_contradicts(delivery, payload, arena);
		result->contradicts = why_not != NULL;
	}
	if (why_not != NULL) {
		result->status = MAP_INVALID;
		result->reason = why_not;
		return finish(&work, result);
	}
	map_known_topic(&work, &findings, result);
	return finish(&work, result);
}

int map_timer(const struct timer *timer, int64_t now, const struct shop *shop,
	const struct record_store *records, struct arena *arena, struct mapped *result,
	struct error *error)
{
	const struct delivery delivery = {
		.shop = shop->domain, .topic = timer->kind, .received = now};
	struct input in = {
		.delivery = &delivery, .topic = topic_of_timer(timer->kind), .shop = shop};
	struct findings findings = {0};
	struct work work = apply_begin(&in, &findings, records, arena, error);

	*result = (struct mapped){.status = MAP_SKIPPED, .reason = "nothing to emit"};
	error->text[0] = '\0';
	if (record_kind_timer(timer->kind) == RECORD_TIMER_DEFERRED) {
		map_deferred(&work, deferred_end(&work, timer->kind, timer->key), NULL, result);
		return finish(&work, result);
	}
	in.payload = work_recall(&work, timer->kind, timer->key).value;
	/* the mapping writes no record without a token */
	if (in.topic == NULL || topic_id(in.payload, in.topic->id) == NULL)
		return finish(&work, result);
	records_recall(&work, &findings.stored, &findings.identity);
	apply_rules(&work, &findings.emitted, result);
	apply_remember(&work);
	if (!work.failed)
		carts_mark_emitted(&work);
	return finish(&work, result);
}

bool map_knows(const char *topic)
{
	return topic_find(topic) != NULL;
}

bool map_asks_privacy(const char *topic)
{
	const struct topic *known = topic_find(topic);

	return known != NULL && known->privacy != PRIVACY_NONE;
}
