/* Warnings of valid but unsafe settings. */
#include "config/review.h"

#include "base/digest.h"
#include "base/error.h"
#include "config/values.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHORT_SECRET = 16 };

/* ---- addresses ---- */

static void review_address(struct validation *validation, const cfg_t *cfg,
	const struct option *option, const char *value)
{
	bool is_admin = strcmp(option->name, "admin") == 0;
	struct text text = {0};

	if (!value_is_public_address(value))
		return;
	text_format(&text, "%s = ", option->name);
	errors_quote(&text, value);
	text_put(&text, is_admin ? " is reachable from other machines without a password: "
				   "use 127.0.0.1"
				 : " is reachable from other machines over plain HTTP: use "
				   "127.0.0.1 behind a reverse proxy with HTTPS");
	errors_add_warning(&validation->errors, cfg, text_string(&text));
	text_free(&text);
}

/* ---- secrets ---- */

/* Whether a string of the file itself, not from the environment, has this value. */
static bool stands_in(const char *path, const char *value)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct text content = {0};
	char part[16384];
	ssize_t length;
	bool stands;

	if (fd < 0)
		return false;
	while ((length = read(fd, part, sizeof(part))) > 0)
		text_add(&content, part, (size_t)length);
	(void)close(fd);
	stands = strstr(text_string(&content), value) != NULL;
	digest_wipe(part, sizeof(part));
	if (content.data != NULL)
		digest_wipe(content.data, content.length);
	text_free(&content);
	return stands;
}

static bool is_noted(const struct strings *strings, const char *item)
{
	for (size_t i = 0; i < strings->count; i++)
		if (strcmp(strings->items[i], item) == 0)
			return true;
	return false;
}

/* Reported once per file. */
static void review_file(struct validation *validation, const cfg_t *cfg, const char *value)
{
	struct stat status;

	if (cfg->filename == NULL || is_noted(&validation->open_files, cfg->filename) ||
		stat(cfg->filename, &status) != 0 || !S_ISREG(status.st_mode) ||
		(status.st_mode & S_IROTH) == 0 || !stands_in(cfg->filename, value))
		return;
	errors_add_warning(&validation->errors, cfg,
		"this file contains a secret and is readable by all users: keep "
		"secrets in separate files (secret_files, write_key_file), or chmod 640 it");
	if (strings_add(&validation->open_files, cfg->filename) != 0)
		errors_add(&validation->errors, cfg, "no memory");
}

static bool is_quoted(const char *secret)
{
	size_t length = strlen(secret);

	return strchr("\"'`", secret[0]) != NULL || strchr("\"'`", secret[length - 1]) != NULL;
}

/* Secrets of Shopify, ReCharge and Segment do not contain these words: they are hexadecimal or
 * random, except for a prefix like "shpss_". */
static bool is_placeholder(const char *secret)
{
	static const char *const words[] = {"change", "replace", "placeholder", "example", "insert",
		"your", "secret", "password", "dummy", "todo", "fixme", "xxxx", "1234567890",
		"0123456789", "abcdefgh", "..."};
	size_t length = strlen(secret);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(secret, words[i]) != NULL)
			return true;
	return (secret[0] == '<' && secret[length - 1] == '>') ||
	       (secret[0] == '$' && secret[1] == '{') ||
	       strspn(secret, (const char[]){secret[0], '\0'}) == length;
}

void review_secret(struct config_errors *errors, const cfg_t *cfg, const struct option *option,
	const char *from, const char *secret)
{
	bool is_write_key = strncmp(option->name, "write_key", strlen("write_key")) == 0;
	const char *name = from != NULL ? from : option->name;
	struct error error;

	if (is_quoted(secret))
		(void)error_set(&error,
			"%s: the secret is in quotes, which count as part of it: "
			"remove them",
			name);
	else if (is_placeholder(secret))
		(void)error_set(&error,
			"%s: this looks like a placeholder, not a secret: "
			"copy the real one",
			name);
	else if (!is_write_key && strlen(secret) < SHORT_SECRET)
		(void)error_set(&error,
			"%s: the secret has fewer than %d characters, and can be "
			"guessed: copy the whole one",
			name, SHORT_SECRET);
	else
		return;
	errors_add_warning(errors, cfg, error.text);
}

void review_value(struct validation *validation, const cfg_t *cfg, const struct option *option,
	const char *value)
{
	if (option->kind == OPTION_ADDRESS) {
		review_address(validation, cfg, option, value);
	} else if (option->kind == OPTION_SECRET || option->kind == OPTION_SECRETS) {
		review_secret(&validation->errors, cfg, option, NULL, value);
		review_file(validation, cfg, value);
	}
}

/* ---- the disk ---- */

/* All bodies in memory may be stored in one transaction: it is written to the WAL first, and then
 * copied into the store's file. */
void review_limits(struct config_errors *errors, const char *min_free, const char *max_in_memory,
	const char *path)
{
	int64_t room;
	int64_t bodies;

	if (value_size(min_free, &room) && value_size(max_in_memory, &bodies) && room / 2 < bodies)
		text_format(errors->report,
			"%s: warning: min_free is less than twice max_in_memory: the store's "
			"write-ahead log may fill the disk before webhooks are rejected. Raise "
			"min_free, or lower max_in_memory\n",
			path);
}
