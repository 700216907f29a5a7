/* Compression for HTTP (gzip, RFC 1952), by zlib; the only module that knows it. */
#ifndef SEGRELAY_BASE_GZIP_H
#define SEGRELAY_BASE_GZIP_H

#include "base/text.h"

enum gzip_effort { GZIP_FAST, GZIP_SMALL };

/* Puts the compressed bytes in place of what is in `compressed`. 0, or -1 when there is no memory.
 */
int gzip_compress(
	const char *bytes, size_t length, enum gzip_effort effort, struct text *compressed);

#endif
