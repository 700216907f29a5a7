/* Warnings of values that are valid but hardly meant. */
#include "config/warnings.h"

#include "base/error.h"

#include <assert.h>
#include <string.h>

/* What is given again takes the place of the first one: of a secret, say, that is still in use.
 * "+=" adds to a list. */
static void check_again(
	struct validation *validation, const cfg_t *cfg, const struct option *option)
{
	size_t section = option_section(cfg->name);
	size_t row = (size_t)(option - option_sections[section].options);
	struct error error;

	assert(row < 64);
	if ((validation->given[section] >> row & 1) != 0) {
		(void)error_set(&error, "%s is set twice: the last value wins", option->name);
		errors_add_warning(&validation->errors, cfg, error.text);
	}
	validation->given[section] |= (uint64_t)1 << row;
}

static void check_list(struct validation *validation, const cfg_t *cfg, const struct option *option,
	const char *value)
{
	struct error error;

	if (value[0] != '[') /* to libConfuse a letter like others, and all that is in it */
		return;
	(void)error_set(&error, "%s: a list stands in { }, not in [ ]", option->name);
	errors_add(&validation->errors, cfg, error.text);
}

/* Of a secret that is none nothing would be seen before all that comes is refused. Says no value:
 * it may be a part of one. */
static void check_secret(struct validation *validation, const cfg_t *cfg,
	const struct option *option, const char *value)
{
	struct error error;

	if (strstr(value, "${") != NULL)
		(void)error_set(
			&error, "%s: ${ is replaced within double quotes alone", option->name);
	else if (value[0] == '/')
		(void)error_set(&error, "%s holds a path, it seems: there is an option for files",
			option->name);
	else
		return;
	errors_add_warning(&validation->errors, cfg, error.text);
}

/* "sqlite::memory:" is no file. */
static bool is_seen_from_here(const char *store)
{
	static const char sqlite[] = "sqlite:";
	size_t length = sizeof(sqlite) - 1;

	return strncmp(store, sqlite, length) == 0 && strchr("/:", store[length]) == NULL;
}

void warnings_value(struct validation *validation, const cfg_t *cfg, cfg_opt_t *opt,
	const struct option *option, const char *value)
{
	if (cfg_opt_size(opt) == 1) /* the first of a list, or the one value */
		check_again(validation, cfg, option);
	if (option_is_list(option) && cfg_opt_size(opt) == 1)
		check_list(validation, cfg, option, value);
	if (option->kind == OPTION_SECRET || option->kind == OPTION_SECRETS)
		check_secret(validation, cfg, option, value);
	if (option->kind == OPTION_STORE && is_seen_from_here(value))
		errors_add_warning(&validation->errors, cfg,
			"store is not named from \"/\" on: a verb that is started in another "
			"folder looks for it there");
}
