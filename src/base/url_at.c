/* An "@" in a part of an address, in whatever form. */
#include "base/url_at.h"

#include "base/url.h"

#include <stdlib.h>
#include <string.h>

enum { ENCODED_MOST = 8 }; /* times: "%252540" is an "@", too */

/* Decodes until nothing is encoded any more. What is encoded more often than anything honest is as
 * good as an "@", and begins with one then. */
static void decode_all(char *text)
{
	size_t before;
	int count = 0;

	do {
		before = strlen(text);
		url_decode(text);
	} while (strlen(text) < before && ++count < ENCODED_MOST);
	if (count == ENCODED_MOST)
		*text = '@';
}

/* Whether a decoded text has an "@", or its wide or small form, which people take for one. */
static bool has_at(const char *decoded)
{
	return strchr(decoded, '@') != NULL || strstr(decoded, "\xef\xbc\xa0") != NULL ||
	       strstr(decoded, "\xef\xb9\xab") != NULL;
}

bool url_hides_at(const char *part, size_t length)
{
	char *decoded = strndup(part, length);
	bool has;

	if (decoded == NULL)
		return true;
	decode_all(decoded);
	has = has_at(decoded);
	free(decoded);
	return has;
}
