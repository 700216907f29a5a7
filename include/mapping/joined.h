/* Texts joined by ",", as long as a message can hold them. */
#ifndef SEGRELAY_MAPPING_JOINED_H
#define SEGRELAY_MAPPING_JOINED_H

#include "base/string_map.h"
#include "base/text.h"

/* Starts as `struct joined joined = {.arena = arena}`; work_keep takes the text. */
struct joined {
	struct arena *arena;
	struct text text;
	struct string_map pieces; /* once there are too many to search */
};

/* Adds a text unless it is empty or a duplicate. */
void joined_add(struct joined *joined, const char *value, size_t length);

/* Adds a text, also a duplicate. Do not mix with joined_add. */
void joined_append(struct joined *joined, const char *value);

/* Whether nothing more is added: no message holds more, and a text that does not fit is cut to its
 * beginning. */
bool joined_is_full(const struct joined *joined);

#endif
