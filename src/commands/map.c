/* map: a dry run. Shows the Segment calls that payloads become, from an empty memory. */
#include "commands/commands.h"
#include "commands/common.h"

#include "base/clock.h"
#include "commands/map_events.h"
#include "commands/map_memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: segrelay map --shop SHOP [--destination NAME] [--now TIME] [--test] TOPIC=FILE …\n"
	"\n"
	"Prints the Segment calls that these payloads become, in order, one JSON object a line. "
	"It\n"
	"starts from an empty memory and needs neither network nor store; in the end carts are\n"
	"taken to have rested, and what waits for a customer's id to have waited. What is not\n"
	"told is named on stderr with the reason. Exit status: 1 when a payload cannot be mapped.\n"
	"\n"
	"  --shop SHOP         the shop's domain: its options are used\n"
	"  --destination NAME  whose messageIds (the shop's first)\n"
	"  --now TIME          the time at which the webhooks come in, as 2026-11-23T12:00:00Z\n"
	"  --test              as if Shopify had marked them as test notifications\n"
	"  --events            instead: what is told of which topic, with which properties\n"
	"  --config FILE       the configuration (" CONFIG_DEFAULT_PATH ";\n"
	"                      without one, the options' defaults)\n"
	"\n"
	"A topic of ReCharge's is named as recharge:subscription/created.\n"
	"\n"
	"example:\n"
	"  segrelay map --shop my-store.myshopify.com orders/create=order.json\n";

struct dry_run {
	const char *shop_name;
	const char *destination_name;
	const char *now;
	const char *config_path;
	bool test;
	struct config *config;
	const struct shop *shop;
	const struct destination *destination;
	struct map_memory memory;
	bool failed;
};

/* Prints a call unless it was told before. */
static int print_call(struct dry_run *run, const struct call_made *call)
{
	const char *name = message_name(call, run->shop, run->destination);
	struct uuid id;
	struct text line = {0};
	int told = 1;

	if (name != NULL) {
		told = message_id_of(&run->destination->space, run->shop->domain, call, &id);
		if (told == 0)
			told = map_memory_tell(&run->memory, &id);
	}
	if (told == 0) {
		message_write(call, name, &id, &line);
		text_put(&line, "\n");
		(void)fputs(text_string(&line), stdout);
		if (line.failed)
			told = -1;
		text_free(&line);
	}
	return told < 0 ? complain("no memory") : EXIT_GOOD;
}

static void print_outcome(struct dry_run *run, const char *word, const struct mapped *mapped)
{
	if (mapped->unreadable != NULL)
		(void)fprintf(stderr, "segrelay: %s: fields left out that could not be read: %s\n",
			word, mapped->unreadable);
	if (mapped->outcome == IGNORED)
		(void)fprintf(stderr, "segrelay: %s: nothing is told: %s\n", word, mapped->reason);
	if (mapped->outcome == UNUSABLE) {
		(void)fprintf(stderr, "segrelay: %s: a dead letter: %s\n", word, mapped->reason);
		run->failed = true;
	}
	for (const struct unmappable *one = mapped->unmappable; one != NULL; one = one->next) {
		(void)fprintf(stderr, "segrelay: %s, which has waited: a dead letter: %s\n",
			one->topic, one->reason);
		run->failed = true;
	}
}

static int print_calls(struct dry_run *run, const struct mapped *mapped)
{
	for (const struct call_made *call = mapped->calls; call != NULL; call = call->next)
		if (print_call(run, call) != EXIT_GOOD)
			return EXIT_FAILED;
	return EXIT_GOOD;
}

static int map_body(struct dry_run *run, const char *word, const char *topic,
	const struct text *body, struct arena *arena)
{
	struct delivery delivery = {
		.shop = run->shop->domain,
		.topic = topic,
		.test = run->test,
		.received = clock_now(),
		.body = text_string(body),
		.body_length = body->length,
	};
	struct memory memory = map_memory_of(&run->memory);
	struct mapped mapped;
	struct error error;
	const cJSON *payload = json_parse(arena, text_string(body), body->length, &error);

	if (payload == NULL) {
		run->failed = true;
		(void)fprintf(stderr, "segrelay: %s: a dead letter: %s\n", word, error.text);
		return EXIT_GOOD;
	}
	if (map_delivery(&delivery, payload, run->shop, &memory, arena, &mapped, &error) != 0)
		return complain("%s: %s", word, error.text);
	if (print_calls(run, &mapped) != EXIT_GOOD)
		return EXIT_FAILED;
	print_outcome(run, word, &mapped);
	return EXIT_GOOD;
}

