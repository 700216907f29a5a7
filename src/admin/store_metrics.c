/* Prometheus metrics of the store. */
#include "admin/api.h"

#include "admin/api_private.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "engine/engine_private.h"
#include "engine/privacy/erasure_wait.h"

static void add_deliveries(struct text *text, const struct topic_state *topics, size_t count)
{
	metric_begin(text, "segrelay_deliveries_total", METRIC_COUNTER, "Deliveries, by result.");
	for (size_t i = 0; i < count; i++) {
		const struct topic_state *topic = &topics[i];
		const struct {
			const char *result;
			int64_t count;
		} results[] = {{"received", topic->received}, {"repeated", topic->repeated},
			{"ignored", topic->ignored}, {"mapped", topic->mapped},
			{"dead", topic->dead}, {"dropped", topic->dropped}};

		for (size_t j = 0; j < sizeof(results) / sizeof(results[0]); j++)
			metric_value(text, "segrelay_deliveries_total",
				METRIC_LABELS({"shop", topic->shop}, {"topic", topic->topic},
					{"result", results[j].result}),
				results[j].count);
	}
	metric_begin(text, "segrelay_last_delivery_timestamp_seconds", METRIC_GAUGE,
		"When the last delivery of a topic arrived.");
	for (size_t i = 0; i < count; i++)
		metric_seconds(text, "segrelay_last_delivery_timestamp_seconds",
			METRIC_LABELS({"shop", topics[i].shop}, {"topic", topics[i].topic}),
			topics[i].last);
}

static void add_messages(struct text *text, const struct destination_state *states, size_t count)
{
	metric_begin(text, "segrelay_messages_total", METRIC_COUNTER, "Messages, by result.");
	for (size_t i = 0; i < count; i++) {
		const struct destination_state *state = &states[i];
		const struct {
			const char *result;
			int64_t count;
		} results[] = {{"queued", state->queued}, {"sent", state->sent},
			{"dead", state->dead}, {"dropped", state->dropped}};

		for (size_t j = 0; j < sizeof(results) / sizeof(results[0]); j++)
			metric_value(text, "segrelay_messages_total",
				METRIC_LABELS({"destination", state->name},
					{"result", results[j].result}),
				results[j].count);
	}
	metric_begin(
		text, "segrelay_messages_waiting", METRIC_GAUGE, "Messages that wait to be sent.");
	for (size_t i = 0; i < count; i++)
		metric_value(text, "segrelay_messages_waiting",
			METRIC_LABELS({"destination", states[i].name}),
			api_count_waiting(&states[i]));
}

static int add_ages(struct engine *engine, struct text *text, struct error *error)
{
	size_t count;
	const struct destination_state *states = engine_destinations(engine, &count);

	metric_begin(text, "segrelay_messages_set_aside", METRIC_GAUGE,
		"Waiting messages that failed alone and are retried alone.");
	for (size_t i = 0; i < count; i++) {
		int64_t set_aside;

		if (engine_count_set_aside(engine, states[i].name, &set_aside, error) != 0)
			return -1;
		metric_value(text, "segrelay_messages_set_aside",
			METRIC_LABELS({"destination", states[i].name}), set_aside);
	}
	metric_begin(text, "segrelay_oldest_waiting_seconds", METRIC_GAUGE,
		"Age of the oldest waiting message.");
	for (size_t i = 0; i < count; i++) {
		int64_t queued = 0;
		int64_t now = clock_now();

		if (api_count_waiting(&states[i]) > 0 &&
			store_oldest(engine->store, states[i].name, &queued, error) != 0)
			return -1;
		metric_seconds(text, "segrelay_oldest_waiting_seconds",
			METRIC_LABELS({"destination", states[i].name}),
			queued > 0 && queued < now ? now - queued : 0);
	}
	return 0;
}

/* Requeued and dropped dead letters are not counted. */
static void add_dead(struct engine *engine, struct text *text)
{
	size_t topic_count;
	size_t destination_count;
	const struct topic_state *topics = engine_topics(engine, &topic_count);
	const struct destination_state *states = engine_destinations(engine, &destination_count);
	int64_t dead = 0;

	for (size_t i = 0; i < topic_count; i++)
		dead += topics[i].dead;
	for (size_t i = 0; i < destination_count; i++)
		dead += states[i].dead;
	metric_write(text, "segrelay_dead_letters", METRIC_GAUGE, "Dead letters at present.", dead);
}

