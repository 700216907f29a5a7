/* Configuration files without their comments. */
#include "config/comments.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILE_MAX = 4 << 20 };

/* Steps over a quoted string, from its opening to its closing quote. */
static char *skip_string(char *at)
{
	char quote = *at++;

	while (*at != '\0' && *at != quote)
		at += *at == '\\' && at[1] != '\0' ? 2 : 1;
	return *at != '\0' ? at + 1 : at;
}

/* Makes spaces of all up to `end`, but for the ends of lines. */
static char *blank(char *at, const char *end)
{
	for (; at < end; at++)
		if (*at != '\n')
			*at = ' ';
	return at;
}

static char *end_of_line(char *at)
{
	return at + strcspn(at, "\n");
}

static void blank_comments(char *text)
{
	bool after_space = true; /* "//" in the middle of a word is part of a URL */

	for (char *at = text; *at != '\0';) {
		char *close = at[0] == '/' && at[1] == '*' ? strstr(at + 2, "*/") : NULL;
		bool space = strchr(" \t\r\n{}(),;=", *at) != NULL;

		if (*at == '"' || *at == '\'')
			at = skip_string(at);
		else if (*at == '#' || (after_space && at[0] == '/' && at[1] == '/'))
			at = blank(at, end_of_line(at));
		else if (close != NULL)
			at = blank(at, close + 2);
		else
			at++;
		after_space = space;
	}
}

static int read_all(int fd, struct text *text)
{
	char part[16384];
	ssize_t length;

	while ((length = read(fd, part, sizeof(part))) > 0) {
		text_add(text, part, (size_t)length);
		if (text->length > FILE_MAX) {
			errno = EFBIG;
			return -1;
		}
	}
	if (text->failed)
		errno = ENOMEM;
	return length < 0 || text->failed ? -1 : 0;
}

static int copy_to_memory(const struct text *text)
{
	int fd = memfd_create("segrelay.conf", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (write(fd, text_string(text), text->length) == (ssize_t)text->length &&
		lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	(void)close(fd);
	errno = ENOMEM;
	return -1;
}

int comments_blank(const char *path)
{
	struct text text = {0};
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = -1;
	int reason;

	if (from < 0)
		return -1;
	if (read_all(from, &text) == 0) {
		if (text.data != NULL)
			blank_comments(text.data);
		to = copy_to_memory(&text);
	}
	reason = errno;
	(void)close(from);
	text_free(&text);
	errno = reason;
	return to;
}