/* Maps one TOPIC=FILE. */
static int map_word(struct dry_run *run, const char *word)
{
	size_t length = strcspn(word, "=");
	char topic[128];
	struct text body = {0};
	struct error error;
	struct arena *arena;
	int status;

	if (word[length] == '\0' || length == 0 || length >= sizeof(topic))
		return complain_usage(usage, "\"%s\" is not TOPIC=FILE", word);
	memcpy(topic, word, length);
	topic[length] = '\0';
	if (read_file(word + length + 1, &body, &error) != 0) {
		text_free(&body);
		return complain("%s", error.text);
	}
	arena = arena_create(body.length * 4);
	status = arena != NULL ? map_body(run, word, topic, &body, arena) : complain("no memory");
	arena_destroy(arena);
	text_free(&body);
	return status;
}

/* Lets one timer run out that is due at `until`; *found is false when none is left. */
static int run_out(struct dry_run *run, int64_t until, struct arena *arena, bool *found)
{
	struct memory memory = map_memory_of(&run->memory);
	struct mapped mapped;
	struct error error;
	struct timer timer;
	int64_t now = clock_now();

	*found = map_memory_next_timer(&run->memory, until, arena, &timer);
	if (!*found)
		return EXIT_GOOD;
	timer.shop = run->shop->domain;
	if (map_timer(&timer, timer.due > now ? timer.due : now, run->shop, &memory, arena, &mapped,
		    &error) != 0)
		return complain("%s %s: %s", timer.kind, timer.key, error.text);
	if (print_calls(run, &mapped) != EXIT_GOOD)
		return EXIT_FAILED;
	print_outcome(run, timer.key, &mapped);
	return EXIT_GOOD;
}

static int run_out_all(struct dry_run *run, int64_t until)
{
	int status = EXIT_GOOD;
	bool found = true;

	while (found && status == EXIT_GOOD) {
		struct arena *arena = arena_create(16384);

		status = arena != NULL ? run_out(run, until, arena, &found) : complain("no memory");
		arena_destroy(arena);
	}
	return status;
}

/* The configuration given; else the default one, when there is one; else the defaults. */
static int find_shop(struct dry_run *run)
{
	bool defaults = run->config_path == NULL && access(CONFIG_DEFAULT_PATH, F_OK) != 0;

	run->config = defaults ? config_defaults(run->shop_name) : load_config(run->config_path);
	if (run->config == NULL)
		return EXIT_USAGE;
	run->shop = config_shop(run->config, run->shop_name);
	if (run->shop == NULL)
		return complain("the shop \"%s\" is not in %s", run->shop_name, run->config->path);
	run->destination = run->destination_name == NULL
				   ? run->shop->destinations[0]
				   : config_destination(run->config, run->destination_name);
	if (run->destination == NULL)
		return complain("there is no destination \"%s\" in %s", run->destination_name,
			run->config->path);
	return EXIT_GOOD;
}

int command_map(int argc, char **argv)
{
	struct dry_run run = {0};
	bool events = false;
	const struct verb_option options[] = {
		{.name = "shop", .value = &run.shop_name},
		{.name = "destination", .value = &run.destination_name},
		{.name = "now", .value = &run.now},
		{.name = "config", .value = &run.config_path},
		{.name = "test", .flag = &run.test},
		{.name = "events", .flag = &events},
		{0},
	};
	int status;
	int words = read_options(argc, argv, options, usage, &status);

	if (words < 0)
		return status;
	if (events)
		return print_events();
	if (words == 0 || run.shop_name == NULL)
		return complain_usage(usage, "map needs --shop and at least one TOPIC=FILE");
	if (run.now != NULL && time_parse(run.now) == TIME_UNKNOWN)
		return complain_usage(usage, "--now \"%s\" is no time", run.now);
	if (run.now != NULL)
		clock_hold(time_parse(run.now));
	status = find_shop(&run);
	for (int i = 0; i < words && status == EXIT_GOOD; i++) {
		status = map_word(&run, argv[i]);
		if (status == EXIT_GOOD)
			status = run_out_all(&run, clock_now());
	}
	if (status == EXIT_GOOD)
		status = run_out_all(&run, INT64_MAX);
	config_release(run.config);
	map_memory_free(&run.memory);
	return status == EXIT_GOOD && run.failed ? EXIT_FAILED : status;
}
