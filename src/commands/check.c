/* check: validates the configuration as serve does, and prints every error. */
#include "commands/commands.h"
#include "commands/common.h"

#include <stdio.h>

static const char usage[] = "usage: segrelay check [--config FILE]\n"
			    "\n"
			    "Validates the configuration as `segrelay serve` does, and prints "
			    "every error with its file\n"
			    "and line. Exit status: 0 when it is valid, 2 when it is not.\n"
			    "\n"
			    "  --config FILE  the configuration (" CONFIG_DEFAULT_PATH ")\n"
			    "\n"
			    "example:\n"
			    "  CREDENTIALS_DIRECTORY=/etc/segrelay/credentials segrelay check\n";

int command_check(int argc, char **argv)
{
	const char *path = CONFIG_DEFAULT_PATH;
	const struct verb_option options[] = {{.name = "config", .value = &path}, {0}};
	struct text report = {0};
	struct config *config;
	int status;
	int operands = read_options(argc, argv, options, usage, &status);

	if (operands < 0)
		return status;
	if (operands > 0)
		return report_usage_error(usage, "unexpected operand \"%s\"", argv[0]);
	status = config_review(path, &config, &report) == 0 ? EXIT_GOOD : EXIT_USAGE;
	(void)fputs(text_string(&report), stderr);
	text_free(&report);
	if (config != NULL)
		(void)printf("%s: valid: %zu shop%s, %zu destination%s\n", path, config->shop_count,
			config->shop_count == 1 ? "" : "s", config->destination_count,
			config->destination_count == 1 ? "" : "s");
	config_release(config);
	return status;
}
