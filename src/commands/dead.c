/* dead: lists, shows, requeues and drops dead letters. */
#include "commands/commands.h"
#include "commands/common.h"
#include "commands/print_json.h"
#include "commands/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 1000 };

static const char usage[] =
	"usage: segrelay dead list|show ID|requeue ID…|drop ID… [--all] [--json] [--config FILE]\n"
	"\n"
	"Dead letters are messages that a destination refused, and deliveries that cannot be\n"
	"mapped.\n"
	"\n"
	"  list         list all, with the reason\n"
	"  show ID      show one, with its content, which may contain personal data\n"
	"  requeue ID…  move a message back to the outbox, or map a delivery again\n"
	"  drop ID…     delete permanently\n"
	"  --all        requeue or drop all\n"
	"  --yes        drop all without confirmation\n"
	"  --json       print JSON, with times in milliseconds since 1970\n"
	"  --config FILE  the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"example:\n"
	"  segrelay dead show 12\n";

struct dead {
	const struct config *config;
	struct arena *arena;
	bool all;
	bool yes;
	bool as_json;
};

/* ---- list ---- */

static void add_letter(struct table *table, const cJSON *letter)
{
	table_add(table, json_text(letter, "id"));
	table_add_time(table, json_text(letter, "died"));
	table_add(table, json_text(letter, "shop"));
	table_add(table, json_text(letter, "destination"));
	table_add(table, json_text(letter, "event|topic"));
	table_add_number(table, json_text(letter, "status"));
	table_add(table, json_text(letter, "reason"));
}

/* Lists a page. Returns the id of its last letter, or NULL when it was the last page. *failed is
 * true when the call failed. */
static const char *list_page(
	const struct dead *dead, const char *after, struct table *table, bool *failed)
{
	char path[96];
	struct text answer = {0};
	const cJSON *page;
	const cJSON *letters;
	const char *last = NULL;

	(void)snprintf(path, sizeof(path), "/dead?after=%.20s&limit=%d", after, PAGE);
	page = admin_call_json(dead->config, "GET", path, NULL, dead->arena, &answer);
	*failed = page == NULL;
	letters = json_at(page, "dead");
	for (const cJSON *letter = letters != NULL ? letters->child : NULL; letter != NULL;
		letter = letter->next) {
		add_letter(table, letter);
		last = json_text(letter, "id");
	}
	if (page != NULL && dead->as_json)
		(void)printf("%s\n", text_string(&answer));
	text_free(&answer);
	return cJSON_GetArraySize(letters) == PAGE ? last : NULL;
}

static int list(const struct dead *dead)
{
	static const char *const heads[] = {
		"ID", "DIED", "SHOP", "DESTINATION", "EVENT OR TOPIC", "STATUS", "REASON"};
	struct table table = {.columns = sizeof(heads) / sizeof(heads[0])};
	bool failed = false;

	for (size_t i = 0; i < table.columns; i++)
		table_add(&table, heads[i]);
	for (const char *after = "0"; after != NULL;)
		after = list_page(dead, after, &table, &failed);
	if (!failed && !dead->as_json && table.count == table.columns)
		(void)puts("no dead letters");
	else if (!failed && !dead->as_json)
		table_print(&table);
	text_free(&table.cells);
	return failed ? EXIT_FAILED : EXIT_GOOD;
}

/* ---- show ---- */

static bool is_id(const char *word)
{
	size_t length = strlen(word);

	return length > 0 && length < 19 && strspn(word, "0123456789") == length;
}

static int show(const struct dead *dead, const char *id)
{
	static const char *const names[] = {"id", "kind", "shop", "topic", "destination", "event",
		"messageId", "delivery", "status", "reason"};
	char path[64];
	struct text answer = {0};
	const cJSON *letter;

	(void)snprintf(path, sizeof(path), "/dead/%s", id);
	letter = admin_call_json(dead->config, "GET", path, NULL, dead->arena, &answer);
	if (letter != NULL && dead->as_json) {
		(void)printf("%s\n", text_string(&answer));
	} else if (letter != NULL) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (json_text(letter, names[i]) != NULL)
				(void)printf("%-12s %s\n", names[i], json_text(letter, names[i]));
		if (json_text(letter, "message|body") != NULL)
			print_json(json_text(letter, "message|body"));
	}
	text_free(&answer);
	return letter != NULL ? EXIT_GOOD : EXIT_FAILED;
}

