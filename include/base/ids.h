/* UUIDs derived from names (RFC 4122, version 5): the same name always gives the same id. */
#ifndef SEGRELAY_BASE_IDS_H
#define SEGRELAY_BASE_IDS_H

#include <stdbool.h>
#include <stddef.h>

struct uuid {
	unsigned char bytes[16];
};

enum { UUID_TEXT = 37 };

/* The namespace of all names that segrelay makes. */
extern const struct uuid uuid_segrelay;

/* Parses a UUID of 36 characters; false for anything else. */
bool uuid_read(const char *text, struct uuid *uuid);

/* The version 5 UUID of a name of `length` bytes in a namespace. */
struct uuid uuid_of_name(const struct uuid *space, const char *name, size_t length);

/* Writes the usual form of 36 lower-case characters, terminated by NUL. */
void uuid_format(const struct uuid *uuid, char text[UUID_TEXT]);

#endif
