/* Reading the configuration file: every mistake in one go, with its file and line.
 *
 * libConfuse parses; to it all options are texts or lists of texts, and a callback checks each
 * value while its line is known. It stops at a name that it does not know: such a name is noted,
 * made known as unknown, and the file read again, so that the next mistakes show, too. */
#include "config/load.h"

#include "base/error.h"
#include "config/comments.h"
#include "config/options.h"
#include "config/secrets.h"
#include "config/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { SECTIONS = 3, UNKNOWN_MAX = 50, ROWS_MAX = 32 + UNKNOWN_MAX, LIKELY = 3 };

/* The kinds of sections, by libConfuse's names. */
static const struct {
	const char *name;
	const struct option *options;
} sections[SECTIONS] = {
	{"root", general_options},
	{"destination", destination_options},
	{"shop", shop_options},
};

struct loader {
	struct text *report;
	size_t mistakes;
	struct strings unknown[SECTIONS];
	bool read_again;
	cfg_opt_t rows[SECTIONS][ROWS_MAX];
	struct strings destinations; /* that shops name, */
	struct strings places;       /* and where */
};

/* libConfuse's callbacks have no context. A file is read by one thread at a time. */
static struct loader *loading;

static size_t section_index(const cfg_t *cfg)
{
	size_t i = SECTIONS - 1;

	while (i > 0 && strcmp(cfg->name, sections[i].name) != 0)
		i--;
	return i;
}

/* ---- saying what is wrong ---- */

static void add_place(struct text *report, cfg_t *cfg)
{
	text_format(report, "%s:%d: ", cfg->filename != NULL ? cfg->filename : "?", cfg->line);
	if (section_index(cfg) > 0)
		text_format(report, "%s \"%.80s\": ", cfg->name, cfg_title(cfg));
}

static void mistake(cfg_t *cfg, const char *what)
{
	add_place(loading->report, cfg);
	text_format(loading->report, "%s\n", what);
	loading->mistakes++;
}

static void warning(cfg_t *cfg, const char *what)
{
	add_place(loading->report, cfg);
	text_format(loading->report, "warning: %s\n", what);
}

static void unknown_option(cfg_t *cfg, const char *name)
{
	struct error text;
	const char *likely = NULL;
	size_t least = LIKELY + 1;

	for (const struct option *row = sections[section_index(cfg)].options; row->name != NULL;
		row++) {
		size_t distance = text_distance(row->name, name);

		if (distance < least) {
			least = distance;
			likely = row->name;
		}
	}
	if (likely != NULL)
		(void)error_set(
			&text, "unknown option \"%.60s\": did you mean \"%s\"?", name, likely);
	else
		(void)error_set(&text, "unknown option \"%.60s\"", name);
	mistake(cfg, text.text);
}

/* libConfuse's own words; but a name that it does not know is noted, to read on. */
__attribute__((format(printf, 2, 0))) static void on_error(
	cfg_t *cfg, const char *format, va_list arguments)
{
	static const char unknown[] = "no such option '";
	struct strings *names = &loading->unknown[section_index(cfg)];
	char text[256];
	char *name = text + sizeof(unknown) - 1;

	(void)vsnprintf(text, sizeof(text), format, arguments);
	if (strncmp(text, unknown, sizeof(unknown) - 1) == 0 && names->count < UNKNOWN_MAX) {
		name[strcspn(name, "'")] = '\0';
		loading->read_again = strings_add(names, name) == 0;
	}
	if (!loading->read_again)
		mistake(cfg, text);
}

/* ---- checking a value ---- */

static void check_file(cfg_t *cfg, const char *path)
{
	struct error error;
	char *secret = NULL;
	bool readable_by_others = false;

	if (secret_read(path, &secret, &readable_by_others, &error) != 0)
		mistake(cfg, error.text);
	free(secret);
	if (readable_by_others) {
		(void)error_set(&error, "%s can be read by others: chmod 600 it", path);
		warning(cfg, error.text);
	}
}

static void not_allowed(cfg_t *cfg, const struct option *option, const char *value)
{
	struct text text = {0};

	text_put(&text, option->name);
	if (option->kind != OPTION_SECRET && option->kind != OPTION_SECRETS)
		text_format(&text, " = \"%.80s\"", value);
	text_put(&text, " is not allowed: ");
	option_allows(option, &text);
	mistake(cfg, text_string(&text));
	text_free(&text);
}

