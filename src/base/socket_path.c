/* Paths of unix sockets, of any length: an address has room for 107 bytes (unix(7)). */
#include "base/socket_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_directory(const char *path, size_t length)
{
	char directory[4096];

	if (length >= sizeof(directory)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(directory, path, length);
	directory[length] = '\0';
	return open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int socket_path_open(const char *path, struct socket_path *made, struct error *error)
{
	const char *slash = strrchr(path, '/');
	int length = snprintf(made->text, sizeof(made->text), "%s", path);

	made->directory = -1;
	if (length >= 0 && (size_t)length < sizeof(made->text))
		return 0;
	if (slash == NULL)
		return error_set(error, "%s: %s", path, strerror(ENAMETOOLONG));
	made->directory = open_directory(path, (size_t)(slash + 1 - path));
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
