/* A listening unix socket that only its owner can reach. */
#include "admin/unix_socket.h"

#include "base/socket_path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 128, LOCK_TRIES = 250, MOMENT = 20 * 1000000 /* ns */ };

/* ---- the directory ---- */

/* Two processes may find the file of a killed process at the same time. The lock lets them replace
 * it one after the other: the second finds the first one listening. */
static int lock_directory(int directory)
{
	const struct timespec moment = {.tv_nsec = MOMENT};

	for (int i = 0; flock(directory, LOCK_EX | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK || i == LOCK_TRIES)
			return -1;
		(void)nanosleep(&moment, NULL);
	}
	return 0;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* ---- an existing file ---- */

static struct sockaddr_un address_of(const struct socket_path *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, path->text, strlen(path->text) + 1);
	return address;
}

/* 0 when a process listens at the path, otherwise errno. */
static int try_to_connect(const struct socket_path *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int reason = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		reason = errno;
	(void)close(fd);
	return reason == EAGAIN ? 0 : reason; /* it listens, and is busy */
}

static int make_room(int directory, const char *option, const char *given,
	const struct socket_path *path, struct error *error)
{
	struct stat status;
	int reason;

	if (fstatat(directory, name_of(given), &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0
				       : error_set(error, "%s = \"%s\": %s", option, given,
						 strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return error_set(error,
			"%s = \"%s\": the file exists and is not a socket: remove it, or choose "
			"another path",
			option, given);
	reason = try_to_connect(path);
	if (reason == 0)
		return error_set(error,
			"%s = \"%s\": another process listens at this socket: stop it, or choose "
			"another path",
			option, given);
	if (reason == ECONNREFUSED && unlinkat(directory, name_of(given), 0) != 0)
		reason = errno;
	return reason == ECONNREFUSED || reason == ENOENT
		       ? 0
		       : error_set(error, "%s = \"%s\": cannot replace the existing socket: %s",
				 option, given, strerror(reason));
}

/* ---- listening ---- */

/* Linux copies the socket's mode to the file, so others cannot connect at any time. */
static int bind_closed(const struct socket_path *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(fd, BACKLOG) != 0) {
		int reason = errno;

		(void)close(fd);
		errno = reason;
		return -1;
	}
	return fd;
}

static int listen_in(int directory, const char *option, const struct socket_path *path,
	struct unix_socket *made, struct error *error)
{
	struct stat status;
	int fd;

	if (make_room(directory, option, made->path, path, error) != 0)
		return -1;
	fd = bind_closed(path);
	if (fd >= 0 && fstatat(directory, name_of(made->path), &status, AT_SYMLINK_NOFOLLOW) == 0) {
		made->device = status.st_dev;
		made->inode = status.st_ino;
		return fd;
	}
	(void)error_set(error, "%s = \"%s\": %s", option, made->path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

int unix_socket_listen(
	const char *option, const char *path, struct unix_socket *made, struct error *error)
{
	struct socket_path short_path = {.directory = -1};
	int directory = socket_path_directory(path, O_RDONLY);
	int fd;

	*made = (struct unix_socket){.path = path};
	if (directory < 0 || lock_directory(directory) != 0) {
		(void)error_set(error, "%s = \"%s\": cannot open the socket's directory: %s",
			option, path, strerror(errno));
		if (directory >= 0)
			(void)close(directory);
		return -1;
	}
	if (socket_path_open(path, &short_path, error) != 0) {
		(void)close(directory);
		return -1;
	}
	fd = listen_in(directory, option, &short_path, made, error);
	socket_path_close(&short_path);
	(void)close(directory); /* releases the lock */
	return fd;
}

void unix_socket_remove(const struct unix_socket *made)
{
	struct stat status;

	if (made->path != NULL && lstat(made->path, &status) == 0 &&
		status.st_dev == made->device && status.st_ino == made->inode)
		(void)unlink(made->path);
}
