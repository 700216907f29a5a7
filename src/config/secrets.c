/* Secrets from files. */
#include "config/secrets.h"

#include "base/digest.h"
#include "config/values.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MAX = 1024 };

/* systemd's credentials folder is closed to other users, whatever the modes of its files. */
static bool in_closed_folder(const char *path)
{
	static const char systemd[] = "/run/credentials/";

	return strncmp(path, systemd, sizeof(systemd) - 1) == 0;
}

/* The remedy for a file that cannot be opened. */
static const char *advice(int code, const char *path)
{
	if (in_closed_folder(path))
		return ": name it in the unit (LoadCredential=) and restart segrelay: systemd "
		       "copies credentials when the service starts";
	if (code == EACCES)
		return ": segrelay's user may not read it: under systemd name it in the unit "
		       "(LoadCredential=), and write ${CREDENTIALS_DIRECTORY}/NAME here";
	return "";
}

static int take(const char *path, char *buffer, size_t length, char **secret, struct error *error)
{
	if (length > SECRET_MAX)
		return error_set(
			error, "%s is longer than %d bytes: not a secret", path, SECRET_MAX);
	while (length > 0 && strchr(" \t\r\n", buffer[length - 1]) != NULL)
		length--;
	buffer[length] = '\0';
	if (length == 0)
		return error_set(error, "%s is empty: write the secret into it", path);
	if (strlen(buffer) != length || !value_secret(buffer))
		return error_set(error, "%s must contain only the secret, in one line", path);
	*secret = strdup(buffer);
	return *secret != NULL ? 0 : error_set(error, "no memory");
}

int secret_read(const char *path, char **secret, bool *readable_by_others, struct error *error)
{
	char buffer[SECRET_MAX + 2];
	size_t length = 0;
	struct stat status;
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int result;

	if (fd < 0) {
		int code = errno;

		return error_set(error, "%s: %s%s", path, strerror(code), advice(code, path));
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		*readable_by_others =
			(status.st_mode & (S_IRGRP | S_IROTH)) != 0 && !in_closed_folder(path);
		while (length < sizeof(buffer) - 1 &&
			(got = read(fd, buffer + length, sizeof(buffer) - 1 - length)) > 0)
			length += (size_t)got;
	}
	(void)close(fd);
	if (got < 0)
		return error_set(error, "%s is not a regular file", path);
	result = take(path, buffer, length, secret, error);
	digest_wipe(buffer, sizeof(buffer));
	return result;
}

void secret_free(char *secret)
{
	if (secret != NULL)
		digest_wipe(secret, strlen(secret));
	free(secret);
}
