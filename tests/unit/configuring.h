/* Writing configuration files into a folder of their own, and reading them. */
#ifndef SEGRELAY_TESTS_CONFIGURING_H
#define SEGRELAY_TESTS_CONFIGURING_H

#include "unit.h"

#include "config/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_KEY_OF_32 "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb"
#define MAIN_DESTINATION \
	"destination \"main\" { write_key = \"" WRITE_KEY_OF_32 "\" region = us }\n"
#define OTHER_KEY_OF_32 "bbbbbbbbbbbbbbbbaaaaaaaaaaaaaaaa"
#define OTHER_DESTINATION "destination \"eu\" { write_key = \"" OTHER_KEY_OF_32 "\" region = eu }\n"
#define A_SHOP "shop \"tea.myshopify.com\" { secrets = {\"leaf\"} }\n"

static char folder[] = "/tmp/segrelay-config-XXXXXX";
static char paths[32][128];
static size_t path_count;

static inline int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static inline int remove_folder(void **state)
{
	(void)state;
	for (size_t i = 0; i < path_count; i++)
		(void)unlink(paths[i]);
	return rmdir(folder);
}

/* The path of a file of that name in the folder, which goes with it. */
static inline const char *path_of(const char *name)
{
	char path[sizeof(paths[0])];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (size_t i = 0; i < path_count; i++)
		if (strcmp(paths[i], path) == 0)
			return paths[i];
	assert_true(path_count < COUNT_OF(paths));
	strcpy(paths[path_count], path);
	return paths[path_count++];
}

static inline const char *write_bytes(
	const char *name, const char *bytes, size_t length, mode_t mode)
{
	const char *path = path_of(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
	return path;
}

static inline const char *write_file(const char *name, const char *content)
{
	return write_bytes(name, content, strlen(content), 0600);
}

/* Cuts the folder out of a report, so that expectations can be written down. */
static inline void shorten(struct text *report)
{
	const char *at = text_string(report);
	const char *found;
	struct text shorter = {0};

	while ((found = strstr(at, folder)) != NULL) {
		text_add(&shorter, at, (size_t)(found - at));
		at = found + strlen(folder) + 1;
	}
	text_put(&shorter, at);
	text_free(report);
	*report = shorter;
}

/* Reads a file that holds `content`; the report must be exactly this. NULL when it was refused. */
static inline struct config *load_and_expect(const char *content, const char *expected)
{
	struct config *config = NULL;
	struct text report = {0};
	int result = config_load(write_file("segrelay.conf", content), &config, &report);

	shorten(&report);
	assert_string_equal(text_string(&report), expected);
	assert_int_equal(result, config != NULL ? 0 : -1);
	text_free(&report);
	return config;
}

static inline struct config *load_good(const char *content)
{
	struct config *config = load_and_expect(content, "");

	assert_non_null(config);
	return config;
}

static inline void expect_refused(const char *content, const char *expected)
{
	assert_null(load_and_expect(content, expected));
}

#endif
