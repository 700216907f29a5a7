/* Webhooks of any topic with any body, one after the other, by one shop with any options: nothing
 * crashes, and what is told is JSON within Segment's size that names somebody.
 *
 * The input: a byte that chooses options, then `topic LF body NUL` again and again. */
#include "base/clock.h"
#include "commands/map_records.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 32000, TOPIC_MAX = 64, WEBHOOKS_MAX = 40 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Says what is wrong before it is reported as a finding. */
static void demand(bool holds, const char *what, const char *where)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, where);
	abort();
}

static struct config *config_of(unsigned char choice)
{
	struct config *config = config_defaults("aurora-outfitters.myshopify.com");
	struct shop *shop;

	demand(config != NULL, "no configuration", "");
	shop = &config->shops[0];
	shop->user_id = choice % 4;
	shop->order_id = choice / 4 % 3;
	shop->identify = choice / 16 % 2;
	shop->order_completed_on = choice / 32 % 2;
	shop->test_orders = choice / 64 % 2;
	shop->anonymize_ip = choice / 128;
	shop->cancel_on_max_retries = choice % 3 == 0;
	if (choice % 5 == 0)
		shop->recharge_identity_wait = 0;
	return config;
}

static void check_call(const struct config *config, const struct segment_call *call)
{
	struct arena *arena = arena_create(65536);
	const char *name = message_name(call, &config->shops[0], config->shops[0].destinations[0]);
	struct text text = {0};
	struct uuid id;
	struct error error;
	const cJSON *message;

	demand(message_id_of(&config->destinations[0].space, config->shops[0].domain, call, &id) ==
			0,
		"no memory", call->event);
	if (name != NULL) {
		message_write(call, name, &id, &text);
		demand(text.length <= MESSAGE_MAX, "too large", call->event);
		message = json_parse(arena, text_string(&text), text.length, &error);
		demand(message != NULL, "no JSON", text_string(&text));
		demand(json_text(message, "userId|anonymousId") != NULL, "of nobody",
			text_string(&text));
	}
	text_free(&text);
	arena_destroy(arena);
}

static void check(const struct config *config, const struct mapped *mapped)
{
	for (const struct segment_call *call = mapped->calls; call != NULL; call = call->next)
		check_call(config, call);
}

static void map(const struct config *config, struct map_records *remembered, const char *topic,
	const char *body, size_t length)
{
	struct arena *arena = arena_create(65536);
	struct record_store memory = map_records_store(remembered);
	struct delivery delivery = {.shop = config->shops[0].domain,
		.topic = topic,
		.received = time_parse("2026-11-23T12:00:00Z")};
	struct mapped mapped;
	struct error error;
	const cJSON *payload = json_parse(arena, body, length, &error);

	if (payload != NULL) {
		demand(map_delivery(&delivery, payload, &config->shops[0], &memory, arena, &mapped,
			       &error) == 0,
			"not mapped", error.text);
		check(config, &mapped);
	}
	arena_destroy(arena);
}

static void run_out(const struct config *config, struct map_records *remembered)
{
	struct record_store memory = map_records_store(remembered);
	bool found = true;

	while (found) {
		struct arena *arena = arena_create(65536);
		struct timer timer;
		struct mapped mapped;
		struct error error;

		found = map_records_take_timer(remembered, INT64_MAX, arena, &timer);
		if (found) {
			demand(map_timer(&timer, timer.due, &config->shops[0], &memory, arena,
				       &mapped, &error) == 0,
				"not mapped", error.text);
			check(config, &mapped);
		}
		arena_destroy(arena);
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *at = (const char *)data + 1;
	const char *end = (const char *)data + size;
	struct map_records remembered = {0};
	struct config *config;

	if (size == 0)
		return 0;
	config = config_of(data[0]);
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
		map(config, &remembered, topic, line + 1, (size_t)(stop - line) - 1);
		at = stop + 1;
	}
	run_out(config, &remembered);
	map_records_free(&remembered);
	config_release(config);
	return 0;
}
