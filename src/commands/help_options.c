/* help options: prints the options of segrelay.conf with their defaults, values and descriptions.
 */
#include "commands/help_options.h"

#include "base/json.h"
#include "commands/commands.h"
#include "commands/common.h"
#include "config/options.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: segrelay help options [--json] [NAME …]\n"
	"\n"
	"Prints the options of segrelay.conf with their defaults, allowed values and\n"
	"descriptions: all of them, or those named.\n"
	"\n"
	"  --json  one JSON object a line\n"
	"\n"
	"example:\n"
	"  segrelay help options max_store min_free\n";

enum { WIDTH = 80, INDENT = 6 };

/* The title of a section: its blocks, or what stands outside of all blocks. */
static const char *const titles[OPTION_SECTIONS] = {
	"general options", "destination \"NAME\" { … }", "shop \"DOMAIN\" { … }"};

static bool is_wanted(const char *name, char **names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return count == 0;
}

/* Adds a text in lines of at most WIDTH columns. */
static void add_wrapped(struct text *text, const char *words)
{
	size_t column = WIDTH;

	while (*words != '\0') {
		size_t length = strcspn(words, " ");

		if (column + 1 + length > WIDTH) {
			text_format(text, "\n%*s", INDENT, "");
			column = INDENT;
		} else {
			text_put(text, " ");
			column++;
		}
		text_add(text, words, length);
		column += length;
		words += length + (words[length] == ' ');
	}
}

/* Adds the default; of a list with ", " between its values. */
static void add_default(struct text *text, const struct option *row)
{
	struct text words = {0};

	text_put(&words, "Default: ");
	for (const char *at = row->fallback; *at != '\0'; at++) {
		text_add(&words, at, 1);
		if (*at == ',' && option_is_list(row))
			text_put(&words, " ");
	}
	add_wrapped(text, text_string(&words));
	text->failed = text->failed || words.failed;
	text_free(&words);
}

static void add_option(struct text *text, const struct option *row)
{
	struct text allowed = {0};

	text_format(text, "\n  %s", row->name);
	add_wrapped(text, row->description);
	text_put(&allowed, option_is_list(row) ? "A list of values, each " : "Value: ");
	if (row->kind == OPTION_EVENTS)
		text_put(&allowed, "one of ");
	option_allows(row, &allowed);
	add_wrapped(text, text_string(&allowed));
	text->failed = text->failed || allowed.failed;
	text_free(&allowed);
	if (row->fallback != NULL)
		add_default(text, row);
	text_put(text, "\n");
}

static void add_json(struct text *text, size_t section, const struct option *row)
{
	struct text allowed = {0};

	option_allows(row, &allowed);
	text_put(text, "{");
	json_add_member(text, "section", option_sections[section].name);
	json_add_member(text, "name", row->name);
	json_add_member(text, "default", row->fallback);
	json_add_member(text, "value", text_string(&allowed));
	json_add_flag(text, "list", option_is_list(row));
	json_add_member(text, "description", row->description);
	text_put(text, "}\n");
	text->failed = text->failed || allowed.failed;
	text_free(&allowed);
}

static void add_section(struct text *text, size_t section, bool as_json, char **names, int count)
{
	bool has_title = as_json;

	for (const struct option *row = option_sections[section].options; row->name != NULL;
		row++) {
		if (!is_wanted(row->name, names, count))
			continue;
		if (!has_title)
			text_format(text, "%s%s\n", text->length > 0 ? "\n" : "", titles[section]);
		has_title = true;
		if (as_json)
			add_json(text, section, row);
		else
			add_option(text, row);
	}
}

static bool is_option(const char *name)
{
	for (size_t section = 0; section < OPTION_SECTIONS; section++)
		if (option_find(option_sections[section].options, name) != NULL)
			return true;
	return false;
}

int command_help_options(int argc, char **argv)
{
	bool as_json = false;
	const struct verb_option options[] = {{.name = "json", .flag = &as_json}, {0}};
	int status;
	int count = read_options(argc, argv, options, usage, &status);
	struct text text = {0};

	if (count < 0)
		return status;
	for (int i = 0; i < count; i++)
		if (!is_option(argv[i]))
			return report_usage_error(usage, "unknown option \"%.40s\"", argv[i]);
	for (size_t section = 0; section < OPTION_SECTIONS; section++)
		add_section(&text, section, as_json, argv, count);
	status = text.failed ? report_error("no memory") : EXIT_GOOD;
	if (status == EXIT_GOOD)
		(void)fputs(text_string(&text), stdout);
	text_free(&text);
	return status;
}
