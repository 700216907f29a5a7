/* UUIDs made from names (RFC 4122, version 5): the same name always gives the same id. */
#ifndef SEGRELAY_BASE_IDS_H
#define SEGRELAY_BASE_IDS_H

#include <stdbool.h>
#include <stddef.h>

struct uuid {
	unsigned char bytes[16];
};

enum { UUID_TEXT = 37 };

/* The namespace of everything that segrelay names. */
extern const struct uuid uuid_segrelay;

/* Reads a UUID of 36 characters; false when it is not one. */
bool uuid_read(const char *text, struct uuid *uuid);

/* The version 5 UUID of a name of `length` bytes in a namespace. */
struct uuid uuid_of_name(const struct uuid *space, const char *name, size_t length);

/* Writes the 36 lower-case characters of the usual form and a NUL. */
void uuid_format(const struct uuid *uuid, char text[UUID_TEXT]);

#endif
