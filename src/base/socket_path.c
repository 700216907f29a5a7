/* Paths of unix sockets, of any length: an address has room for 107 bytes (unix(7)). */
#include "base/socket_path.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int socket_path_directory(const char *path, int flags)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash != NULL ? (size_t)(slash + 1 - path) : 0;
	struct text directory = {0};
	int fd;

	text_add(&directory, path, length);
	fd = directory.failed ? -1
			      : open(length > 0 ? text_string(&directory) : ".",
					flags | O_DIRECTORY | O_CLOEXEC);
	text_free(&directory);
	return fd;
}

int socket_path_open(const char *path, struct socket_path *made, struct error *error)
{
	const char *slash = strrchr(path, '/');
	int length = snprintf(made->text, sizeof(made->text), "%s", path);

	made->directory = -1;
	if (length >= 0 && (size_t)length < sizeof(made->text))
		return 0;
	made->directory = socket_path_directory(path, O_PATH);
	if (made->directory < 0)
		return error_set(error, "%s: %s", path, strerror(errno));
	length = snprintf(
		made->text, sizeof(made->text), "/proc/self/fd/%d/%s", made->directory, slash + 1);
	if (length >= 0 && (size_t)length < sizeof(made->text))
		return 0;
	socket_path_close(made);
	return error_set(error, "%s: %s", path, strerror(ENAMETOOLONG));
}

void socket_path_close(struct socket_path *made)
{
	if (made->directory >= 0)
		(void)close(made->directory);
	made->directory = -1;
}
