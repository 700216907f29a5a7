/* A library to be preloaded into the relay: the process dies when it parses JSON that holds the
 * text of DIES_AT. So a crash in the middle of a delivery, or of a timer, can be had at will.
 *
 *     DIES_AT=some-text LD_PRELOAD=build/release/dies.so segrelay serve ... */
#include <cjson/cJSON.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef cJSON *parse(
	const char *value, size_t length, const char **end, cJSON_bool require_null_terminated);

parse cJSON_ParseWithLengthOpts;

cJSON *cJSON_ParseWithLengthOpts(
	const char *value, size_t length, const char **end, cJSON_bool require_null_terminated)
{
	const char *text = getenv("DIES_AT");
	void *found = dlsym(RTLD_NEXT, "cJSON_ParseWithLengthOpts");
	parse *real;

	if (text != NULL && memmem(value, length, text, strlen(text)) != NULL)
		abort();
	memcpy(&real, &found, sizeof(real));
	return real(value, length, end, require_null_terminated);
}