/* ---- requeue and drop ---- */

static bool is_confirmed(const struct dead *dead)
{
	if (dead->yes || !dead->all)
		return true;
	if (!isatty(STDIN_FILENO)) {
		(void)report_error("drop --all needs --yes without a terminal");
		return false;
	}
	return confirm("Delete all dead letters permanently? (yes/no) ");
}

static void print_done(const char *count, const char *done)
{
	(void)printf("%s dead letter%s %s\n", count, strcmp(count, "1") == 0 ? "" : "s", done);
}

static int requeue_or_drop(const struct dead *dead, const char *verb, char **ids, int count)
{
	bool is_requeue = strcmp(verb, "requeue") == 0;
	struct text body = {0};
	struct text answer = {0};
	const cJSON *json;
	const cJSON *id;
	bool all_done;

	if (!is_requeue && !is_confirmed(dead))
		return EXIT_FAILED;
	text_put(&body, dead->all ? "{\"all\":true}" : "{\"ids\":[");
	for (int i = 0; i < count; i++)
		text_format(&body, "%s%s", i > 0 ? "," : "", ids[i]);
	if (!dead->all)
		text_put(&body, "]}");
	json = admin_call_json(dead->config, "POST", is_requeue ? "/dead/requeue" : "/dead/drop",
		text_string(&body), dead->arena, &answer);
	all_done = json != NULL && json_at(json, "unknown") == NULL;
	if (json != NULL && dead->as_json)
		(void)printf("%s\n", text_string(&answer));
	else if (json != NULL)
		print_done(json_text(json, "done"), is_requeue ? "requeued" : "dropped");
	cJSON_ArrayForEach (id, json_at(json, "unknown")) {
		(void)report_error(
			"%s: no such dead letter, or its shop or body does not exist any more",
			json_text(id, "."));
	}
	text_free(&body);
	text_free(&answer);
	return all_done ? EXIT_GOOD : EXIT_FAILED;
}

/* Whether the operands are valid; otherwise an error was printed. */
static bool operands_are_valid(const struct dead *dead, int operands, char **argv)
{
	const char *verb = operands > 0 ? argv[0] : "";
	bool is_action = strcmp(verb, "requeue") == 0 || strcmp(verb, "drop") == 0;

	for (int i = 1; i < operands; i++) {
		if (is_id(argv[i]))
			continue;
		(void)report_usage_error(usage, "\"%.40s\" is not an id", argv[i]);
		return false;
	}
	if ((strcmp(verb, "list") == 0 && operands == 1) ||
		(strcmp(verb, "show") == 0 && operands == 2) ||
		(is_action && (operands > 1) != dead->all))
		return true;
	(void)report_usage_error(usage, "dead needs list, show ID, requeue ID… or drop ID…");
	return false;
}

static int run(const struct dead *dead, int operands, char **argv)
{
	if (strcmp(argv[0], "list") == 0)
		return list(dead);
	if (strcmp(argv[0], "show") == 0)
		return show(dead, argv[1]);
	return requeue_or_drop(dead, argv[0], argv + 1, operands - 1);
}

int command_dead(int argc, char **argv)
{
	const char *path = NULL;
	struct dead dead = {0};
	const struct verb_option options[] = {
		{.name = "config", .value = &path},
		{.name = "all", .flag = &dead.all},
		{.name = "yes", .flag = &dead.yes},
		{.name = "json", .flag = &dead.as_json},
		{0},
	};
	struct config *config;
	int status;
	int operands = read_options(argc, argv, options, usage, &status);

	if (operands < 0)
		return status;
	if (!operands_are_valid(&dead, operands, argv))
		return EXIT_USAGE;
	config = load_config(path);
	if (config == NULL)
		return EXIT_USAGE;
	dead.config = config;
	dead.arena = arena_create(4096);
	status = dead.arena != NULL ? run(&dead, operands, argv) : report_error("no memory");
	arena_destroy(dead.arena);
	config_release(config);
	return status;
}
