/* Applies a delivery in a turn: stores and maps it, and queues its new messages. */
#include "engine/engine_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/contradictions.h"
#include "engine/delivery_outcomes.h"
#include "engine/enqueue.h"
#include "engine/isolation.h"
#include "engine/privacy/privacy.h"
#include "engine/recollection.h"
#include "mapping/deferred.h"

#include <string.h>

static int unusable(const char *reason, struct error *error)
{
	(void)error_set(error, "%s", reason);
	return error_classify(error, ERROR_VALUE);
}

/* What the body contradicts: a request to erase, or another topic. */
static enum contradiction contradiction_of(const struct delivery *delivery)
{
	return map_asks_privacy(delivery->topic) ? CONTRADICTS_ERASURE : CONTRADICTS_TOPIC;
}

static int queue_mapped(struct engine *engine, const struct delivery *delivery,
	const struct shop *shop, const struct mapped *mapped, struct topic_state *topic,
	struct error *error)
{
	size_t queued = 0;

	if (enqueue_calls(engine, delivery, shop, mapped, &queued, error) != 0)
		return -1;
	if (queued > 0)
		topic->mapped++;
	else
		topic->repeated++;
	return 0;
}

/* A delivery that is being mapped, and the result. */
struct mapping_work {
	const struct delivery *delivery;
	const cJSON *payload;
	const struct shop *shop;
	struct arena *arena;
	struct recollection recollection;
	struct mapped mapped;
};

/* Maps the delivery; writes nothing. */
static enum isolation_result map(
	struct engine *engine, struct mapping_work *work, struct error *error)
{
	struct record_store records =
		recollection_begin(&work->recollection, engine, work->shop, work->arena, error);
	int result = map_delivery(work->delivery, work->payload, work->shop, &records, work->arena,
		&work->mapped, error);

	if (result == 0 && work->mapped.status == MAP_INVALID)
		result = unusable(work->mapped.reason, error);
	return result == 0 ? ISOLATION_DONE : isolation_result_of(error);
}

/* Writes the records that the mapping has changed, and queues its calls. */
static int write_out(struct engine *engine, void *context, struct error *error)
{
	struct mapping_work *work = context;
	const struct delivery *delivery = work->delivery;
	const struct mapped *mapped = &work->mapped;
	struct topic_state *topic;

	if (recollection_write(&work->recollection, error) != 0 ||
		outcome_dead_waiting(engine, delivery->shop, mapped->unmappable, error) != 0)
		return -1;
	topic = engine_topic(
		engine, delivery->shop, delivery->topic); /* another topic may have moved it */
	if (topic == NULL)
		return error_no_memory(error);
	outcome_log_invalid_fields(engine, delivery, mapped->invalid_fields);
	if (mapped->privacy != PRIVACY_NONE) {
		topic->mapped++;
		return privacy_begin(
			engine, delivery, work->payload, mapped->privacy, work->shop, error);
	}
	if (mapped->status == MAP_EVENTS)
		return queue_mapped(engine, delivery, work->shop, mapped, topic, error);
	outcome_count_skipped(delivery, mapped, topic);
	return 0;
}

/* Searches for a contradiction before the delivery is mapped. */
static enum isolation_result look(struct engine *engine, const struct mapping_work *work,
	struct finding *finding, struct error *error)
{
	int result;

	error->kind = ERROR_OTHER;
	result = contradictions_find(
		engine, work->delivery, work->payload, work->shop, work->arena, finding, error);
	return result == 0 ? ISOLATION_DONE : isolation_result_of(error);
}

static int map_parsed(struct engine *engine, const struct mapping_work *given,
	struct finding *finding, struct error *error)
{
	struct mapping_work work = *given;
	const struct delivery *delivery = work.delivery;
	enum isolation_result outcome = look(engine, &work, finding, error);

	if (outcome == ISOLATION_DONE && finding->reason != NULL)
		return outcome_contradiction(
			engine, delivery, finding->reason, finding->contradiction, error);
	if (outcome == ISOLATION_DONE)
		outcome = map(engine, &work, error);
	if (outcome == ISOLATION_DONE)
		outcome = isolation_write(engine, write_out, &work, error);
	switch (outcome) {
	case ISOLATION_DONE:
		recollection_done(&work.recollection);
		return STORED;
	case ISOLATION_DEAD:
		return work.mapped.contradicts
			       ? outcome_contradiction(engine, delivery, work.mapped.reason,
					 contradiction_of(delivery), error)
			       : outcome_dead(engine, delivery, error->text, error);
	case ISOLATION_DEFER:
		return REFUSED;
	case ISOLATION_FAILED:
		break;
	}
	return -1;
}

/* Counts the shop's number once for each delivery: not for one that is dropped when memory runs
 * out, nor for one that is mapped again. */
int engine_map(struct engine *engine, const struct delivery *delivery, const cJSON *payload,
	const char *problem, const struct shop *shop, struct arena *arena, struct error *error)
{
	const struct mapping_work work = {
		.delivery = delivery, .payload = payload, .shop = shop, .arena = arena};
	bool is_new = delivery->stored != 0;
	struct finding finding;
	int result;

	if (payload == NULL)
		return outcome_dead(engine, delivery, problem, error);
	result = map_parsed(engine, &work, &finding, error);
	if (result != STORED || !is_new)
		return result;
	return shop_numbers_write(engine, shop->domain, &finding.count, error);
}

