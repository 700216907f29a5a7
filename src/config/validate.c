/* Validates the parsed file: values, blocks, and the whole. */
#include "config/validate.h"

#include "base/error.h"
#include "config/blocks.h"
#include "config/nearest.h"
#include "config/not_allowed.h"
#include "config/review.h"
#include "config/secrets.h"
#include "config/source.h"
#include "config/values.h"
#include "config/warnings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WRITE_KEY = 32 };

void validate_free(struct validation *validation)
{
	text_free(&validation->limits);
	text_free(&validation->storefront);
	strings_free(&validation->destinations);
	strings_free(&validation->places);
	strings_free(&validation->names);
	strings_free(&validation->lines);
	strings_free(&validation->open_files);
}

void validate_reset(struct validation *validation)
{
	validation->errors.count = 0;
	text_cut(validation->errors.report, 0);
	validate_free(validation);
	memset(validation->blocks, 0, sizeof(validation->blocks));
	memset(validation->given, 0, sizeof(validation->given));
}

/* ---- a value ---- */

static void say(struct validation *validation, const cfg_t *cfg, struct text *what)
{
	errors_add(&validation->errors, cfg, text_string(what));
	text_free(what);
}

static void unset_variable(struct validation *validation, const cfg_t *cfg,
	const struct option *option, const char *name)
{
	static const char systemd[] = "CREDENTIALS_DIRECTORY";
	size_t length = strcspn(name, "}");
	struct text text = {0};

	text_format(&text, "%s: the variable %.*s is not set: ", option->name, (int)length, name);
	if (length == strlen(systemd) && strncmp(name, systemd, length) == 0)
		text_put(&text, "systemd sets it for the service; by hand, write "
				"CREDENTIALS_DIRECTORY=/etc/segrelay/credentials before the "
				"command");
	else
		text_format(&text, "set it, or write ${%.*s:-default}", (int)length, name);
	say(validation, cfg, &text);
}

static void check_file(struct validation *validation, const cfg_t *cfg, const struct option *option,
	const char *path)
{
	struct error error;
	char *secret = NULL;
	bool readable_by_others = false;

	if (secret_read(path, &secret, &readable_by_others, &error) != 0)
		errors_add(&validation->errors, cfg, error.text);
	else if (validation->is_review)
		review_secret(&validation->errors, cfg, option, path, secret);
	secret_free(secret);
	if (readable_by_others) {
		(void)error_set(&error, "%s can be read by others: chmod 600 it", path);
		errors_add_warning(&validation->errors, cfg, error.text);
	}
}

/* Records a destination's name: whether it exists is known only after the whole file was read. */
static void note_destination(struct validation *validation, const cfg_t *cfg, const char *name)
{
	struct text place = {0};

	errors_place(cfg, &place);
	if (strings_add(&validation->destinations, name) != 0 ||
		strings_add(&validation->places, text_string(&place)) != 0)
		errors_add(&validation->errors, cfg, "no memory");
	text_free(&place);
}

/* Records the position of options that are compared with each other. */
static void note_limit(struct validation *validation, const cfg_t *cfg)
{
	text_cut(&validation->limits, 0);
	errors_place(cfg, &validation->limits);
}

void validate_value(struct validation *validation, cfg_t *cfg, cfg_opt_t *opt,
	const struct option *option, const char *value)
{
	const char *unset = source_unset_variable(value);

	warnings_value(validation, cfg, opt, option, value);
	if (validation->is_review && unset == NULL && option_accepts(option, value))
		review_value(validation, cfg, option, value);
	if (unset != NULL)
		unset_variable(validation, cfg, option, unset);
	else if (!option_accepts(option, value))
		value_not_allowed(&validation->errors, cfg, option, value);
	else if (option->kind == OPTION_FILE || option->kind == OPTION_FILES)
		check_file(validation, cfg, option, value);
	else if (strcmp(option->name, "destinations") == 0)
		note_destination(validation, cfg, value);
	else if (strcmp(option->name, "max_body") == 0 ||
		 strcmp(option->name, "max_in_memory") == 0)
		note_limit(validation, cfg);
	else if (strcmp(option->name, "storefront_origins") == 0 &&
		 validation->storefront.length == 0)
		errors_place(cfg, &validation->storefront);
	if (cfg_opt_size(opt) == OPTION_VALUES_MAX + 1) {
		struct text text = {0};

		text_format(&text, "%s: at most %d values", option->name, OPTION_VALUES_MAX);
		say(validation, cfg, &text);
	}
}

