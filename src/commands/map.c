/* map: a dry run. Prints the Segment calls for payloads, starting without records. */
#include "commands/commands.h"
#include "commands/common.h"

#include "base/clock.h"
#include "commands/map_events.h"
#include "commands/map_records.h"

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
	"emitted is named on stderr with the reason. Exit status: 1 when a payload cannot be "
	"mapped.\n"
	"\n"
	"  --shop SHOP         the shop's domain, whose options apply\n"
	"  --destination NAME  the destination for messageIds (default: the shop's first)\n"
	"  --now TIME          the time of receipt, for example 2026-11-23T12:00:00Z\n"
	"  --test              mark the payloads as test notifications of Shopify\n"
	"  --events            print the event catalogue: events, topics and properties\n"
	"  --config FILE       the configuration (" CONFIG_DEFAULT_PATH ";\n"
	"                      defaults of all options if that file does not exist)\n"
	"\n"
	"Topics of ReCharge have a prefix: recharge:subscription/created.\n"
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
	struct map_records records;
	bool failed;
};

/* Prints a call unless it was emitted before. */
static int print_call(struct dry_run *run, const struct segment_call *call)
{
	const char *name = message_name(call, run->shop, run->destination);
	struct uuid id;
	struct text line = {0};
	int emitted = 1;

	if (name != NULL) {
		emitted = message_id_of(&run->destination->space, run->shop->domain, call, &id);
		if (emitted == 0)
			emitted = map_records_mark_emitted(&run->records, &id);
	}
	if (emitted == 0) {
		message_write(call, name, &id, &line);
		text_put(&line, "\n");
		(void)fputs(text_string(&line), stdout);
		if (line.failed)
			emitted = -1;
		text_free(&line);
	}
	return emitted < 0 ? report_error("no memory") : EXIT_GOOD;
}

static void print_outcome(struct dry_run *run, const char *word, const struct mapped *mapped)
{
	if (mapped->invalid_fields != NULL)
		(void)fprintf(stderr, "segrelay: %s: invalid fields left out: %s\n", word,
			mapped->invalid_fields);
	if (mapped->status == MAP_SKIPPED)
		(void)fprintf(stderr, "segrelay: %s: skipped: %s\n", word, mapped->reason);
	if (mapped->status == MAP_INVALID) {
		(void)fprintf(stderr, "segrelay: %s: dead letter: %s\n", word, mapped->reason);
		run->failed = true;
	}
	for (const struct unmappable *one = mapped->unmappable; one != NULL; one = one->next) {
		(void)fprintf(stderr, "segrelay: %s (deferred): dead letter: %s\n", one->topic,
			one->reason);
		run->failed = true;
	}
}

static int print_calls(struct dry_run *run, const struct mapped *mapped)
{
	for (const struct segment_call *call = mapped->calls; call != NULL; call = call->next)
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
	struct record_store memory = map_records_store(&run->records);
	struct mapped mapped;
	struct error error;
	const cJSON *payload = json_parse(arena, text_string(body), body->length, &error);

	if (payload == NULL) {
		run->failed = true;
		(void)fprintf(stderr, "segrelay: %s: dead letter: %s\n", word, error.text);
		return EXIT_GOOD;
	}
	if (map_delivery(&delivery, payload, run->shop, &memory, arena, &mapped, &error) != 0)
		return report_error("%s: %s", word, error.text);
	if (print_calls(run, &mapped) != EXIT_GOOD)
		return EXIT_FAILED;
	print_outcome(run, word, &mapped);
	return EXIT_GOOD;
}

/* Maps one TOPIC=FILE. */
static int map_operand(struct dry_run *run, const char *word)
{
	size_t length = strcspn(word, "=");
	char topic[128];
	struct text body = {0};
	struct error error;
	struct arena *arena;
	int status;

	if (word[length] == '\0' || length == 0 || length >= sizeof(topic))
		return report_usage_error(usage, "\"%s\" is not TOPIC=FILE", word);
	memcpy(topic, word, length);
	topic[length] = '\0';
	if (read_file(word + length + 1, &body, &error) != 0) {
		text_free(&body);
		return report_error("%s", error.text);
	}
	arena = arena_create(body.length * 4);
	status = arena != NULL ? map_body(run, word, topic, &body, arena)
			       : report_error("no memory");
	arena_destroy(arena);
	text_free(&body);
	return status;
}

/* Expires one timer that is due at `until`; *found is false when there is none. */
static int expire_timer(struct dry_run *run, int64_t until, struct arena *arena, bool *found)
{
	struct record_store memory = map_records_store(&run->records);
	struct mapped mapped;
	struct error error;
	struct timer timer;
	int64_t now = clock_now();

	*found = map_records_take_timer(&run->records, until, arena, &timer);
	if (!*found)
		return EXIT_GOOD;
	timer.shop = run->shop->domain;
	if (map_timer(&timer, timer.due > now ? timer.due : now, run->shop, &memory, arena, &mapped,
		    &error) != 0)
		return report_error("%s %s: %s", timer.kind, timer.key, error.text);
	if (print_calls(run, &mapped) != EXIT_GOOD)
		return EXIT_FAILED;
	print_outcome(run, timer.key, &mapped);
	return EXIT_GOOD;
}

static int expire_timers(struct dry_run *run, int64_t until)
{
	int status = EXIT_GOOD;
	bool found = true;

	while (found && status == EXIT_GOOD) {
		struct arena *arena = arena_create(16384);

		status = arena != NULL ? expire_timer(run, until, arena, &found)
				       : report_error("no memory");
		arena_destroy(arena);
	}
	return status;
}

/* The given configuration; else the default file when it exists; else the defaults of all options.
 */
static int find_shop(struct dry_run *run)
{
	bool defaults = run->config_path == NULL && access(CONFIG_DEFAULT_PATH, F_OK) != 0;

	run->config = defaults ? config_defaults(run->shop_name) : load_config(run->config_path);
	if (run->config == NULL)
		return EXIT_USAGE;
	run->shop = config_shop(run->config, run->shop_name);
	if (run->shop == NULL)
		return report_error(
			"the shop \"%s\" is not in %s", run->shop_name, run->config->path);
	run->destination = run->destination_name == NULL
				   ? run->shop->destinations[0]
				   : config_destination(run->config, run->destination_name);
	if (run->destination == NULL)
		return report_error("the destination \"%s\" is not in %s", run->destination_name,
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
	int operands = read_options(argc, argv, options, usage, &status);

	if (operands < 0)
		return status;
	if (events)
		return print_events();
	if (operands == 0 || run.shop_name == NULL)
		return report_usage_error(usage, "map needs --shop and at least one TOPIC=FILE");
	if (run.now != NULL && time_parse(run.now) == TIME_UNKNOWN)
		return report_usage_error(usage, "--now \"%s\" is not a time", run.now);
	if (run.now != NULL)
		clock_hold(time_parse(run.now));
	status = find_shop(&run);
	for (int i = 0; i < operands && status == EXIT_GOOD; i++) {
		status = map_operand(&run, argv[i]);
		if (status == EXIT_GOOD)
			status = expire_timers(&run, clock_now());
	}
	if (status == EXIT_GOOD)
		status = expire_timers(&run, INT64_MAX);
	config_release(run.config);
	map_records_free(&run.records);
	return status == EXIT_GOOD && run.failed ? EXIT_FAILED : status;
}
