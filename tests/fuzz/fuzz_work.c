/* Webhooks of any topic with any body, one after the other, as fuzz_mapping reads them: the work of
 * each is bounded by the bytes of its body and of what is remembered, and by the calls that come of
 * it. The work is counted in steps (base/steps.h), not in time. */
#include "base/clock.h"
#include "base/steps.h"
#include "commands/map_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TOPIC_MAX = 64,
	WEBHOOKS_MAX = 40,
	LONG = 4096,            /* shorter bodies are not looked at */
	STEPS_A_BYTE = 400,     /* as test_growth finds at the most, without calls */
	STEPS_A_CALL = 100000,  /* 32 KB written twice, and queued */
	STEPS_OF_ALL = 1000000, /* whatever the body */
};

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

struct run {
	struct config *config;
	struct map_records remembered;
	uint64_t bytes; /* of all bodies so far: no less than what is remembered of them */
};

static void check(
	const struct run *run, const char *topic, const struct mapped *mapped, uint64_t steps)
{
	uint64_t most = STEPS_OF_ALL + STEPS_A_BYTE * run->bytes;

	for (const struct segment_call *call = mapped->calls; call != NULL; call = call->next)
		most += STEPS_A_CALL;
	if (steps <= most || mapped->status == MAP_INVALID)
		return;
	(void)fprintf(stderr, "%s: %llu steps for %llu bytes, at most %llu\n", topic,
		(unsigned long long)steps, (unsigned long long)run->bytes,
		(unsigned long long)most);
	abort();
}

static void map(struct run *run, const char *topic, const char *body, size_t length)
{
	struct arena *arena = arena_create(65536);
	struct record_store memory = map_records_store(&run->remembered);
	struct delivery delivery = {.shop = run->config->shops[0].domain,
		.topic = topic,
		.received = time_parse("2026-11-23T12:00:00Z")};
	uint64_t before = steps_done;
	struct mapped mapped;
	struct error error;
	const cJSON *payload = json_parse(arena, body, length, &error);

	run->bytes += length;
	if (payload != NULL && map_delivery(&delivery, payload, &run->config->shops[0], &memory,
				       arena, &mapped, &error) != 0)
		abort();
	if (payload != NULL && length >= LONG)
		check(run, topic, &mapped, steps_done - before);
	arena_destroy(arena);
}

static void run_out(struct run *run)
{
	struct record_store memory = map_records_store(&run->remembered);
	bool found = true;

	while (found) {
		struct arena *arena = arena_create(65536);
		uint64_t before = steps_done;
		struct timer timer;
		struct mapped mapped;
		struct error error;

		found = map_records_take_timer(&run->remembered, INT64_MAX, arena, &timer);
		if (found && map_timer(&timer, timer.due, &run->config->shops[0], &memory, arena,
				     &mapped, &error) != 0)
			abort();
		if (found)
			check(run, timer.kind, &mapped, steps_done - before);
		arena_destroy(arena);
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *at = (const char *)data + 1;
	const char *end = (const char *)data + size;
	struct run run = {0};

	if (size == 0)
		return 0;
	run.config = config_defaults("aurora-outfitters.myshopify.com");
	if (run.config == NULL)
		return 0;
	run.config->shops[0].identify = data[0] % 2;
	run.config->shops[0].cancel_on_max_retries = data[0] / 2 % 2;
	for (int i = 0; i < WEBHOOKS_MAX && at < end; i++) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const char *stop;
		char topic[TOPIC_MAX] = "";

		if (line == NULL || line - at >= TOPIC_MAX)
			break;
		memcpy(topic, at, (size_t)(line - at));
		stop = memchr(line, '\0', (size_t)(end - line));
		if (stop == NULL)
			stop = end;
		map(&run, topic, line + 1, (size_t)(stop - line) - 1);
		at = stop + 1;
	}
	run_out(&run);
	map_records_free(&run.remembered);
	config_release(run.config);
	return 0;
}