/* Stores a delivery, unless it is stored already. Counts nothing. */
static int store_new(
	struct engine *engine, struct delivery *delivery, bool *repeated, struct error *error)
{
	if (engine_topic(engine, delivery->shop, delivery->topic) == NULL)
		return error_no_memory(error);
	delivery->stored = engine_retention_now(engine);
	*repeated = false;
	/* Otherwise whoever has one body could have it stored under any number of topics. */
	if (!map_knows(delivery->topic) &&
		contradictions_is_repeated(engine, delivery, repeated, error) != 0)
		return -1;
	return *repeated ? 0 : store_add_delivery(engine->store, delivery, repeated, error);
}

static void count_received(struct engine *engine, const struct delivery *delivery, bool repeated)
{
	struct topic_state *topic = engine_topic(engine, delivery->shop, delivery->topic);

	topic->received++; /* the topic has its counters already */
	topic->repeated += repeated;
	topic->last = delivery->received;
}

/* A delivery that memory does not suffice for is not stored: its repetition would count as a
 * duplicate. */
static int apply(struct engine *engine, struct delivery *delivery, const cJSON *payload,
	const char *problem, const struct shop *shop, struct error *error)
{
	bool repeated = false;
	int result = STORED;

	delivery->locality_key = enqueue_leading_number(json_text(payload, "id|order_id"));
	if (store_new(engine, delivery, &repeated, error) != 0)
		return -1;
	if (!repeated)
		result = engine_map(engine, delivery, payload, problem, shop, engine->arena, error);
	if (result == STORED)
		count_received(engine, delivery, repeated);
	if (result == REFUSED &&
		store_drop_row(engine->store, STORE_DELIVERIES, delivery->id, error) != 0)
		return -1;
	return result;
}

/* Parses the body here, not where it is received, so that the JSON is still in this processor's
 * cache when it is mapped. A body that cannot be parsed is stored, too; but running out of memory
 * does not make a dead letter. */
static int parse_and_apply(struct engine *engine, struct delivery *delivery,
	const struct shop *shop, struct error *error)
{
	struct error problem = {.text = ""};
	const cJSON *payload;
	int result = REFUSED;

	payload = json_parse(engine->arena, delivery->body, delivery->body_length, &problem);
	if (arena_failed(engine->arena))
		(void)error_set(error, "no memory to parse a webhook");
	else
		result = apply(engine, delivery, payload, problem.text, shop, error);
	arena_clear(engine->arena);
	return result;
}

/* Does not read the body, which may be what ends the process. */
static int set_aside_unseen(struct engine *engine, struct delivery *delivery, struct error *error)
{
	static const char reason[] = "the process died three times while it was mapped";
	bool repeated = false;

	if (store_new(engine, delivery, &repeated, error) != 0)
		return -1;
	if (!repeated && outcome_dead(engine, delivery, reason, error) != 0)
		return -1;
	count_received(engine, delivery, repeated);
	return STORED;
}

int engine_apply(struct engine *engine, struct delivery *delivery, const struct shop *shop,
	struct error *error)
{
	struct work_id id = progress_of_delivery(delivery);
	int result;

	if (engine_check_room(engine, error) != 0)
		return REFUSED;
	if (progress_is_set_aside(&engine->progress, &id))
		return set_aside_unseen(engine, delivery, error);
	progress_begin(&engine->progress, &id);
	result = parse_and_apply(engine, delivery, shop, error);
	progress_end(&engine->progress, &id);
	return result;
}

static void log_without_id(const struct timer *timer)
{
	static struct log_limit limit;
	int64_t left_out;

	if (strcmp(timer->kind, DEFERRED_FOR_CUSTOMER) == 0 && log_allow(&limit, HOUR, &left_out))
		log_line(LOG_INFO,
			"event sent without a Shopify customer id: it did not arrive in time",
			LOG_STRING("shop", timer->shop), LOG_NUMBER("suppressed", left_out),
			LOG_STRING("action", "have ReCharge include the customer"));
}

int engine_map_timer(struct engine *engine, const struct timer *timer, const struct shop *shop,
	struct arena *arena, struct error *error)
{
	struct recollection recollection;
	struct record_store records = recollection_begin(&recollection, engine, shop, arena, error);
	struct delivery none = {.shop = shop->domain, .topic = timer->kind};
	struct mapped mapped;
	size_t queued = 0;

	if (map_timer(timer, clock_now(), shop, &records, arena, &mapped, error) != 0)
		return -1;
	if (mapped.status == MAP_INVALID)
		return unusable(mapped.reason, error);
	if (recollection_write(&recollection, error) != 0 ||
		outcome_dead_waiting(engine, shop->domain, mapped.unmappable, error) != 0)
		return -1;
	outcome_log_invalid_fields(engine, &none, mapped.invalid_fields);
	if (mapped.calls != NULL)
		log_without_id(timer);
	if (enqueue_calls(engine, &none, shop, &mapped, &queued, error) != 0)
		return -1;
	recollection_done(&recollection);
	return 0;
}
