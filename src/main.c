/* segrelay: the table of verbs. */
#include "base/text.h"
#include "commands/commands.h"
#include "commands/help_options.h"

#include <stdio.h>
#include <string.h>

static int command_version(int argc, char **argv)
{
	(void)argc, (void)argv;
	(void)puts("segrelay " SEGRELAY_VERSION);
	return EXIT_GOOD;
}

static int command_help(int argc, char **argv);

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} verbs[] = {
	{"serve", command_serve, "receive webhooks and send events to Segment: the daemon"},
	{"check", command_check, "validate the configuration"},
	{"map", command_map, "print the Segment calls for payloads: a dry run"},
	{"post", command_post, "sign a payload as Shopify or ReCharge does and post it"},
	{"status", command_status, "show received deliveries and the outbox"},
	{"dead", command_dead, "list, show, requeue and drop dead letters"},
	{"outbox", command_outbox, "list, show and drop messages that wait to be sent"},
	{"erase", command_erase, "delete a customer's or a shop's data permanently"},
	{"webhooks", command_webhooks,
		"list ReCharge's webhook registrations, register missing ones"},
	{"version", command_version, "print the version"},
	{"help", command_help, "print this list, the help of a verb, or all options"},
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static int find(const char *name)
{
	for (int i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return i;
	return -1;
}

static void print_verbs(FILE *out)
{
	(void)fputs("usage: segrelay VERB [--config FILE] …\n\n", out);
	for (int i = 0; i < VERBS; i++)
		(void)fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].summary);
	(void)fputs("\nSee also `segrelay VERB --help` and segrelay(1); `segrelay help options`\n"
		    "prints the options of segrelay.conf.\n",
		out);
}

static int unknown(const char *name)
{
	int nearest = 0;

	for (int i = 1; i < VERBS; i++)
		if (text_distance(verbs[i].name, name) < text_distance(verbs[nearest].name, name))
			nearest = i;
	if (text_distance(verbs[nearest].name, name) <= 2)
		(void)fprintf(stderr, "segrelay: unknown verb \"%.40s\": did you mean %s?\n", name,
			verbs[nearest].name);
	else
		(void)fprintf(stderr, "segrelay: unknown verb \"%.40s\"\n", name);
	print_verbs(stderr);
	return EXIT_USAGE;
}

static int command_help(int argc, char **argv)
{
	char help[] = "--help";
	int verb = argc > 1 ? find(argv[1]) : -1;

	if (argc > 1 && strcmp(argv[1], "options") == 0)
		return command_help_options(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "--help") != 0 && verb < 0)
		return unknown(argv[1]);
	if (verb >= 0 && verbs[verb].run != command_help && verbs[verb].run != command_version)
		return verbs[verb].run(2, (char *[]){argv[1], help, NULL});
	print_verbs(stdout);
	return EXIT_GOOD;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	int verb = find(name);

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return command_help(1, argv);
	if (strcmp(name, "--version") == 0)
		return command_version(1, argv);
	if (argc < 2) {
		print_verbs(stderr);
		return EXIT_USAGE;
	}
	return verb >= 0 ? verbs[verb].run(argc - 1, argv + 1) : unknown(name);
}
