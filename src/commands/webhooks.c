/* webhooks: lists ReCharge's webhook registrations, and registers missing ones. */
#include "commands/commands.h"
#include "commands/common.h"
#include "commands/recharge_api.h"
#include "commands/table.h"
#include "config/values.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: segrelay webhooks recharge list|sync --shop SHOP [--url URL] [--config FILE]\n"
	"\n"
	"ReCharge deletes a webhook's registration when it could not deliver for 48 hours. This\n"
	"compares the registrations of the shop's recharge_token with the topics that the relay\n"
	"maps.\n"
	"\n"
	"  list           list all registrations, and the missing ones\n"
	"  sync           register the missing ones; other registrations are kept\n"
	"  --shop SHOP    the shop's domain\n"
	"  --url URL      the relay's public URL (default: the option public_url)\n"
	"  --config FILE  the configuration (" CONFIG_DEFAULT_PATH ")\n"
	"\n"
	"Exit status: 1 when a registration is missing, or the API call failed.\n"
	"\n"
	"example:\n"
	"  segrelay webhooks recharge sync --shop my-store.myshopify.com --url "
	"https://relay.example.com\n";

/* The topics to register: those that the relay maps, and those that link ReCharge's customers to
 * Shopify's. `included` is the additional object that their webhooks must include. */
static const struct wanted {
	const char *topic;
	const char *included;
} all_wanted[] = {
	{"subscription/created", "customer"},
	{"subscription/updated", "customer"},
	{"subscription/activated", "customer"},
	{"subscription/cancelled", "customer"},
	{"subscription/paused", "customer"},
	{"subscription/skipped", "customer"},
	{"subscription/unskipped", "customer"},
	{"subscription/swapped", "customer"},
	{"order/processed", NULL},
	/* has Shopify's id of a new subscriber, which did not exist when the subscription was
	 * created */
	{"charge/created", NULL},
	{"charge/failed", NULL},
	{"charge/max_retries_reached", NULL},
	{"customer/created", NULL},
	{"customer/updated", NULL},
	{"customer/payment_method_updated", "payment_methods"},
	{0},
};

struct job {
	const struct shop *shop;
	const char *base; /* the relay's public URL */
	bool sync;
	struct arena *arena;
	struct registration *registrations;
	struct table table;
	size_t missing;
	struct error last_error; /* the last error of a registration */
};

/* The address for webhooks of a topic; in the arena, NULL without memory. */
static const char *address_of(const struct job *job, const char *topic)
{
	return arena_format(
		job->arena, "%s/webhooks/recharge/%s/%s", job->base, job->shop->domain, topic);
}

static void add_row(
	struct job *job, const char *id, const char *topic, const char *state, const char *address)
{
	table_add(&job->table, id);
	table_add(&job->table, topic);
	table_add(&job->table, state);
	table_add(&job->table, address);
}

/* ---- existing registrations ---- */

static const struct wanted *find_wanted(const char *topic)
{
	const struct wanted *wanted = all_wanted;

	while (wanted->topic != NULL && strcmp(wanted->topic, topic) != 0)
		wanted++;
	return wanted->topic != NULL ? wanted : NULL;
}

static bool wants_customer(const struct wanted *wanted)
{
	return wanted->included != NULL && strcmp(wanted->included, "customer") == 0;
}

/* The registration of a topic at an address that is before `end` in the list, or anywhere for NULL;
 * NULL when there is none. */
static const struct registration *find_before(const struct job *job, const struct registration *end,
	const char *topic, const char *address)
{
	for (const struct registration *at = job->registrations; at != end; at = at->next)
		if (strcmp(at->topic, topic) == 0 && strcmp(at->address, address) == 0)
			return at;
	return NULL;
}

/* The state of a registration; NULL without memory. */
static const char *state_of(const struct job *job, const struct registration *registration)
{
	size_t length = strlen(job->base);
	const char *address = address_of(job, registration->topic);
	const struct wanted *wanted = find_wanted(registration->topic);

	if (address == NULL)
		return NULL;
	if (strncmp(registration->address, job->base, length) != 0 ||
		registration->address[length] != '/')
		return "elsewhere";
	if (strcmp(registration->address, address) != 0)
		return "wrong address";
	if (find_before(job, registration, registration->topic, address) != NULL)
		return "twice";
	if (wanted == NULL)
		return "not needed";
	return registration->lacks_customer && wants_customer(wanted) ? "no customer" : "ok";
}

static int add_all(struct job *job)
{
	for (const struct registration *at = job->registrations; at != NULL; at = at->next) {
		const char *state = state_of(job, at);

		if (state == NULL)
			return report_error("no memory");
		add_row(job, at->id, at->topic, state, at->address);
	}
	return EXIT_GOOD;
}

