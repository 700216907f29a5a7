/* The error for an unknown option, with a suggestion. */
#include "config/unknown.h"

#include "config/nearest.h"
#include "config/options.h"

#include <string.h>

enum { NAME_SHOWN = 40 };

/* The known name that is most similar to a name; NULL when none is similar. */
static const char *nearest_option(size_t section, const char *name)
{
	struct nearest nearest = {.name = name};

	for (const struct option *row = option_sections[section].options; row->name != NULL; row++)
		nearest_try(&nearest, row->name);
	for (size_t i = 1; section == 0 && i < OPTION_SECTIONS; i++)
		nearest_try(&nearest, option_sections[i].name);
	return nearest.known;
}

/* The section that has an option of this name, or OPTION_SECTIONS. */
static size_t owner_of(const char *name)
{
	for (size_t i = 0; i < OPTION_SECTIONS; i++)
		if (option_find(option_sections[i].options, name) != NULL)
			return i;
	for (size_t i = 1; i < OPTION_SECTIONS; i++)
		if (strcmp(option_sections[i].name, name) == 0)
			return 0;
	return OPTION_SECTIONS;
}

/* A word in the place of a name may be part of a secret with missing quotes. */
static bool looks_like_a_name(const char *name)
{
	size_t length = strlen(name);

	return length <= NAME_SHOWN && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == length;
}

void unknown_name(struct config_errors *errors, const cfg_t *cfg, const char *name)
{
	size_t section = option_section(cfg->name);
	size_t owner = owner_of(name);
	const char *likely = nearest_option(section, name);
	struct text text = {0};

	if (owner == 0 && section != 0)
		text_format(&text,
			"\"%s\" is not allowed in a %s block: is a \"}\" missing before it?", name,
			cfg->name);
	else if (owner != OPTION_SECTIONS && owner != section)
		text_format(&text, "\"%s\" is only allowed in a %s block", name,
			option_sections[owner].name);
	else if (looks_like_a_name(name))
		text_format(&text, "unknown option \"%s\"", name);
	else
		text_put(&text, "a word that is not an option");
	if (owner == OPTION_SECTIONS && likely != NULL)
		text_format(&text, ": did you mean \"%s\"?", likely);
	errors_add(errors, cfg, text_string(&text));
	text_free(&text);
}