static void add_contradictions(const struct engine *engine, struct text *text)
{
	metric_begin(text, "segrelay_contradictions_total", METRIC_COUNTER,
		"Deliveries rejected since the start because their body contradicts their "
		"headers.");
	for (int i = 0; i < CONTRADICTIONS; i++)
		metric_value(text, "segrelay_contradictions_total",
			METRIC_LABELS({"reason", contradiction_name((enum contradiction)i)}),
			engine->contradictions[i]);
}

static void count_erasure(void *context, const struct erasure *erasure)
{
	(void)erasure;
	++*(int64_t *)context;
}

static int add_erasures(
	struct engine *engine, struct text *text, struct arena *arena, struct error *error)
{
	int64_t waiting = 0;

	if (erasure_each(engine, count_erasure, &waiting, arena, error) != 0)
		return -1;
	metric_write(text, "segrelay_erasures_waiting", METRIC_GAUGE,
		"Shops that are erased after redact_grace, unless cancelled.", waiting);
	return 0;
}

/* Whether received = repeated + ignored + mapped + dead + dropped for deliveries, and the count of
 * waiting messages agrees with the outbox. Otherwise deliveries or messages were lost. */
static bool is_balanced(struct engine *engine)
{
	size_t topic_count;
	size_t destination_count;
	const struct topic_state *topics = engine_topics(engine, &topic_count);
	const struct destination_state *states = engine_destinations(engine, &destination_count);

	for (size_t i = 0; i < topic_count; i++)
		if (topics[i].received != topics[i].repeated + topics[i].ignored +
						  topics[i].mapped + topics[i].dead +
						  topics[i].dropped)
			return false;
	for (size_t i = 0; i < destination_count; i++) {
		int64_t queued = 0;
		struct error error;

		if (api_count_waiting(&states[i]) < 0 ||
			store_oldest(engine->store, states[i].name, &queued, &error) != 0 ||
			(api_count_waiting(&states[i]) > 0) != (queued > 0))
			return false;
	}
	return true;
}

static int run(struct engine *engine, struct task *task, struct error *error)
{
	struct text *text = ((struct api_task *)task)->answer;
	size_t topic_count;
	size_t destination_count;
	const struct topic_state *topics = engine_topics(engine, &topic_count);
	const struct destination_state *states = engine_destinations(engine, &destination_count);
	int64_t bytes;
	int64_t free_bytes;
	int64_t timers;

	if (store_size(engine->store, &bytes, &free_bytes, error) != 0 ||
		store_count_timers(engine->store, &timers, error) != 0)
		return -1;
	add_deliveries(text, topics, topic_count);
	add_messages(text, states, destination_count);
	if (add_ages(engine, text, error) != 0)
		return -1;
	add_dead(engine, text);
	add_contradictions(engine, text);
	if (add_erasures(engine, text, ((struct api_task *)task)->arena, error) != 0)
		return -1;
	metric_write(
		text, "segrelay_store_bytes", METRIC_GAUGE, "Bytes of the store's files.", bytes);
	metric_write(text, "segrelay_store_free_bytes", METRIC_GAUGE,
		"Bytes free on the store's disk.", free_bytes);
	metric_write(text, "segrelay_deliveries_expired_early_total", METRIC_COUNTER,
		"Deliveries deleted before keep_deliveries to make room; all their messages were "
		"sent.",
		engine->expired.count);
	metric_write(text, "segrelay_timers_waiting", METRIC_GAUGE,
		"Timers: carts that settle, deferred deliveries, running erasures.", timers);
	metric_write(text, "segrelay_clock_jumps_total", METRIC_COUNTER,
		"Jumps of the wall clock by more than a minute.", engine->daemon.jumps);
	metric_write(text, "segrelay_timers_postponed_total", METRIC_COUNTER,
		"Timers that failed or crashed the process, and are retried later.",
		engine->postponed);
	metric_write(text, "segrelay_counters_balanced", METRIC_GAUGE,
		"1 when the counters of deliveries and messages agree.", is_balanced(engine));
	return 0;
}

int store_metrics(struct engine *engine, struct text *text, struct error *error)
{
	struct api_task query = {.task = {.run = run}, .answer = text};

	int result;

	query.arena = arena_create(1024);
	if (query.arena == NULL)
		return error_no_memory(error);
	result = engine_call(engine, &query.task, error);
	arena_destroy(query.arena);
	return result;
}
