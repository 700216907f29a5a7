/* The payloads of the golden cases, for the tests of the mapping that try all of them. */
#ifndef SEGRELAY_TESTS_PAYLOADS_H
#define SEGRELAY_TESTS_PAYLOADS_H

#include "unit.h"

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One of a case's files; the caller frees the body. */
struct payload_file {
	char path[512];
	char topic[64];
	char *body;
	size_t length;
};

/* "…/12_orders__create.json" is of the topic orders/create. */
static inline void read_topic(struct payload_file *file)
{
	const char *name = strchr(strrchr(file->path, '/'), '_') + 1;
	char *slash;

	(void)snprintf(file->topic, sizeof(file->topic), "%.*s",
		(int)(strlen(name) - strlen(".json")), name);
	slash = strstr(file->topic, "__");
	if (slash == NULL)
		return;
	*slash = '/';
	memmove(slash + 1, slash + 2, strlen(slash + 2) + 1);
}

static inline void read_body(struct payload_file *file)
{
	enum { MOST = 4 << 20 };
	FILE *opened = fopen(file->path, "rb");

	assert_non_null(opened);
	file->body = malloc(MOST);
	assert_non_null(file->body);
	file->length = fread(file->body, 1, MOST, opened);
	assert_true(file->length < MOST);
	(void)fclose(opened);
}

/* Reads the file of a case with a number, from 1 on; false when there is none. */
static inline bool payload_read(const char *folder, int number, struct payload_file *file)
{
	char pattern[512];
	glob_t found;

	(void)snprintf(pattern, sizeof(pattern), "%s/%d_*.json", folder, number);
	if (glob(pattern, 0, NULL, &found) != 0)
		return false;
	(void)snprintf(file->path, sizeof(file->path), "%s", found.gl_pathv[0]);
	globfree(&found);
	read_topic(file);
	read_body(file);
	return true;
}

/* Calls `try` with the folder of each case. */
static inline void each_case(
	void (*try)(const char *folder, int number, void *context), void *context)
{
	glob_t cases;

	assert_int_equal(glob("tests/golden/*/*/1_*.json", 0, NULL, &cases), 0);
	assert_true(cases.gl_pathc > 100);
	for (size_t i = 0; i < cases.gl_pathc; i++) {
		*strrchr(cases.gl_pathv[i], '/') = '\0';
		try(cases.gl_pathv[i], (int)i, context);
	}
	globfree(&cases);
}

#endif
