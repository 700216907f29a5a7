/* An "@" in a part of an address: it names somebody, however it is encoded. */
#ifndef SEGRELAY_BASE_URL_AT_H
#define SEGRELAY_BASE_URL_AT_H

#include <stdbool.h>
#include <stddef.h>

/* Decodes until nothing is encoded any more. What is encoded more often than anything honest is as
 * good as an "@", and begins with one then. */
void url_decode_all(char *text);

/* Whether a decoded text has an "@", or its wide or small form, which people take for one. */
bool url_has_at(const char *decoded);

/* Whether a part has one once it is decoded; also when there is no memory to see it. */
bool url_hides_at(const char *part, size_t length);

#endif
