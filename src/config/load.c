/* Reads the configuration file: reports every error at once, with its file and line.
 *
 * libConfuse parses. All options are strings or lists of strings to it, and a callback validates
 * each value while its line is known. libConfuse stops at an unknown name: such a name is recorded
 * and declared, and the file is read again, so that the following errors are reported, too. */
#include "config/load.h"

#include "base/error.h"
#include "config/review.h"
#include "config/source.h"
#include "config/unknown.h"
#include "config/validate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNKNOWN_MAX = 50, ROWS_MAX = 64 + UNKNOWN_MAX, INCLUDE_DEPTH_MAX = 8 };

struct loader {
	struct validation validation;
	struct strings unknown[OPTION_SECTIONS];
	bool read_again;
	bool incomplete; /* an included file is missing */
	int depth;       /* of includes */
	cfg_opt_t rows[OPTION_SECTIONS][ROWS_MAX];
};

/* libConfuse's callbacks have no context pointer. Only one thread reads a file at a time. */
static struct loader *loading;

/* ---- libConfuse's own words ---- */

/* The word in quotes at the end of a message of libConfuse that begins with `beginning`; NULL for
 * other messages. */
static const char *word_after(char *text, const char *beginning)
{
	size_t length = strlen(beginning);
	char *end = strrchr(text, '\'');

	if (strncmp(text, beginning, length) != 0 || end == NULL || end < text + length)
		return NULL;
	*end = '\0';
	return text + length;
}

#define HOW_TO_WRITE ": write NAME = VALUE, and a list as NAME = {\"one\", \"two\"}"
static const struct {
	const char *beginning;
	const char *advice;
} advices[] = {
	{"unexpected token", HOW_TO_WRITE},
	{"premature end of file", HOW_TO_WRITE},
	{"attempt to append", ": write NAME = VALUE, += adds to a list"},
	{"missing title", ": write shop \"DOMAIN\" { … } or destination \"NAME\" { … }"},
	{"missing parenthesis", ": write include(\"FILE\")"},
};

/* Other messages may quote a value, which may be a secret. */
static void report_without_quotes(const cfg_t *cfg, char *text)
{
	struct text what = {0};

	text_add(&what, text, strcspn(text, "'"));
	while (what.length > 0 && what.data[what.length - 1] == ' ')
		text_cut(&what, what.length - 1);
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (strncmp(text, advices[i].beginning, strlen(advices[i].beginning)) == 0)
			text_put(&what, advices[i].advice);
	errors_add(&loading->validation.errors, cfg, text_string(&what));
	text_free(&what);
}

static void note_unknown(cfg_t *cfg, const char *name)
{
	struct strings *names = &loading->unknown[option_section(cfg->name)];

	if (names->count < UNKNOWN_MAX && strings_add(names, name) == 0)
		loading->read_again = true;
	else
		unknown_name(&loading->validation.errors, cfg, name);
}

__attribute__((format(printf, 2, 0))) static void on_error(
	cfg_t *cfg, const char *format, va_list arguments)
{
	const struct option *options = option_sections[option_section(cfg->name)].options;
	struct config_errors *errors = &loading->validation.errors;
	const char *word;
	char text[256];

	(void)vsnprintf(text, sizeof(text), format, arguments);
	if ((word = word_after(text, "no such option '")) != NULL) {
		note_unknown(cfg, word);
	} else if ((word = word_after(text, "missing equal sign after option '")) == NULL) {
		report_without_quotes(cfg, text);
	} else if (option_find(options, word) == NULL) {
		unknown_name(&loading->validation.errors, cfg, word);
	} else {
		(void)snprintf(text, sizeof(text), "%s has no \"=\" after it",
			option_find(options, word)->name);
		errors_add(errors, cfg, text);
	}
}

/* ---- the parser ---- */

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct option *option =
		option_find(option_sections[option_section(cfg->name)].options, opt->name);

	*(const char **)result = value;
	if (option == NULL && cfg_opt_size(opt) == 1)
		unknown_name(&loading->validation.errors, cfg, opt->name);
	else if (option != NULL)
		validate_value(&loading->validation, cfg, opt, option, value);
	return 0;
}

static int on_block(cfg_t *cfg, cfg_opt_t *opt)
{
	validate_block(&loading->validation, cfg, opt);
	return 0;
}

/* The rows of a section for libConfuse: its options, and the unknown names. */
static cfg_opt_t *make_rows(struct loader *loader, size_t section)
{
	cfg_opt_t *to = loader->rows[section];

	for (const struct option *from = option_sections[section].options; from->name != NULL;
		from++) {
		cfg_opt_t list = CFG_STR_LIST_CB(from->name, NULL, CFGF_NODEFAULT, on_value);
		cfg_opt_t one = CFG_STR_CB(from->name, NULL, CFGF_NODEFAULT, on_value);

		*to++ = option_is_list(from) ? list : one;
	}
	for (size_t i = 0; i < loader->unknown[section].count; i++)
		*to++ = (cfg_opt_t)CFG_STR_LIST_CB(
			loader->unknown[section].items[i], NULL, CFGF_NODEFAULT, on_value);
	assert(to + OPTION_SECTIONS + 1 < loader->rows[section] + ROWS_MAX); /* with its blocks */
	*to = (cfg_opt_t)CFG_END();
	return to;
}

