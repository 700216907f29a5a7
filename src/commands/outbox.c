/* outbox: lists, shows and drops messages that wait to be sent. */
#include "commands/commands.h"
#include "commands/common.h"
#include "commands/outbox_command.h"
#include "commands/print_json.h"
#include "commands/table.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_DEFAULT = 100, PAGE = 1000 };

static const char usage[] =
	"usage: segrelay outbox list|show ID|drop ID… [--destination NAME] [--shop SHOP] [--limit "
	"N] "
	"[--after ID] [--all] [--yes] [--json] [--config FILE]\n"
	"\n"
	"Messages that wait to be sent, oldest first.\n"
	"\n"
	"  list                list ids, events, shops, sizes and states, without content\n"
	"  show ID             show one, with its content, which may contain personal data\n"
	"  drop ID…            delete permanently without sending\n"
	"  --destination NAME  list or drop those of a destination\n"
	"  --shop SHOP         list or drop those of a shop\n"
	"  --limit N           list at most N (100), at least 1\n"
	"  --after ID          list those with a greater id\n"
	"  --all               drop all except requests to delete users\n"
	"  --yes               drop by filter or --all without confirmation\n"
	"  --json              print JSON, with times in milliseconds since 1970\n"
	"  --config FILE       the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"A request to Segment to delete users is dropped only by its id.\n"
	"A message that is being sent is dropped after its request has ended, unless it was\n"
	"accepted.\n"
	"\n"
	"example:\n"
	"  segrelay outbox list --destination main\n";

static bool is_number(const char *word)
{
	size_t length = strlen(word);

	return length > 0 && length < 19 && strspn(word, "0123456789") == length;
}

/* The answer is one line; the daemon's ends with a newline. */
static void print_line(const struct text *answer)
{
	const char *line = text_string(answer);

	(void)printf("%.*s\n", (int)strcspn(line, "\n"), line);
}

/* ---- list ---- */

static void add_parameter(struct text *path, const char *name, const char *value)
{
	if (value == NULL)
		return;
	text_format(path, "&%s=", name);
	for (const char *at = value; *at != '\0'; at++)
		if (isalnum((unsigned char)*at) || strchr("-._~", *at) != NULL)
			text_format(path, "%c", *at);
		else
			text_format(path, "%%%02X", (unsigned char)*at);
}

static void add_row(struct table *table, const cJSON *entry)
{
	table_add(table, json_text(entry, "id"));
	table_add_time(table, json_text(entry, "queued"));
	table_add(table, json_text(entry, "shop"));
	table_add(table, json_text(entry, "destination"));
	table_add(table, json_text(entry, "event"));
	table_add_number(table, json_text(entry, "bytes"));
	table_add(table, json_text(entry, "state"));
	table_add_number(table, json_text(entry, "attempts"));
	table_add_time(table, json_text(entry, "next_attempt"));
	table_add(table, json_text(entry, "reason"));
}

/* Lists up to `most` messages with an id greater than *after, which is advanced. Returns their
 * number; -1 when the call failed. */
static int list_page(
	const struct outbox *outbox, int64_t most, int64_t *after, struct table *table, bool *more)
{
	struct text path = {0};
	struct text answer = {0};
	const cJSON *page = NULL;
	const cJSON *entry;
	int count = -1;

	text_format(&path, "/outbox?after=%" PRId64 "&limit=%" PRId64, *after,
		most < PAGE ? most : PAGE);
	add_parameter(&path, "destination", outbox->destination);
	add_parameter(&path, "shop", outbox->shop);
	if (!path.failed)
		page = admin_call_json(
			outbox->config, "GET", text_string(&path), NULL, outbox->arena, &answer);
	if (page != NULL) {
		count = cJSON_GetArraySize(json_at(page, "messages"));
		cJSON_ArrayForEach (entry, json_at(page, "messages")) {
			add_row(table, entry);
		}
		*more = json_is_true(page, "more");
		*after = strtoll(json_text(page, "last"), NULL, 10);
		if (outbox->as_json)
			print_line(&answer);
	}
	text_free(&path);
	text_free(&answer);
	return count;
}

