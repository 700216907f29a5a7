/* status: counters of deliveries, and the state of the outbox. */
#include "commands/commands.h"
#include "commands/common.h"
#include "commands/table.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: segrelay status [--json] [--config FILE]\n"
	"\n"
	"Shows the deliveries received for each shop and topic, and the outbox of each\n"
	"destination. Asks the running daemon, or reads the store when none runs.\n"
	"\n"
	"  --json         print JSON, with times in milliseconds since 1970\n"
	"  --config FILE  the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"example:\n"
	"  segrelay status\n";

static void add_row(struct table *table, const cJSON *object, const char *const *names)
{
	for (; *names != NULL; names++)
		table_add_number(table, json_text(object, *names));
}

static void add_heads(struct table *table, const char *const *heads)
{
	while (heads[table->columns] != NULL)
		table->columns++;
	for (; *heads != NULL; heads++)
		table_add(table, *heads);
}

static void print_topics(const cJSON *status)
{
	static const char *const heads[] = {"SHOP", "TOPIC", "LAST", "RECEIVED", "REPEATED",
		"IGNORED", "MAPPED", "DEAD", "DROPPED", NULL};
	static const char *const counts[] = {
		"received", "repeated", "ignored", "mapped", "dead", "dropped", NULL};
	struct table table = {0};
	const cJSON *topic;

	if (json_at(status, "topics") == NULL) {
		(void)puts("no deliveries received yet");
		return;
	}
	add_heads(&table, heads);
	cJSON_ArrayForEach (topic, json_at(status, "topics")) {
		table_add(&table, json_text(topic, "shop"));
		table_add(&table, json_text(topic, "topic"));
		table_add_time(&table, json_text(topic, "last"));
		add_row(&table, topic, counts);
	}
	table_print(&table);
}

/* Appends the clock offset when it exceeds a minute, as measured by the destination's answers. */
static void add_clock(struct text *state, const cJSON *destination)
{
	const char *offset = json_text(destination, "clock_offset_seconds");
	int64_t seconds = offset != NULL ? strtoll(offset, NULL, 10) : 0;

	if (seconds != 0)
		text_format(state, "; this machine's clock is %lld s %s the destination's",
			llabs((long long)seconds), seconds > 0 ? "ahead of" : "behind");
}

/* "ok", "paused until …: reason", "retrying: reason", or "not configured". */
static void add_state(struct table *table, const cJSON *destination)
{
	const char *until = json_text(destination, "paused_until");
	const char *failures = json_text(destination, "failures");
	const char *reason = json_text(destination, "reason");
	int64_t time = until != NULL ? strtoll(until, NULL, 10) : 0;
	struct text state = {0};
	char text[TIME_TEXT];

	time_format(time, text);
	if (!json_is_true(destination, "configured"))
		text_put(&state, "not configured: messages kept");
	else if (time > clock_now())
		text_format(&state, "paused until %s: %s", text, reason != NULL ? reason : "");
	else if (failures != NULL && strcmp(failures, "0") != 0)
		text_format(&state, "retrying: %s", reason != NULL ? reason : "");
	else
		text_put(&state, "ok");
	add_clock(&state, destination);
	table_add(table, text_string(&state));
	text_free(&state);
}

static void print_destinations(const cJSON *status)
{
	static const char *const heads[] = {"DESTINATION", "WAITING", "SET ASIDE", "OLDEST", "SENT",
		"DEAD", "DROPPED", "LAST SENT", "STATE", NULL};
	static const char *const counts[] = {"sent", "dead", "dropped", NULL};
	struct table table = {0};
	const cJSON *destination;

	if (json_at(status, "destinations") == NULL)
		return;
	add_heads(&table, heads);
	cJSON_ArrayForEach (destination, json_at(status, "destinations")) {
		table_add(&table, json_text(destination, "name"));
		table_add_number(&table, json_text(destination, "waiting"));
		table_add_number(&table, json_text(destination, "set_aside"));
		table_add_age(&table, json_text(destination, "oldest_seconds"));
		add_row(&table, destination, counts);
		table_add_time(&table, json_text(destination, "last_sent"));
		add_state(&table, destination);
	}
	(void)puts("");
	table_print(&table);
}

/* The size of the store, and deliveries deleted before keep_deliveries to make room. */
static void print_store(const cJSON *status)
{
	const char *bytes = json_text(status, "store_bytes");
	const char *most = json_text(status, "max_store");
	const char *expired = json_text(status, "expired_early");

	if (bytes == NULL || most == NULL || expired == NULL)
		return;
	(void)printf("\nstore: %lld of %lld MiB", strtoll(bytes, NULL, 10) >> 20,
		strtoll(most, NULL, 10) >> 20);
	if (strcmp(expired, "0") != 0)
		(void)printf(
			"; %s deliveries expired early since the start, to make room", expired);
	(void)puts("");
}

static void print_erasures(const cJSON *status)
{
	static const char *const heads[] = {"PENDING ERASURE", "REQUESTED", "DUE", NULL};
	struct table table = {0};
	const cJSON *erasure;

	if (json_at(status, "erasures") == NULL)
		return;
	add_heads(&table, heads);
	cJSON_ArrayForEach (erasure, json_at(status, "erasures")) {
		table_add(&table, json_text(erasure, "shop"));
		table_add_time(&table, json_text(erasure, "asked"));
		table_add_time(&table, json_text(erasure, "due"));
	}
	(void)puts("");
	table_print(&table);
	(void)puts("cancel with `segrelay erase cancel --shop SHOP`");
}

static void print_contradictions(const cJSON *status)
{
	const char *count = json_text(status, "contradictions");

	if (count != NULL && strcmp(count, "0") != 0)
		(void)printf("\n%s deliveries rejected since the start: their bodies contradict "
			     "their headers (see `segrelay dead list`)\n",
			count);
}

static void print_postponed(const cJSON *status)
{
	const char *count = json_text(status, "timers_postponed");

	if (count != NULL && strcmp(count, "0") != 0)
		(void)printf("\ntimers postponed since the start: %s (see `timer postponed` in the "
			     "log)\n",
			count);
}

int command_status(int argc, char **argv)
{
	const char *path = NULL;
	bool as_json = false;
	const struct verb_option options[] = {
		{.name = "config", .value = &path}, {.name = "json", .flag = &as_json}, {0}};
	struct arena *arena;
	struct config *config;
	struct text answer = {0};
	const cJSON *status = NULL;
	int exit_status;
	int operands = read_options(argc, argv, options, usage, &exit_status);

	if (operands < 0)
		return exit_status;
	if (operands > 0)
		return report_usage_error(usage, "unexpected operand \"%s\"", argv[0]);
	config = load_config(path);
	if (config == NULL)
		return EXIT_USAGE;
	arena = arena_create(4096);
	if (arena != NULL)
		status = admin_call_json(config, "GET", "/status", NULL, arena, &answer);
	if (status != NULL && as_json) {
		(void)printf("%s\n", text_string(&answer));
	} else if (status != NULL) {
		print_topics(status);
		print_destinations(status);
		print_store(status);
		print_erasures(status);
		print_contradictions(status);
		print_postponed(status);
	}
	text_free(&answer);
	arena_destroy(arena);
	config_release(config);
	return status != NULL ? EXIT_GOOD : EXIT_FAILED;
}
