/* Prometheus metrics of what is stored. */
#include "engine/operator.h"

#include "base/clock.h"
#include "engine/erasure_wait.h"
#include "engine/inside.h"
#include "engine/question.h"

#include <inttypes.h>

static void add_head(struct text *text, const char *name, const char *type, const char *help)
{
	text_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_deliveries(struct text *text, const struct topic_state *topics, size_t count)
{
	add_head(text, "segrelay_deliveries_total", "counter",
		"Webhooks that were stored, by what became of them.");
	for (size_t i = 0; i < count; i++) {
		const struct topic_state *topic = &topics[i];
		const struct {
			const char *result;
			int64_t count;
		} results[] = {{"received", topic->received}, {"repeated", topic->repeated},
			{"ignored", topic->ignored}, {"mapped", topic->mapped},
			{"dead", topic->dead}, {"dropped", topic->dropped}};

		for (size_t j = 0; j < sizeof(results) / sizeof(results[0]); j++)
			text_format(text,
				"segrelay_deliveries_total{shop=\"%s\",topic=\"%s\",result=\"%s\"} "
				"%" PRId64 "\n",
				topic->shop, topic->topic, results[j].result, results[j].count);
	}
	add_head(text, "segrelay_last_delivery_timestamp_seconds", "gauge",
		"When the last webhook of a topic came.");
	for (size_t i = 0; i < count; i++)
		text_format(text,
			"segrelay_last_delivery_timestamp_seconds{shop=\"%s\",topic=\"%s\"} %.3f\n",
			topics[i].shop, topics[i].topic, (double)topics[i].last / SECOND);
}

/* Adds `name{destination="…"`. */
static void add_name(struct text *text, const char *name, const struct destination_state *state)
{
	text_format(text, "%s{destination=\"", name);
	text_label(text, state->name);
	text_put(text, "\"");
}

static void add_messages(struct text *text, const struct destination_state *states, size_t count)
{
	add_head(text, "segrelay_messages_total", "counter",
		"Messages that were queued, by what became of them.");
	for (size_t i = 0; i < count; i++) {
		const struct destination_state *state = &states[i];
		const struct {
			const char *result;
			int64_t count;
		} results[] = {{"queued", state->queued}, {"sent", state->sent},
			{"dead", state->dead}, {"dropped", state->dropped}};

		for (size_t j = 0; j < sizeof(results) / sizeof(results[0]); j++) {
			add_name(text, "segrelay_messages_total", state);
			text_format(text, ",result=\"%s\"} %" PRId64 "\n", results[j].result,
				results[j].count);
		}
	}
	add_head(text, "segrelay_messages_waiting", "gauge", "Messages that wait to be sent.");
	for (size_t i = 0; i < count; i++) {
		add_name(text, "segrelay_messages_waiting", &states[i]);
		text_format(text, "} %" PRId64 "\n", question_waiting(&states[i]));
	}
}

static int add_ages(struct engine *engine, struct text *text, struct error *error)
{
	size_t count;
	const struct destination_state *states = engine_destinations(engine, &count);

	add_head(text, "segrelay_messages_set_aside", "gauge",
		"Messages among them that fail alone and are tried alone.");
	for (size_t i = 0; i < count; i++) {
		int64_t set_aside;

		if (engine_count_set_aside(engine, states[i].name, &set_aside, error) != 0)
			return -1;
		add_name(text, "segrelay_messages_set_aside", &states[i]);
		text_format(text, "} %" PRId64 "\n", set_aside);
	}
	add_head(text, "segrelay_oldest_waiting_seconds", "gauge",
		"How long the oldest message waits.");
	for (size_t i = 0; i < count; i++) {
		int64_t queued = 0;
		int64_t now = clock_now();

		if (question_waiting(&states[i]) > 0 &&
			store_oldest(engine->store, states[i].name, &queued, error) != 0)
			return -1;
		add_name(text, "segrelay_oldest_waiting_seconds", &states[i]);
		text_format(text, "} %.3f\n",
			queued > 0 && queued < now ? (double)(now - queued) / SECOND : 0.0);
	}
	return 0;
}

/* Those that wait for the operator: what is tried again or dropped is none any more. */
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
	add_head(text, "segrelay_dead_letters", "gauge", "Dead letters that there are now.");
	text_format(text, "segrelay_dead_letters %" PRId64 "\n", dead);
}

static void add_contradictions(const struct engine *engine, struct text *text)
{
	add_head(text, "segrelay_contradictions_total", "counter",
		"Deliveries refused since the start because their body contradicts their headers.");
	for (int i = 0; i < CONTRADICTIONS; i++)
		text_format(text, "segrelay_contradictions_total{reason=\"%s\"} %" PRId64 "\n",
			contradiction_name((enum contradiction)i), engine->contradictions[i]);
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
	add_head(text, "segrelay_erasures_waiting", "gauge",
		"Shops that are erased after redact_grace unless that is cancelled.");
	text_format(text, "segrelay_erasures_waiting %" PRId64 "\n", waiting);
	return 0;
}

/* received = repeated + ignored + mapped + dead + dropped, and nothing waits that is not there:
 * otherwise webhooks or messages went astray. */
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

		if (question_waiting(&states[i]) < 0 ||
			store_oldest(engine->store, states[i].name, &queued, &error) != 0 ||
			(question_waiting(&states[i]) > 0) != (queued > 0))
			return false;
	}
	return true;
}

static int run(struct engine *engine, struct request *request, struct error *error)
{
	struct text *text = ((struct question *)request)->answer;
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
	if (add_erasures(engine, text, ((struct question *)request)->arena, error) != 0)
		return -1;
	add_head(text, "segrelay_store_bytes", "gauge", "Bytes that the store takes.");
	text_format(text, "segrelay_store_bytes %" PRId64 "\n", bytes);
	add_head(text, "segrelay_store_free_bytes", "gauge", "Bytes free on the store's disk.");
	text_format(text, "segrelay_store_free_bytes %" PRId64 "\n", free_bytes);
	add_head(text, "segrelay_deliveries_expired_early_total", "counter",
		"Deliveries deleted before keep_deliveries, to make room; all of their messages "
		"were sent.");
	text_format(text, "segrelay_deliveries_expired_early_total %" PRId64 "\n",
		engine->expired.count);
	add_head(text, "segrelay_timers_waiting", "gauge",
		"Carts that rest, and jobs of forgetting that go on.");
	text_format(text, "segrelay_timers_waiting %" PRId64 "\n", timers);
	add_head(text, "segrelay_clock_jumps_total", "counter",
		"How often the wall clock moved by over a minute more or less than time passed.");
	text_format(text, "segrelay_clock_jumps_total %" PRId64 "\n", engine->daemon.jumps);
	add_head(text, "segrelay_timers_postponed_total", "counter",
		"Timers that failed, or at which the process died, and that are tried again "
		"later.");
	text_format(text, "segrelay_timers_postponed_total %" PRId64 "\n", engine->postponed);
	add_head(text, "segrelay_counters_balanced", "gauge",
		"1 when what came in equals the sum of what became of it.");
	text_format(text, "segrelay_counters_balanced %d\n", is_balanced(engine) ? 1 : 0);
	return 0;
}

int operator_metrics(struct engine *engine, struct text *text, struct error *error)
{
	struct question question = {.request = {.run = run}, .answer = text};

	int result;

	question.arena = arena_create(1024);
	if (question.arena == NULL)
		return error_no_memory(error);
	result = engine_call(engine, &question.request, error);
	arena_destroy(question.arena);
	return result;
}
