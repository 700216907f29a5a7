/* UUIDs derived from names (RFC 4122, version 5): the same name always gives the same id. */
#include "base/ids.h"

#include <uuid/uuid.h>

/* A random constant: changing it would change every messageId. */
const struct uuid uuid_segrelay = {{0x6f, 0x1d, 0x0c, 0x3b, 0x4e, 0x52, 0x4b, 0x7a, 0x9a, 0x27,
	0x3d, 0xb8, 0x10, 0x5c, 0xe6, 0x94}};

struct uuid uuid_of_name(const struct uuid *space, const char *name, size_t length)
{
	struct uuid uuid;

	uuid_generate_sha1(uuid.bytes, space->bytes, name, length);
	return uuid;
}

bool uuid_read(const char *text, struct uuid *uuid)
{
	return uuid_parse(text, uuid->bytes) == 0;
}

void uuid_format(const struct uuid *uuid, char text[UUID_TEXT])
{
	uuid_unparse_lower(uuid->bytes, text);
}
