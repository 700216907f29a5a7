/* What is wrong with a configuration file, one line each. */
#include "config/mistakes.h"

#include <string.h>

enum { SHOWN_MAX = 80 };

void mistakes_quote(struct text *text, const char *value)
{
	size_t length = strlen(value);
	bool cut = length > SHOWN_MAX;

	if (cut)
		for (length = SHOWN_MAX;
			length > 0 && ((unsigned char)value[length] & 0xC0) == 0x80;)
			length--;
	text_put(text, "\"");
	for (size_t i = 0; i < length; i++) {
		bool control = (unsigned char)value[i] < 0x20 || value[i] == 0x7F;

		text_add(text, control ? "?" : &value[i], 1);
	}
	text_put(text, cut ? "...\"" : "\"");
}

void mistakes_place(const cfg_t *cfg, struct text *text)
{
	text_format(text, "%s:%d: ", cfg->filename != NULL ? cfg->filename : "?", cfg->line);
	if (cfg->title == NULL)
		return;
	text_format(text, "%s ", cfg->name);
	mistakes_quote(text, cfg->title);
	text_put(text, ": ");
}

void mistakes_add(struct mistakes *mistakes, const cfg_t *cfg, const char *what)
{
	mistakes_place(cfg, mistakes->report);
	text_format(mistakes->report, "%s\n", what);
	mistakes->count++;
}

void mistakes_warn(struct mistakes *mistakes, const cfg_t *cfg, const char *what)
{
	mistakes_place(cfg, mistakes->report);
	text_format(mistakes->report, "warning: %s\n", what);
}
