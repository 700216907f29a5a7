/* The known name that is most similar to an unknown one. */
#include "config/nearest.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

enum { LIKELY = 3, COMPARED = 64 };

static void copy_lower(char copy[COMPARED], const char *name, size_t length)
{
	size_t i = 0;

	for (; i < length && i < COMPARED - 1; i++)
		copy[i] = (char)tolower((unsigned char)name[i]);
	copy[i] = '\0';
}

void nearest_try(struct nearest *nearest, const char *known)
{
	char name[COMPARED];
	char other[COMPARED];
	size_t distance;

	copy_lower(
		name, nearest->name, nearest->length > 0 ? nearest->length : strlen(nearest->name));
	copy_lower(other, known, strlen(known));
	distance = text_distance(other, name);
	if (distance > LIKELY || distance >= strlen(known) / 2 + 1 ||
		(nearest->known != NULL && distance >= nearest->distance))
		return;
	nearest->known = known;
	nearest->distance = distance;
}
