/* Warnings of values that are valid but probably not intended. */
#include "config/warnings.h"

#include "base/error.h"

#include <assert.h>
#include <string.h>

/* A second assignment replaces the first one, for example a secret that is still in use. "+=" adds
 * to a list. */
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

	if (value[0] != '[') /* libConfuse reads "[" like a letter, with everything in it */
		return;
	(void)error_set(&error, "%s: write a list in { }, not in [ ]", option->name);
	errors_add(&validation->errors, cfg, error.text);
}

/* An invalid secret would be noticed only when webhooks are rejected. The value is not shown: it
 * may be part of a secret. */
static void check_secret(struct validation *validation, const cfg_t *cfg,
	const struct option *option, const char *value)
{
	struct error error;

	if (strstr(value, "${") != NULL)
		(void)error_set(
			&error, "%s: ${ is replaced only within double quotes", option->name);
	else if (value[0] == '/')
		(void)error_set(
			&error, "%s seems to be a path: use the option for files", option->name);
	else
		return;
	errors_add_warning(&validation->errors, cfg, error.text);
}

/* "sqlite::memory:" is not a file. */
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
			"store is not an absolute path: a command that is run in another "
			"folder does not find it");
}
