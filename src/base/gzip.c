/* Compression for HTTP (gzip, RFC 1952), with zlib. */
#include "base/gzip.h"

#include <zlib.h>

int gzip_compress(
	const char *bytes, size_t length, enum gzip_effort effort, struct text *compressed)
{
	int level = effort == GZIP_FAST ? Z_BEST_SPEED : Z_BEST_COMPRESSION;
	z_stream stream = {
		.next_in = (Bytef *)(uintptr_t)bytes,
		.avail_in = (uInt)length,
	};
	int result;

	/* A window of 15 bits; 16 more select gzip's header instead of zlib's. */
	if (deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -1;
	text_cut(compressed, 0);
	if (!text_reserve(compressed, deflateBound(&stream, (uLong)length))) {
		(void)deflateEnd(&stream);
		return -1;
	}
	stream.next_out = (Bytef *)compressed->data;
	stream.avail_out = (uInt)(compressed->capacity - 1);
	result = deflate(&stream, Z_FINISH);
	compressed->length = stream.total_out;
	(void)deflateEnd(&stream);
	return result == Z_STREAM_END ? 0 : -1;
}