/* Whether the destination exists shows only when the whole file is read. */
static void note_destination(cfg_t *cfg, const char *name)
{
	struct text place = {0};

	add_place(&place, cfg);
	if (strings_add(&loading->destinations, name) != 0 ||
		strings_add(&loading->places, text_string(&place)) != 0)
		mistake(cfg, "no memory");
	text_free(&place);
}

static int check_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct option *option = option_find(sections[section_index(cfg)].options, opt->name);

	*(const char **)result = value;
	if (option == NULL)
		unknown_option(cfg, opt->name);
	else if (!option_accepts(option, value))
		not_allowed(cfg, option, value);
	else if (option->kind == OPTION_FILE || option->kind == OPTION_FILES)
		check_file(cfg, value);
	else if (strcmp(option->name, "destinations") == 0)
		note_destination(cfg, value);
	return 0;
}

/* ---- checking a section ---- */

static const char *text_of(cfg_t *cfg, const char *name)
{
	return cfg_size(cfg, name) > 0 ? cfg_getstr(cfg, name) : NULL;
}

static void check_destination(cfg_t *cfg)
{
	const char *url = text_of(cfg, "url");
	const char *key = text_of(cfg, "write_key");
	const char *region = text_of(cfg, "region");

	if ((key != NULL) == (text_of(cfg, "write_key_file") != NULL))
		mistake(cfg, "give one of write_key_file and write_key");
	if (url != NULL && region != NULL)
		mistake(cfg, "give one of region and url");
	if (url == NULL && region == NULL)
		warning(cfg, "no region: \"us\" is taken. Segment drops what comes to the wrong "
			     "region without a word, so write down which it is");
	if (key != NULL && strlen(key) != 32 && (url == NULL || !value_is_loopback(url)))
		warning(cfg,
			"the write key has not the 32 characters of Segment's keys, and Segment "
			"drops what comes with a wrong one without a word");
}

static void check_shop(cfg_t *cfg)
{
	static const char suffix[] = ".myshopify.com";
	const char *domain = cfg_title(cfg);
	size_t length = strlen(domain);

	if (!value_host(domain))
		mistake(cfg, "a shop is named by its domain, as \"my-store.myshopify.com\"");
	else if (length < sizeof(suffix) ||
		 strcasecmp(domain + length - (sizeof(suffix) - 1), suffix) != 0)
		warning(cfg, "Shopify names shops by their permanent domain, which ends in "
			     ".myshopify.com");
	if (cfg_size(cfg, "secrets") == 0 && cfg_size(cfg, "secret_files") == 0)
		mistake(cfg, "no secret: give secret_files or secrets");
}

static int check_section(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	(void)cfg;
	if (strcmp(section->name, "destination") == 0)
		check_destination(section);
	else
		check_shop(section);
	return 0;
}

/* What only the whole file shows. */
static void check_whole(struct loader *loader, cfg_t *cfg, const char *path)
{
	for (size_t i = 0; i < loader->destinations.count; i++) {
		if (cfg_gettsec(cfg, "destination", loader->destinations.items[i]) != NULL)
			continue;
		text_format(loader->report, "%sthere is no destination \"%.80s\"\n",
			loader->places.items[i], loader->destinations.items[i]);
		loader->mistakes++;
	}
	for (size_t i = 1; i < SECTIONS; i++) {
		if (cfg_size(cfg, sections[i].name) > 0)
			continue;
		text_format(loader->report, "%s: no %s: at least one is needed\n", path,
			sections[i].name);
		loader->mistakes++;
	}
}

/* ---- reading ---- */

