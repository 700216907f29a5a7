/* erase: deletes a customer's or a shop's data from the store. */
#include "commands/commands.h"
#include "commands/common.h"
#include "commands/table.h"

#include "config/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: segrelay erase --shop SHOP [--customer ID] [--dry-run] [--yes] [--config FILE]\n"
	"\n"
	"Deletes all stored data of a customer, or of a whole shop: records, deliveries, queued\n"
	"messages and dead letters. Shows the number of rows and asks for confirmation. The shop\n"
	"does not have to be configured any more. Destinations of the shop with a Public API "
	"token\n"
	"are asked to delete the users. Shopify's customers/redact and shop/redact do the same.\n"
	"\n"
	"  --shop SHOP      the shop's domain\n"
	"  --customer ID    Shopify's id of the customer; without it the whole shop is erased\n"
	"  --dry-run        show what would be deleted, delete nothing\n"
	"  --yes            do not ask for confirmation\n"
	"  --config FILE    the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"example:\n"
	"  segrelay erase --shop my-store.myshopify.com --customer 7106345812043 --dry-run\n";

enum { CUSTOMER_MAX = 20 };

struct erase {
	const struct config *config;
	const char *shop;
	const char *customer; /* NULL for the whole shop */
	bool dry_run;
	bool yes;
	bool is_partial; /* the preview did not find everything */
};

/* Shopify's ids are numbers. Anything else may be personal data, and is not printed. */
static bool is_customer(const char *id)
{
	size_t length = strlen(id);

	return length > 0 && length <= CUSTOMER_MAX && strspn(id, "0123456789") == length;
}

/* ---- calling the admin API ---- */

/* `state` continues a preview, NULL starts one. NULL after an error was printed. */
static const cJSON *ask(
	const struct erase *erase, const char *path, const char *state, struct arena *arena)
{
	struct text body = {0};
	struct text answer = {0};
	const cJSON *json;

	text_put(&body, "{");
	json_add_member(&body, "shop", erase->shop);
	json_add_member(&body, "customer", erase->customer);
	json_add_member(&body, "state", state);
	text_put(&body, "}");
	json = admin_call_json(erase->config, "POST", path, text_string(&body), arena, &answer);
	text_free(&answer);
	text_free(&body);
	return json;
}

/* ---- preview ---- */

static const char *subject(const struct erase *erase, char *text, size_t size)
{
	if (erase->customer != NULL)
		(void)snprintf(text, size, "customer %s of %s", erase->customer, erase->shop);
	else
		(void)snprintf(text, size, "the whole shop %s", erase->shop);
	return text;
}

/* Adds a row unless the number is 0. Returns the number. */
static int64_t add_row(struct table *table, const char *what, const char *number)
{
	int64_t count = number != NULL ? strtoll(number, NULL, 10) : 0;

	if (count > 0) {
		table_add(table, what);
		table_add_number(table, number);
	}
	return count;
}

/* Prints the numbers of rows to erase: each kind of record, then the rest. Returns the sum. */
static int64_t print_counts(const struct erase *erase, const cJSON *counts)
{
	struct table table = {.columns = 2};
	const cJSON *kind;
	int64_t sum = 0;
	char of[300];

	table_add(&table, "KIND");
	table_add(&table, "COUNT");
	cJSON_ArrayForEach (kind, json_at(counts, "records")) {
		char name[64];

		(void)snprintf(name, sizeof(name), "record: %s", kind->string);
		sum += add_row(&table, name, json_text(kind, "."));
	}
	sum += add_row(&table, "deliveries", json_text(counts, "deliveries"));
	sum += add_row(&table, "queued messages", json_text(counts, "messages"));
	sum += add_row(&table, "dead letters", json_text(counts, "dead"));
	if (sum > 0) {
		(void)printf("Stored data of %s:\n", subject(erase, of, sizeof(of)));
		table_print(&table);
	} else {
		(void)printf("No data of %s is stored.\n", subject(erase, of, sizeof(of)));
	}
	text_free(&table.cells);
	return sum;
}

static void print_partial(void)
{
	(void)puts(
		"Not everything was found: the customer has more merges, carts and browsers than "
		"one search\ncovers. Erase again, including the customers merged into this one.");
}

