/* Prepares configuration files for libConfuse. */
#include "config/source.h"

#include "base/digest.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Replaces the "$" of a variable that is not set, until the value is validated. */
#define UNSET "\001"

enum { FILE_MAX = 4 << 20, NAME_MAX_LENGTH = 127 };

struct scan {
	char *at;
	int line;
	int depth;  /* of braces */
	int opened; /* the line of the outermost open brace */
	char last;  /* the previous character, ignoring spaces and comments */
	int last_line;
	struct text *blocks; /* the lines where blocks begin */
	const char *what;    /* the error; the scan stops there */
};

/* Replaces everything up to `end` by spaces, except line ends. */
static void blank(struct scan *scan, const char *end)
{
	for (; scan->at < end; scan->at++)
		if (*scan->at == '\n')
			scan->line++;
		else
			*scan->at = ' ';
}

static void blank_comment(struct scan *scan)
{
	const char *close = strstr(scan->at + 2, "*/");

	if (close != NULL)
		blank(scan, close + 2);
	else
		scan->what = "the comment that begins here is never closed";
}

static bool is_unset(const char *name, size_t length)
{
	char copy[NAME_MAX_LENGTH + 1];

	if (length > NAME_MAX_LENGTH)
		return true;
	memcpy(copy, name, length);
	copy[length] = '\0';
	return strstr(copy, ":-") == NULL && getenv(copy) == NULL;
}

/* Skips "${NAME}", and marks it when the variable is not set. */
static void read_variable(struct scan *scan)
{
	const char *name = scan->at + 2;
	size_t length = strcspn(name, "}\"'\n");

	if (name[length] != '}') {
		scan->what = "the ${ on this line is never closed";
		return;
	}
	if (is_unset(name, length))
		*scan->at = UNSET[0];
	scan->at += 2 + length + 1;
}

/* Skips a quoted string. No option's value contains a line end: such a string has no closing quote.
 */
static void skip_string(struct scan *scan)
{
	char quote = *scan->at++;

	while (scan->what == NULL && *scan->at != quote) {
		if (*scan->at == '\0' || *scan->at == '\n')
			scan->what = "a quote on this line is never closed";
		else if (*scan->at == '\\' && scan->at[1] != '\0' && scan->at[1] != '\n')
			scan->at += 2;
		else if (quote == '"' && strncmp(scan->at, "${", 2) == 0)
			read_variable(scan);
		else
			scan->at++;
	}
	if (scan->what == NULL)
		scan->at++;
	scan->last = quote;
	scan->last_line = scan->line;
}

static void step(struct scan *scan)
{
	char here = *scan->at++;

	if (here == '{' && scan->depth++ == 0) {
		scan->opened = scan->line;
		if (scan->last != '=') /* not a block but a list */
			text_add(scan->blocks, &scan->last_line, sizeof(scan->last_line));
	} else if (here == '}' && scan->depth > 0) {
		scan->depth--;
	}
	if (strchr(" \t\r\n", here) == NULL) {
		scan->last = here;
		scan->last_line = scan->line;
	}
	if (here == '\n')
		scan->line++;
}

static void scan_all(struct scan *scan)
{
	bool after_space = true; /* "//" inside a word is part of a URL */

	while (scan->what == NULL && *scan->at != '\0') {
		bool space = strchr(" \t\r\n{}(),;=", *scan->at) != NULL;

		if (*scan->at == '"' || *scan->at == '\'')
			skip_string(scan);
		else if (*scan->at == '#' || (after_space && strncmp(scan->at, "//", 2) == 0))
			blank(scan, scan->at + strcspn(scan->at, "\n"));
		else if (strncmp(scan->at, "/*", 2) == 0)
			blank_comment(scan);
		else
			step(scan);
		after_space = space;
	}
	if (scan->what == NULL && scan->depth > 0) {
		scan->line = scan->opened;
		scan->what = "the \"{\" on this line is never closed";
	}
}

static int prepare(struct text *text, int *line, struct text *blocks, struct error *error)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";
	struct scan scan = {.at = text->data, .line = 1, .last_line = 1, .blocks = blocks};

	if (text->data == NULL)
		return 0;
	if (strncmp(text->data, byte_order_mark, 3) == 0)
		memset(text->data, ' ', 3);
	scan_all(&scan);
	if (scan.what == NULL && scan.at != text->data + text->length)
		scan.what = "a NUL byte: this is not a text file";
	*line = scan.line;
	return scan.what == NULL ? 0 : error_set(error, "%s", scan.what);
}

/* A pipe, a socket or a device could be read for ever, or never. */
static bool is_file(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

static int read_all(int fd, struct text *text)
{
	char part[16384];
	ssize_t length;

	if (!is_file(fd)) {
		errno = EINVAL;
		return -1;
	}
	while ((length = read(fd, part, sizeof(part))) > 0 && text->length <= FILE_MAX)
		text_add(text, part, (size_t)length);
	digest_wipe(part, sizeof(part));
	if (length > 0)
		errno = EFBIG;
	if (text->failed)
		errno = ENOMEM;
	return length != 0 || text->failed ? -1 : 0;
}

static FILE *copy_to_memory(const struct text *text)
{
	int fd = memfd_create("segrelay.conf", MFD_CLOEXEC);
	FILE *file;

	if (fd < 0)
		return NULL;
	if (write(fd, text_string(text), text->length) == (ssize_t)text->length &&
		lseek(fd, 0, SEEK_SET) == 0 && (file = fdopen(fd, "r")) != NULL)
		return file;
	(void)close(fd);
	return NULL;
}

FILE *source_open(const char *path, int *line, struct text *blocks, struct error *error)
{
	struct text text = {0};
	FILE *file = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*line = 0;
	if (fd < 0 || read_all(fd, &text) != 0) {
		int code = errno;

		(void)error_set(error, "reading failed: %s%s",
			code == EINVAL ? "it is not a regular file" : strerror(code),
			code == EACCES ? ": segrelay's user cannot read it: chmod 644 it, and "
					 "keep secrets in separate files"
				       : "");
	} else if (prepare(&text, line, blocks, error) == 0) {
		file = copy_to_memory(&text);
		if (file == NULL)
			(void)error_set(error, "copying failed: %s", strerror(errno));
	}
	if (fd >= 0)
		(void)close(fd);
	if (text.data != NULL)
		digest_wipe(text.data, text.length);
	text_free(&text);
	return file;
}

const char *source_unset_variable(const char *value)
{
	const char *found = strstr(value, UNSET "{");

	return found != NULL ? found + strlen(UNSET "{") : NULL;
}
