/* The errors of a configuration file, one line each. */
#include "config/config_errors.h"

#include <string.h>

enum { SHOWN_MAX = 80 };

void errors_quote(struct text *text, const char *value)
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

void errors_place(const cfg_t *cfg, struct text *text)
{
	text_format(text, "%s:%d: ", cfg->filename != NULL ? cfg->filename : "?", cfg->line);
	if (cfg->title == NULL)
		return;
	text_format(text, "%s ", cfg->name);
	errors_quote(text, cfg->title);
	text_put(text, ": ");
}

void errors_add(struct config_errors *errors, const cfg_t *cfg, const char *what)
{
	errors_place(cfg, errors->report);
	text_format(errors->report, "%s\n", what);
	errors->count++;
}

void errors_add_warning(struct config_errors *errors, const cfg_t *cfg, const char *what)
{
	errors_place(cfg, errors->report);
	text_format(errors->report, "warning: %s\n", what);
}