/* `cfg` is the position of the include. */
static void cannot_open(const cfg_t *cfg, const char *path, int line, const char *why)
{
	struct config_errors *errors = &loading->validation.errors;

	if (line == 0 && loading->depth > 0)
		errors_place(cfg, errors->report);
	text_put(errors->report, path);
	if (line > 0)
		text_format(errors->report, ":%d", line);
	text_format(errors->report, ": %s\n", why);
	errors->count++;
	loading->incomplete = true;
}

/* Reads a file into `cfg`, the main one or an included one. libConfuse's own include does not
 * restore its depth after an error, until no include works any more. */
static int read_file(cfg_t *cfg, const char *path)
{
	char *outer = cfg->filename;
	int outer_line = cfg->line;
	struct text outer_blocks = loading->validation.begun;
	struct error error;
	struct text blocks = {0};
	int line;
	FILE *file = source_open(path, &line, &blocks, &error);
	int result;

	if (file == NULL) {
		text_free(&blocks);
		cannot_open(cfg, path, line, error.text);
		return 0; /* errors after it are reported, too */
	}
	cfg->filename = strdup(path);
	loading->validation.begun = blocks;
	result = cfg_parse_fp(cfg, file) == CFG_SUCCESS ? 0 : -1;
	(void)fclose(file);
	free(cfg->filename);
	cfg->filename = outer;
	cfg->line = outer_line;
	text_free(&loading->validation.begun);
	loading->validation.begun = outer_blocks;
	return result;
}

/* Appends a path relative to the folder of the file that contains it. */
static void add_path(struct text *text, const char *from, const char *path)
{
	const char *slash = strrchr(from, '/');

	if (path[0] != '/' && slash != NULL)
		text_add(text, from, (size_t)(slash - from) + 1);
	text_put(text, path);
}

/* include("FILE") */
static int include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	struct config_errors *errors = &loading->validation.errors;
	struct text path = {0};
	int result = 0;

	(void)opt;
	if (argc != 1) {
		errors_add(errors, cfg, "include takes one file: include(\"FILE\")");
	} else if (source_unset_variable(argv[0]) != NULL) {
		errors_add(errors, cfg, "include: the variable of ${NAME} in it is not set");
	} else if (loading->depth >= INCLUDE_DEPTH_MAX) {
		errors_add(errors, cfg, "include: nested too deeply, or in a circle");
		result = -1;
	} else {
		add_path(&path, cfg->filename, argv[0]);
		loading->depth++;
		result = read_file(cfg, text_string(&path));
		loading->depth--;
	}
	text_free(&path);
	return result;
}

static cfg_t *make_parser(struct loader *loader)
{
	cfg_opt_t *end = make_rows(loader, 0);
	cfg_t *cfg;

	for (size_t i = 1; i < OPTION_SECTIONS; i++) {
		(void)make_rows(loader, i);
		*end++ = (cfg_opt_t)CFG_SEC(
			option_sections[i].name, loader->rows[i], CFGF_MULTI | CFGF_TITLE);
	}
	*end++ = (cfg_opt_t)CFG_FUNC("include", include);
	*end = (cfg_opt_t)CFG_END();
	cfg = cfg_init(loader->rows[0], CFGF_NONE);
	if (cfg == NULL)
		return NULL;
	(void)cfg_set_error_function(cfg, on_error);
	for (size_t i = 1; i < OPTION_SECTIONS; i++)
		(void)cfg_set_validate_func(cfg, option_sections[i].name, on_block);
	return cfg;
}

/* ---- reading ---- */

/* Reads the file once; NULL when reading stopped early. */
static cfg_t *read_once(struct loader *loader, const char *path)
{
	cfg_t *cfg = make_parser(loader);

	loader->read_again = false;
	loader->incomplete = false;
	validate_reset(&loader->validation);
	if (cfg != NULL && read_file(cfg, path) == 0)
		return cfg;
	if (loader->validation.errors.count == 0 && !loader->read_again)
		text_format(loader->validation.errors.report, "%s: cannot be understood\n", path);
	loader->validation.errors.count++;
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
	while (loader->read_again);
	if (cfg == NULL)
		return NULL;
	if (!loader->incomplete)
		validate_whole(&loader->validation, cfg, path);
	if (loader->validation.errors.count == 0)
		config = config_make(cfg, path, loader->validation.errors.report);
	if (config != NULL && loader->validation.is_review)
		review_config(config, cfg, &loader->validation.errors);
	(void)cfg_free(cfg);
	return config;
}

static int load_with(const char *path, bool is_review, struct config **config, struct text *report)
{
	struct loader *loader = calloc(1, sizeof(*loader));

	*config = NULL;
	if (loader == NULL) {
		text_put(report, "no memory\n");
		return -1;
	}
	loader->validation.errors.report = report;
	loader->validation.is_review = is_review;
	loading = loader;
	*config = load(loader, path);
	loading = NULL;
	validate_free(&loader->validation);
	for (size_t i = 0; i < OPTION_SECTIONS; i++)
		strings_free(&loader->unknown[i]);
	free(loader);
	return *config != NULL ? 0 : -1;
}

int config_load(const char *path, struct config **config, struct text *report)
{
	return load_with(path, false, config, report);
}

int config_review(const char *path, struct config **config, struct text *report)
{
	return load_with(path, true, config, report);
}