/* ---- a block ---- */

static const char *text_of(cfg_t *cfg, const char *name)
{
	return cfg_size(cfg, name) > 0 ? cfg_getstr(cfg, name) : NULL;
}

/* The length of the write key; 0 when it cannot be read, which was reported already. */
static size_t write_key_length(cfg_t *cfg)
{
	const char *path = text_of(cfg, "write_key_file");
	const char *key = text_of(cfg, "write_key");
	bool readable_by_others;
	char *secret = NULL;
	struct error error;
	size_t length = 0;

	if (key != NULL)
		return strlen(key);
	if (path != NULL && secret_read(path, &secret, &readable_by_others, &error) == 0)
		length = strlen(secret);
	secret_free(secret);
	return length;
}

static bool has_both(cfg_t *cfg, const char *name, const char *file)
{
	return text_of(cfg, name) != NULL && text_of(cfg, file) != NULL;
}

static void check_destination(struct validation *validation, cfg_t *cfg)
{
	struct error error;
	struct config_errors *errors = &validation->errors;
	const char *url = text_of(cfg, "url");
	const char *region = text_of(cfg, "region");
	size_t length = write_key_length(cfg);

	if (cfg_title(cfg)[0] == '\0')
		errors_add(errors, cfg, "a destination needs a name");
	if ((text_of(cfg, "write_key") != NULL) == (text_of(cfg, "write_key_file") != NULL))
		errors_add(errors, cfg, "set one of write_key_file and write_key");
	if (url != NULL && region != NULL)
		errors_add(errors, cfg, "set one of region and url");
	if (has_both(cfg, "public_api_token", "public_api_token_file"))
		errors_add(errors, cfg, "set one of public_api_token_file and public_api_token");
	if (strstr(cfg_title(cfg), DELETIONS_SUFFIX) != NULL)
		errors_add(errors, cfg, "a destination's name must not end in" DELETIONS_SUFFIX);
	if (url == NULL && region == NULL)
		errors_add_warning(errors, cfg,
			"region is not set: \"us\" is used. Segment silently discards events sent "
			"to "
			"the wrong region, so set it");
	if (length > 0 && length != WRITE_KEY && (url == NULL || !value_is_loopback(url))) {
		(void)error_set(&error,
			"write_key must be %d characters (got %zu). Segment silently discards "
			"events sent with a wrong key.",
			WRITE_KEY, length);
		errors_add_warning(errors, cfg, error.text);
	}
}

static void check_shop(struct validation *validation, cfg_t *cfg)
{
	static const char suffix[] = ".myshopify.com";
	struct config_errors *errors = &validation->errors;
	const char *domain = cfg_title(cfg);
	size_t length = strlen(domain);

	if (!value_host(domain))
		errors_add(errors, cfg,
			"a shop's name must be its domain, for example \"my-store.myshopify.com\"");
	else if (length < sizeof(suffix) ||
		 strcasecmp(domain + length - (sizeof(suffix) - 1), suffix) != 0)
		errors_add_warning(errors, cfg,
			"Shopify names shops by their permanent domain, which ends in "
			".myshopify.com");
	if (cfg_size(cfg, "secrets") == 0 && cfg_size(cfg, "secret_files") == 0)
		errors_add(errors, cfg, "no secret: set secret_files or secrets");
	if (has_both(cfg, "recharge_token", "recharge_token_file"))
		errors_add(errors, cfg, "set one of recharge_token_file and recharge_token");
	if (cfg_size(cfg, "destinations") == 0 &&
		(cfg_getopt(cfg, "destinations")->flags & CFGF_MODIFIED) != 0)
		errors_add(errors, cfg,
			"destinations = {} is not allowed: leave it out for all destinations");
}

