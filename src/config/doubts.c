/* What a configuration may say, but hardly means. */
#include "config/doubts.h"

#include "base/error.h"

#include <assert.h>
#include <string.h>

/* A list that is given again takes the place of the first one: of a secret, say, that is still in
 * use. "+=" adds to it. */
static void check_list(struct checks *checks, const cfg_t *cfg, const struct option *option)
{
	size_t section = option_section(cfg->name);
	size_t row = (size_t)(option - option_sections[section].options);
	struct error error;

	assert(row < 64);
	if ((checks->lists[section] >> row & 1) != 0) {
		(void)error_set(&error,
			"%s is given a second time: what was given before does not count",
			option->name);
		mistakes_warn(&checks->mistakes, cfg, error.text);
	}
	checks->lists[section] |= (uint64_t)1 << row;
}

/* "sqlite::memory:" is no file. */
static bool is_seen_from_here(const char *store)
{
	static const char sqlite[] = "sqlite:";
	size_t length = sizeof(sqlite) - 1;

	return strncmp(store, sqlite, length) == 0 && strchr("/:", store[length]) == NULL;
}

void doubts_value(struct checks *checks, const cfg_t *cfg, cfg_opt_t *opt,
	const struct option *option, const char *value)
{
	if (option_is_list(option) && cfg_opt_size(opt) == 1)
		check_list(checks, cfg, option);
	if (option->kind == OPTION_STORE && is_seen_from_here(value))
		mistakes_warn(&checks->mistakes, cfg,
			"store is not named from \"/\" on: a verb that is started in another "
			"folder looks for it there");
}
