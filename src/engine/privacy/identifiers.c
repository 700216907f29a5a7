/* A set of ids, tokens and addresses of a person, to search for. */
#include "engine/privacy/identifiers.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A shorter text may also be a quantity or a price. */
enum { LENGTH_LEAST = 6 };

/* The part of a text that is compared: after the last "/" of a gid. */
static const char *essence(const char *text)
{
	static const char gid[] = "gid://";

	return strncmp(text, gid, sizeof(gid) - 1) == 0 ? strrchr(text, '/') + 1 : text;
}

/* As strcmp, of an identifier in lower case and a text in any case. ASCII is enough, because both
 * come from the same payloads. */
static int compare(const char *identifier, const char *text)
{
	while (*identifier != '\0' && *identifier == (char)tolower((unsigned char)*text)) {
		identifier++;
		text++;
	}
	return (unsigned char)*identifier - (unsigned char)(char)tolower((unsigned char)*text);
}

/* The place of a text among the identifiers, or where it would be. */
static size_t place_of(const struct identifiers *identifiers, const char *text)
{
	size_t low = 0;
	size_t high = identifiers->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(identifiers->items[middle], text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool make_room(struct identifiers *identifiers)
{
	size_t room = identifiers->room > 0 ? identifiers->room * 2 : 64;
	const char **items;

	if (identifiers->count < identifiers->room)
		return true;
	items = arena_alloc(identifiers->arena, room * sizeof(*items));
	if (items == NULL)
		return false;
	if (identifiers->count > 0)
		memcpy(items, identifiers->items, identifiers->count * sizeof(*items));
	identifiers->items = items;
	identifiers->room = room;
	return true;
}

int identifiers_add(struct identifiers *identifiers, const char *identifier)
{
	size_t at;
	char *copy;

	if (identifier == NULL || *essence(identifier) == '\0' ||
		identifiers->count >= IDENTIFIERS_MAX || identifiers_has(identifiers, identifier))
		return 0;
	copy = arena_copy(identifiers->arena, essence(identifier));
	if (copy == NULL || !make_room(identifiers))
		return -1;
	for (char *letter = copy; *letter != '\0'; letter++)
		*letter = (char)tolower((unsigned char)*letter);
	at = place_of(identifiers, copy);
	memmove(&identifiers->items[at + 1], &identifiers->items[at],
		(identifiers->count - at) * sizeof(*identifiers->items));
	identifiers->items[at] = copy;
	identifiers->count++;
	return 1;
}

int identifiers_append(struct identifiers *identifiers, const char *text)
{
	if (text == NULL || identifiers->count >= IDENTIFIERS_MAX)
		return 0;
	for (size_t i = 0; i < identifiers->count; i++)
		if (strcmp(identifiers->items[i], text) == 0)
			return 0;
	if (!make_room(identifiers))
		return -1;
	identifiers->items[identifiers->count] = arena_copy(identifiers->arena, text);
	return identifiers->items[identifiers->count++] != NULL ? 1 : -1;
}

bool identifiers_has(const struct identifiers *identifiers, const char *text)
{
	const char *identifier;
	size_t at;

	if (text == NULL)
		return false;
	identifier = essence(text);
	at = place_of(identifiers, identifier);
	return at < identifiers->count && compare(identifiers->items[at], identifier) == 0;
}

/* JSON is at most 64 levels deep (json_parse). */
bool identifiers_are_in(const struct identifiers *identifiers, const cJSON *value)
{
	const cJSON *child;

	if (cJSON_IsString(value))
		return strlen(value->valuestring) >= LENGTH_LEAST &&
		       identifiers_has(identifiers, value->valuestring);
	cJSON_ArrayForEach (child, value) {
		if (identifiers_are_in(identifiers, child))
			return true;
	}
	return false;
}

/* ---- in a text ---- */

enum { FILTER_BITS = 18 };

/* One bit for the first letters of each identifier: most places of a text match none. */
struct filter {
	unsigned char bits[(1 << FILTER_BITS) / 8];
};

/* The last LENGTH_LEAST letters of a text in lower case. */
static uint64_t next_letters(uint64_t letters, char letter)
{
	return (letters << 8 | (unsigned char)tolower((unsigned char)letter)) &
	       (((uint64_t)1 << 8 * LENGTH_LEAST) - 1);
}

static size_t bit_of(uint64_t letters)
{
	return (size_t)(letters * 0x9e3779b97f4a7c15u >> (64 - FILTER_BITS));
}

static void make_filter(struct filter *filter, const struct identifiers *identifiers)
{
	memset(filter, 0, sizeof(*filter));
	for (size_t i = 0; i < identifiers->count; i++) {
		uint64_t letters = 0;
		size_t bit;

		if (strnlen(identifiers->items[i], LENGTH_LEAST) < LENGTH_LEAST)
			continue;
		for (size_t at = 0; at < LENGTH_LEAST; at++)
			letters = next_letters(letters, identifiers->items[i][at]);
		bit = bit_of(letters);
		filter->bits[bit / 8] |= (unsigned char)(1 << bit % 8);
	}
}

/* The length of the common beginning of an identifier and a text of `length` bytes. */
static size_t common(const char *identifier, const char *text, size_t length)
{
	size_t at = 0;

	while (at < length && identifier[at] != '\0' &&
		identifier[at] == (char)tolower((unsigned char)text[at]))
		at++;
	return at;
}

/* The last identifier that is not after a text in the sort order; NULL when all are. */
static const char *last_before(
	const struct identifiers *identifiers, const char *text, size_t length)
{
	size_t low = 0;
	size_t high = identifiers->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *identifier = identifiers->items[middle];
		size_t at = common(identifier, text, length);
		int letter = at < length ? tolower((unsigned char)text[at]) : 0;

		if ((unsigned char)identifier[at] <= letter)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? identifiers->items[low - 1] : NULL;
}

/* Whether a text begins with an identifier. All identifiers that it may begin with are beginnings
 * of the last one before it. */
static bool begins_with_identifier(
	const struct identifiers *identifiers, const char *text, size_t length)
{
	while (length >= LENGTH_LEAST) {
		const char *identifier = last_before(identifiers, text, length);
		size_t same = identifier != NULL ? common(identifier, text, length) : 0;

		if (same < LENGTH_LEAST)
			return false;
		if (identifier[same] == '\0')
			return true;
		length = same;
	}
	return false;
}

bool identifiers_are_in_text(const struct identifiers *identifiers, const char *text, size_t length)
{
	struct filter filter;
	uint64_t letters = 0;

	if (text == NULL)
		return false;
	make_filter(&filter, identifiers);
	for (size_t end = 0; end < length; end++) {
		size_t start = end + 1 - LENGTH_LEAST;
		size_t bit;

		letters = next_letters(letters, text[end]);
		if (end + 1 < LENGTH_LEAST)
			continue;
		bit = bit_of(letters);
		if ((filter.bits[bit / 8] & 1 << bit % 8) != 0 &&
			begins_with_identifier(identifiers, text + start, length - start))
			return true;
	}
	return false;
}
