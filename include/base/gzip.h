/* Compression for HTTP (gzip, RFC 1952), with zlib; no other module uses it. */
#ifndef SEGRELAY_BASE_GZIP_H
#define SEGRELAY_BASE_GZIP_H

#include "base/text.h"

enum gzip_effort { GZIP_FAST, GZIP_SMALL };

/* Replaces the content of `compressed` by the compressed bytes. 0, or -1 without memory. */
int gzip_compress(
	const char *bytes, size_t length, enum gzip_effort effort, struct text *compressed);

#endif
