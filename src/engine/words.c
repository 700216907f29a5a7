/* A set of words: ids, tokens and addresses of a person, to be looked for. */
#include "engine/words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A shorter text may be a quantity or a price as well as an id. */
enum { TELLING = 6 };

/* The part of a text that counts: behind the last "/" of a gid. */
static const char *essence(const char *text)
{
	static const char gid[] = "gid://";

	return strncmp(text, gid, sizeof(gid) - 1) == 0 ? strrchr(text, '/') + 1 : text;
}

/* As strcmp, of a word in lower case and a text in any. ASCII is enough: what is looked for comes
 * from the same payloads. */
static int compare(const char *word, const char *text)
{
	while (*word != '\0' && *word == (char)tolower((unsigned char)*text)) {
		word++;
		text++;
	}
	return (unsigned char)*word - (unsigned char)(char)tolower((unsigned char)*text);
}

/* Where a text is among the words, or would be. */
static size_t place_of(const struct words *words, const char *text)
{
	size_t low = 0;
	size_t high = words->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(words->items[middle], text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool make_room(struct words *words)
{
	size_t room = words->room > 0 ? words->room * 2 : 64;
	const char **items;

	if (words->count < words->room)
		return true;
	items = arena_alloc(words->arena, room * sizeof(*items));
	if (items == NULL)
		return false;
	if (words->count > 0)
		memcpy(items, words->items, words->count * sizeof(*items));
	words->items = items;
	words->room = room;
	return true;
}

int words_add(struct words *words, const char *word)
{
	size_t at;
	char *copy;

	if (word == NULL || *essence(word) == '\0' || words->count >= WORDS_MAX ||
		words_has(words, word))
		return 0;
	copy = arena_copy(words->arena, essence(word));
	if (copy == NULL || !make_room(words))
		return -1;
	for (char *letter = copy; *letter != '\0'; letter++)
		*letter = (char)tolower((unsigned char)*letter);
	at = place_of(words, copy);
	memmove(&words->items[at + 1], &words->items[at],
		(words->count - at) * sizeof(*words->items));
	words->items[at] = copy;
	words->count++;
	return 1;
}

int words_append(struct words *words, const char *text)
{
	if (text == NULL || words->count >= WORDS_MAX)
		return 0;
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->items[i], text) == 0)
			return 0;
	if (!make_room(words))
		return -1;
	words->items[words->count] = arena_copy(words->arena, text);
	return words->items[words->count++] != NULL ? 1 : -1;
}

bool words_has(const struct words *words, const char *text)
{
	const char *word;
	size_t at;

	if (text == NULL)
		return false;
	word = essence(text);
	at = place_of(words, word);
	return at < words->count && compare(words->items[at], word) == 0;
}

/* JSON is at the most 64 deep (json_parse). */
bool words_are_in(const struct words *words, const cJSON *value)
{
	const cJSON *child;

	if (cJSON_IsString(value))
		return strlen(value->valuestring) >= TELLING &&
		       words_has(words, value->valuestring);
	cJSON_ArrayForEach (child, value) {
		if (words_are_in(words, child))
			return true;
	}
	return false;
}

bool words_are_in_text(const struct words *words, const char *text, size_t length)
{
	for (size_t i = 0; i < words->count && text != NULL; i++) {
		size_t word = strlen(words->items[i]);

		for (size_t at = 0; word >= TELLING && at + word <= length; at++)
			if (strncasecmp(text + at, words->items[i], word) == 0)
				return true;
	}
	return false;
}
