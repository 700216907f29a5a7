/* For tests of what is logged: stderr goes into memory meanwhile. */
#ifndef SEGRELAY_TESTS_LOGGING_H
#define SEGRELAY_TESTS_LOGGING_H

#include "unit.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int kept_stderr = -1;
static int log_file = -1;

/* Keeps what is logged from here on. */
static inline void keep_log(void)
{
	log_configure(LOG_INFO, LOG_TEXT);
	log_file = memfd_create("log", MFD_CLOEXEC);
	kept_stderr = dup(STDERR_FILENO);
	(void)dup2(log_file, STDERR_FILENO);
}

static inline void release_log(void)
{
	if (kept_stderr < 0)
		return;
	(void)dup2(kept_stderr, STDERR_FILENO);
	(void)close(kept_stderr);
	(void)close(log_file);
	kept_stderr = -1;
}

/* What was logged; the caller frees it. */
static inline char *logged(void)
{
	off_t length = lseek(log_file, 0, SEEK_END);
	char *text = calloc(1, (size_t)length + 1);

	assert_non_null(text);
	assert_int_equal(pread(log_file, text, (size_t)length, 0), length);
	return text;
}

static inline int count_in(const char *log, const char *words)
{
	int count = 0;

	for (const char *at = log; (at = strstr(at, words)) != NULL; at++)
		count++;
	return count;
}

#endif
