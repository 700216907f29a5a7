/* An "@" in a part of an address: it names somebody, however it is encoded. */
#ifndef SEGRELAY_BASE_URL_AT_H
#define SEGRELAY_BASE_URL_AT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a part has one once it is decoded; also when there is no memory to see it. */
bool url_hides_at(const char *part, size_t length);

#endif