/* ---- missing registrations ---- */

/* Prints why a topic could not be registered; the same error only once. */
static void print_failure(struct job *job, const char *topic, const struct error *error)
{
	if (strcmp(error->text, job->last_error.text) != 0)
		(void)report_error("%s: %s", topic, error->text);
	job->last_error = *error;
}

static void add_missing(struct job *job, const struct wanted *wanted, const char *address)
{
	const struct registration missing = {.topic = wanted->topic, .address = address};
	const char *state = "missing";
	struct error error;

	if (job->sync && recharge_register(job->shop, &missing, wanted->included, &error) == 0) {
		state = "registered";
	} else {
		job->missing++;
		if (job->sync) {
			state = "failed";
			print_failure(job, wanted->topic, &error);
		}
	}
	add_row(job, NULL, wanted->topic, state, address);
}

static int add_all_missing(struct job *job)
{
	for (const struct wanted *wanted = all_wanted; wanted->topic != NULL; wanted++) {
		const char *address = address_of(job, wanted->topic);

		if (address == NULL)
			return report_error("no memory");
		if (find_before(job, NULL, wanted->topic, address) == NULL)
			add_missing(job, wanted, address);
	}
	if (job->missing == 0)
		return EXIT_GOOD;
	return report_error("%zu registration%s missing%s", job->missing,
		job->missing == 1 ? "" : "s",
		job->sync ? "" : ": register them with `segrelay webhooks recharge sync`");
}

static int compare(struct job *job)
{
	struct error error;
	int status;

	if (recharge_list(job->shop, job->arena, &job->registrations, &error) != 0)
		return report_error("%s", error.text);
	job->table.columns = 4;
	add_row(job, "ID", "TOPIC", "STATE", "ADDRESS");
	status = add_all(job);
	if (status == EXIT_GOOD)
		status = add_all_missing(job);
	table_print(&job->table);
	return status;
}

/* ---- the verb ---- */

/* Removes trailing slashes; in the arena, NULL without memory. */
static const char *make_base(struct arena *arena, const char *url)
{
	size_t length = strlen(url);

	while (length > 0 && url[length - 1] == '/')
		length--;
	return arena_format(arena, "%.*s", (int)length, url);
}

static int find_shop(
	struct job *job, const struct config *config, const char *domain, const char *url)
{
	job->shop = config_shop(config, domain);
	if (job->shop == NULL)
		return report_error("the shop \"%s\" is not in %s", domain, config->path);
	if (job->shop->recharge_token == NULL)
		return report_error(
			"the shop \"%s\" has no recharge_token_file: create an API token in "
			"ReCharge under Integrations > API tokens",
			domain);
	if (url == NULL && config->public_url == NULL)
		return report_error(
			"the relay's public URL is unknown: pass --url or set public_url");
	job->base = make_base(job->arena, url != NULL ? url : config->public_url);
	return job->base != NULL ? EXIT_GOOD : report_error("no memory");
}

static bool operands_are_valid(int operands, char **argv, const char *domain, const char *url)
{
	if (operands != 2 || strcmp(argv[0], "recharge") != 0 ||
		(strcmp(argv[1], "list") != 0 && strcmp(argv[1], "sync") != 0) || domain == NULL)
		(void)report_usage_error(
			usage, "webhooks needs `recharge list` or `recharge sync`, and --shop");
	else if (url != NULL && !value_url(url))
		(void)report_usage_error(usage, "--url \"%s\" is not an https:// URL", url);
	else
		return true;
	return false;
}

int command_webhooks(int argc, char **argv)
{
	const char *domain = NULL;
	const char *url = NULL;
	const char *path = NULL;
	const struct verb_option options[] = {
		{.name = "shop", .value = &domain},
		{.name = "url", .value = &url},
		{.name = "config", .value = &path},
		{0},
	};
	struct job job = {0};
	struct config *config;
	int status;
	int operands = read_options(argc, argv, options, usage, &status);

	if (operands < 0)
		return status;
	if (!operands_are_valid(operands, argv, domain, url))
		return EXIT_USAGE;
	config = load_config(path);
	if (config == NULL)
		return EXIT_USAGE;
	job.sync = strcmp(argv[1], "sync") == 0;
	job.arena = arena_create(16384);
	status = job.arena != NULL ? find_shop(&job, config, domain, url)
				   : report_error("no memory");
	if (status == EXIT_GOOD)
		status = compare(&job);
	arena_destroy(job.arena);
	config_release(config);
	return status;
}
