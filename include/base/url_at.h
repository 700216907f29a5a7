/* Detects an "@" in a part of an address, which may identify a person, however it is encoded. */
#ifndef SEGRELAY_BASE_URL_AT_H
#define SEGRELAY_BASE_URL_AT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a part contains one after decoding; also true without memory to decode. */
bool url_hides_at(const char *part, size_t length);

#endif