/* The rows of a section for libConfuse: its options, and the names that are unknown. */
static cfg_opt_t *make_rows(struct loader *loader, size_t section)
{
	cfg_opt_t *to = loader->rows[section];

	for (const struct option *from = sections[section].options; from->name != NULL; from++) {
		cfg_opt_t list = CFG_STR_LIST_CB(from->name, NULL, CFGF_NODEFAULT, check_value);
		cfg_opt_t one = CFG_STR_CB(from->name, NULL, CFGF_NODEFAULT, check_value);

		*to++ = option_is_list(from) ? list : one;
	}
	for (size_t i = 0; i < loader->unknown[section].count; i++)
		*to++ = (cfg_opt_t)CFG_STR_LIST_CB(
			loader->unknown[section].items[i], NULL, CFGF_NODEFAULT, check_value);
	*to = (cfg_opt_t)CFG_END();
	return to;
}

/* include("FILE"), without comments; the messages name the file. */
static int include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	char path[64];
	const char *copy = path;
	int fd = argc == 1 ? comments_blank(argv[0]) : -1;
	int result;

	if (argc != 1) {
		cfg_error(cfg, "include takes one file");
		return -1;
	}
	if (fd < 0) {
		cfg_error(cfg, "include(\"%s\"): %s", argv[0], strerror(errno));
		return -1;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	result = cfg_include(cfg, opt, 1, &copy); /* it opens the file again */
	(void)close(fd);
	if (result == 0) {
		free(cfg->filename);
		cfg->filename = strdup(argv[0]);
	}
	return result;
}

static cfg_t *make_parser(struct loader *loader)
{
	const cfg_flag_t titled = CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES;
	cfg_opt_t *end = make_rows(loader, 0);
	cfg_t *cfg;

	(void)make_rows(loader, 1);
	(void)make_rows(loader, 2);
	*end++ = (cfg_opt_t)CFG_SEC("destination", loader->rows[1], titled);
	*end++ = (cfg_opt_t)CFG_SEC("shop", loader->rows[2], titled);
	*end++ = (cfg_opt_t)CFG_FUNC("include", include);
	*end = (cfg_opt_t)CFG_END();
	cfg = cfg_init(loader->rows[0], CFGF_NONE);
	if (cfg == NULL)
		return NULL;
	(void)cfg_set_error_function(cfg, on_error);
	(void)cfg_set_validate_func(cfg, "destination", check_section);
	(void)cfg_set_validate_func(cfg, "shop", check_section);
	return cfg;
}

static int parse(cfg_t *cfg, const char *path)
{
	int fd = comments_blank(path);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	int result;

	if (file == NULL)
		return CFG_FILE_ERROR;
	cfg->filename = strdup(path);
	result = cfg_parse_fp(cfg, file);
	(void)fclose(file);
	return result;
}

/* Reads the file once; NULL when it could not be read through. */
static cfg_t *read_once(struct loader *loader, const char *path)
{
	cfg_t *cfg = make_parser(loader);
	int result;

	loader->read_again = false;
	loader->mistakes = 0;
	text_cut(loader->report, 0);
	strings_free(&loader->destinations);
	strings_free(&loader->places);
	result = cfg != NULL ? parse(cfg, path) : CFG_PARSE_ERROR;
	if (result == CFG_SUCCESS)
		return cfg;
	if (result == CFG_FILE_ERROR)
		text_format(loader->report, "%s: cannot be read: %s\n", path, strerror(errno));
	else if (loader->mistakes == 0)
		text_format(loader->report, "%s: cannot be understood\n", path);
	loader->mistakes++;
	if (cfg != NULL)
		(void)cfg_free(cfg);
	return NULL;
}

static struct config *load(struct loader *loader, const char *path)
{
	struct config *config = NULL;
	cfg_t *cfg;

	do
		cfg = read_once(loader, path);
	while (cfg == NULL && loader->read_again);
	if (cfg == NULL)
		return NULL;
	check_whole(loader, cfg, path);
	if (loader->mistakes == 0)
		config = config_make(cfg, path, loader->report);
	(void)cfg_free(cfg);
	return config;
}

int config_load(const char *path, struct config **config, struct text *report)
{
	struct loader *loader = calloc(1, sizeof(*loader));

	*config = NULL;
	if (loader == NULL)
		return -1;
	loader->report = report;
	loading = loader;
	*config = load(loader, path);
	loading = NULL;
	strings_free(&loader->destinations);
	strings_free(&loader->places);
	for (size_t i = 0; i < SECTIONS; i++)
		strings_free(&loader->unknown[i]);
	free(loader);
	return *config != NULL ? 0 : -1;
}
