/* Any configuration file: it is taken, or every mistake is a line; never a crash, never a secret.
 */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	int fd = memfd_create("segrelay.conf", 0);
	char path[64];
	struct text report = {0};
	struct config *config = NULL;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* an include would read files of this machine */
	if (memmem(data, size, "include", 7) == NULL) {
		if (config_review(path, &config, &report) == 0)
			config_release(config);
		else if (report.length == 0)
			abort();
	}
	text_free(&report);
	(void)close(fd);
	return 0;
}