static int list(const struct outbox *outbox)
{
	static const char *const heads[] = {"ID", "QUEUED", "SHOP", "DESTINATION", "EVENT", "BYTES",
		"STATE", "ATTEMPTS", "NEXT", "REASON"};
	struct table table = {.columns = sizeof(heads) / sizeof(heads[0])};
	int64_t left = outbox->limit != NULL ? strtoll(outbox->limit, NULL, 10) : LIST_DEFAULT;
	int64_t after = outbox->after != NULL ? strtoll(outbox->after, NULL, 10) : 0;
	bool more = true;
	int count = 0;

	for (size_t i = 0; i < table.columns; i++)
		table_add(&table, heads[i]);
	while (more && left > 0 && count >= 0) {
		count = list_page(outbox, left, &after, &table, &more);
		left -= count;
	}
	if (count >= 0 && !outbox->as_json && table.count == table.columns)
		(void)puts("the outbox is empty");
	else if (count >= 0 && !outbox->as_json)
		table_print(&table);
	if (count >= 0 && more && !outbox->as_json)
		(void)printf("there may be more: list them with --after %" PRId64 "\n", after);
	text_free(&table.cells);
	return count < 0 ? EXIT_FAILED : EXIT_GOOD;
}

/* ---- show ---- */

static int show(const struct outbox *outbox, const char *id)
{
	static const char *const names[] = {"id", "shop", "destination", "event", "messageId",
		"delivery", "bytes", "state", "attempts", "status", "reason"};
	char path[64];
	struct text answer = {0};
	const cJSON *entry;

	(void)snprintf(path, sizeof(path), "/outbox/%s", id);
	entry = admin_call_json(outbox->config, "GET", path, NULL, outbox->arena, &answer);
	if (entry != NULL && outbox->as_json) {
		print_line(&answer);
	} else if (entry != NULL) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (json_text(entry, names[i]) != NULL)
				(void)printf("%-12s %s\n", names[i], json_text(entry, names[i]));
		print_json(json_text(entry, "message"));
	}
	text_free(&answer);
	return entry != NULL ? EXIT_GOOD : EXIT_FAILED;
}

/* ---- the verb ---- */

/* Whether the operands are valid; otherwise an error was printed. */
static bool operands_are_valid(const struct outbox *outbox, int operands, char **argv)
{
	const char *verb = operands > 0 ? argv[0] : "";

	for (int i = 1; i < operands; i++) {
		if (is_number(argv[i]))
			continue;
		(void)report_usage_error(usage, "\"%.40s\" is not an id", argv[i]);
		return false;
	}
	if ((outbox->limit != NULL && !is_number(outbox->limit)) ||
		(outbox->after != NULL && !is_number(outbox->after))) {
		(void)report_usage_error(usage, "--limit and --after need a number");
		return false;
	}
	if (outbox->limit != NULL && strtoll(outbox->limit, NULL, 10) == 0) {
		(void)report_usage_error(usage, "--limit must be 1 or more");
		return false;
	}
	if ((strcmp(verb, "list") == 0 && operands == 1) ||
		(strcmp(verb, "show") == 0 && operands == 2) ||
		(strcmp(verb, "drop") == 0 && (operands > 1) != outbox_has_filter(outbox)))
		return true;
	(void)report_usage_error(usage, "outbox needs list, show ID, or drop with ids or a filter");
	return false;
}

static int run(const struct outbox *outbox, int operands, char **argv)
{
	if (strcmp(argv[0], "list") == 0)
		return list(outbox);
	if (strcmp(argv[0], "show") == 0)
		return show(outbox, argv[1]);
	return outbox_drop(outbox, argv + 1, operands - 1);
}

int command_outbox(int argc, char **argv)
{
	const char *path = NULL;
	struct outbox outbox = {0};
	const struct verb_option options[] = {
		{.name = "config", .value = &path},
		{.name = "destination", .value = &outbox.destination},
		{.name = "shop", .value = &outbox.shop},
		{.name = "limit", .value = &outbox.limit},
		{.name = "after", .value = &outbox.after},
		{.name = "all", .flag = &outbox.all},
		{.name = "yes", .flag = &outbox.yes},
		{.name = "json", .flag = &outbox.as_json},
		{0},
	};
	struct config *config;
	int status;
	int operands = read_options(argc, argv, options, usage, &status);

	if (operands < 0)
		return status;
	if (!operands_are_valid(&outbox, operands, argv))
		return EXIT_USAGE;
	config = load_config(path);
	if (config == NULL)
		return EXIT_USAGE;
	outbox.config = config;
	outbox.arena = arena_create(4096);
	status = outbox.arena != NULL ? run(&outbox, operands, argv) : report_error("no memory");
	arena_destroy(outbox.arena);
	config_release(config);
	return status;
}