/* Counts what is stored and prints it. 0 to go on, or -1 after an error was printed. */
static int preview(struct erase *erase)
{
	struct arena *arena = NULL;
	char *state = NULL;
	const cJSON *json;
	int result = -1;

	do {
		const char *next;

		arena_destroy(arena);
		arena = arena_create(4096);
		json = arena != NULL ? ask(erase, "/erase/preview", state, arena) : NULL;
		free(state);
		next = json_text(json, "state");
		state = next != NULL ? strdup(next) : NULL;
	} while (json != NULL && json_is_true(json, "running") && state != NULL);
	free(state);
	if (json != NULL && json_is_true(json, "running"))
		(void)report_error("no memory");
	else if (json != NULL && print_counts(erase, json) == 0 &&
		 !json_is_true(json, "configured"))
		(void)report_error("the shop \"%s\" is not in %s, and no data of it is stored",
			erase->shop, erase->config->path);
	else if (json != NULL)
		result = 0;
	erase->is_partial = json_is_true(json, "partial");
	if (result == 0 && erase->is_partial)
		print_partial();
	arena_destroy(arena);
	return result;
}

/* ---- erasing ---- */

static bool is_confirmed(const struct erase *erase)
{
	char question[400];
	char of[300];

	(void)snprintf(question, sizeof(question), "Delete all data of %s permanently? (yes/no) ",
		subject(erase, of, sizeof(of)));
	return erase->yes || confirm(question);
}

/* 1 while it is running, 0 when it is done, -1 after an error was printed. */
static int step(const struct erase *erase, const char *path)
{
	struct arena *arena = arena_create(4096);
	const cJSON *json = arena != NULL ? ask(erase, path, NULL, arena) : NULL;
	int running = json != NULL ? json_is_true(json, "running") : -1;

	arena_destroy(arena);
	return running;
}

static int erase_all(const struct erase *erase)
{
	int running = step(erase, "/erase");
	char of[300];

	while (running == 1)
		running = step(erase, "/erase/step");
	if (running != 0)
		return EXIT_FAILED;
	(void)printf("erased: %s\n", subject(erase, of, sizeof(of)));
	if (erase->is_partial)
		print_partial();
	if (config_shop(erase->config, erase->shop) == NULL)
		(void)puts("No destination was asked to delete users, because the shop is not "
			   "configured. Delete them at Segment by hand.");
	return EXIT_GOOD;
}

static int run(struct erase *erase)
{
	if (!erase->dry_run && !erase->yes && !isatty(STDIN_FILENO))
		return report_error(
			"erase needs --yes without a terminal; --dry-run shows what it would "
			"delete");
	if (preview(erase) != 0)
		return EXIT_FAILED;
	if (erase->dry_run)
		return EXIT_GOOD;
	return is_confirmed(erase) ? erase_all(erase)
				   : report_error("not confirmed: nothing was erased");
}

int command_erase(int argc, char **argv)
{
	const char *path = NULL;
	struct erase erase = {0};
	const struct verb_option options[] = {
		{.name = "config", .value = &path},
		{.name = "shop", .value = &erase.shop},
		{.name = "customer", .value = &erase.customer},
		{.name = "dry-run", .flag = &erase.dry_run},
		{.name = "yes", .flag = &erase.yes},
		{0},
	};
	struct config *config;
	int status;
	int operands;

	if (argc > 1 && strcmp(argv[1], "cancel") == 0)
		return command_erase_cancel(argc, argv);
	operands = read_options(argc, argv, options, usage, &status);
	if (operands < 0)
		return status;
	if (operands > 0)
		return report_usage_error(usage, "unexpected operand \"%.40s\"", argv[0]);
	if (erase.shop == NULL || !value_host(erase.shop))
		return report_usage_error(usage, "erase needs --shop with the shop's domain");
	if (erase.customer != NULL && !is_customer(erase.customer))
		return report_usage_error(usage, "--customer must be Shopify's id, only digits");
	config = load_config(path);
	if (config == NULL)
		return EXIT_USAGE;
	erase.config = config;
	status = run(&erase);
	config_release(config);
	return status;
}