void validate_block(struct validation *validation, cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *block = blocks_take(validation, cfg, opt);

	validation->blocks[option_section(block->name)] = cfg_opt_size(opt);
	validation->given[option_section(block->name)] = 0;
	if (strcmp(block->name, "destination") == 0)
		check_destination(validation, block);
	else
		check_shop(validation, block);
}

/* ---- the whole ---- */

static void add_line(struct validation *validation, const char *place, struct text *what)
{
	text_format(validation->errors.report, "%s%s\n", place, text_string(what));
	validation->errors.count++;
	text_free(what);
}

/* A general option as written, or its default; its errors were reported already. */
static const char *written(cfg_t *cfg, const char *name)
{
	const char *value = text_of(cfg, name);

	return value != NULL ? value : option_find(general_options, name)->fallback;
}

static void check_addresses(struct validation *validation, cfg_t *cfg, const char *path)
{
	const char *listen = written(cfg, "listen");
	struct text text = {0};

	if (!value_address(listen) || strcmp(listen, written(cfg, "admin")) != 0 ||
		strcmp(strrchr(listen, ':'), ":0") ==
			0) /* the system chooses two different ports */
		return;
	text_put(&text, ": listen and admin must not be the same address");
	add_line(validation, path, &text);
}

static void check_limits(struct validation *validation, cfg_t *cfg)
{
	int64_t body;
	int64_t memory;
	struct text text = {0};

	if (!value_size(written(cfg, "max_body"), &body) ||
		!value_size(written(cfg, "max_in_memory"), &memory) || body <= memory)
		return;
	text_put(&text, "max_in_memory must not be less than max_body");
	add_line(validation, text_string(&validation->limits), &text);
}

/* The scripts must know where to post, and a request's Host header is not trusted. */
static void check_storefronts(struct validation *validation, cfg_t *cfg)
{
	struct text text = {0};

	if (validation->storefront.length == 0 || text_of(cfg, "public_url") != NULL)
		return;
	text_put(&text, "storefront_origins needs public_url, outside of all blocks: the relay's "
			"public URL, for example \"https://relay.example.com\"");
	add_line(validation, text_string(&validation->storefront), &text);
}

static void suggest_destination(cfg_t *cfg, const char *name, struct text *text)
{
	struct nearest nearest = {.name = name};

	for (unsigned i = 0; i < cfg_size(cfg, "destination"); i++)
		nearest_try(&nearest, cfg_title(cfg_getnsec(cfg, "destination", i)));
	if (nearest.known == NULL)
		return;
	text_put(text, ": did you mean ");
	errors_quote(text, nearest.known);
	text_put(text, "?");
}

void validate_whole(struct validation *validation, cfg_t *cfg, const char *path)
{
	struct text text = {0};

	check_addresses(validation, cfg, path);
	check_limits(validation, cfg);
	check_storefronts(validation, cfg);
	if (validation->is_review)
		review_limits(&validation->errors, written(cfg, "min_free"),
			written(cfg, "max_in_memory"), path);
	for (size_t i = 0; i < validation->destinations.count; i++) {
		if (cfg_gettsec(cfg, "destination", validation->destinations.items[i]) != NULL)
			continue;
		text_put(&text, "unknown destination ");
		errors_quote(&text, validation->destinations.items[i]);
		suggest_destination(cfg, validation->destinations.items[i], &text);
		add_line(validation, validation->places.items[i], &text);
	}
	for (size_t i = 1; i < OPTION_SECTIONS; i++) {
		if (cfg_size(cfg, option_sections[i].name) > 0)
			continue;
		text_format(
			&text, "%s: no %s: at least one is needed", path, option_sections[i].name);
		add_line(validation, "", &text);
	}
}
