/* A set of words: ids, tokens and addresses of a person, to be looked for. */
#include "engine/privacy/identifiers.h"

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

/* ---- in a text ---- */

enum { FILTER_BITS = 18 };

/* Of each word's first letters a bit: most places of a text begin with those of none. */
struct filter {
	unsigned char bits[(1 << FILTER_BITS) / 8];
};

/* The first TELLING letters of a text in lower case, the newest last. */
static uint64_t next_letters(uint64_t letters, char letter)
{
	return (letters << 8 | (unsigned char)tolower((unsigned char)letter)) &
	       (((uint64_t)1 << 8 * TELLING) - 1);
}

static size_t bit_of(uint64_t letters)
{
	return (size_t)(letters * 0x9e3779b97f4a7c15u >> (64 - FILTER_BITS));
}

static void make_filter(struct filter *filter, const struct words *words)
{
	memset(filter, 0, sizeof(*filter));
	for (size_t i = 0; i < words->count; i++) {
		uint64_t letters = 0;
		size_t bit;

		if (strnlen(words->items[i], TELLING) < TELLING)
			continue;
		for (size_t at = 0; at < TELLING; at++)
			letters = next_letters(letters, words->items[i][at]);
		bit = bit_of(letters);
		filter->bits[bit / 8] |= (unsigned char)(1 << bit % 8);
	}
}

/* How many letters of a word a text of `length` bytes begins with. */
static size_t common(const char *word, const char *text, size_t length)
{
	size_t at = 0;

	while (at < length && word[at] != '\0' &&
		word[at] == (char)tolower((unsigned char)text[at]))
		at++;
	return at;
}

/* The last word that is not behind a text in their order; NULL when all are. */
static const char *last_before(const struct words *words, const char *text, size_t length)
{
	size_t low = 0;
	size_t high = words->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *word = words->items[middle];
		size_t at = common(word, text, length);
		int letter = at < length ? tolower((unsigned char)text[at]) : 0;

		if ((unsigned char)word[at] <= letter)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? words->items[low - 1] : NULL;
}

/* Whether a text begins with a word. All words that it may begin with are beginnings of the last
 * one before it. */
static bool begins_with_word(const struct words *words, const char *text, size_t length)
{
	while (length >= TELLING) {
		const char *word = last_before(words, text, length);
		size_t same = word != NULL ? common(word, text, length) : 0;

		if (same < TELLING)
			return false;
		if (word[same] == '\0')
			return true;
		length = same;
	}
	return false;
}

bool words_are_in_text(const struct words *words, const char *text, size_t length)
{
	struct filter filter;
	uint64_t letters = 0;

	if (text == NULL)
		return false;
	make_filter(&filter, words);
	for (size_t end = 0; end < length; end++) {
		size_t start = end + 1 - TELLING;
		size_t bit;

		letters = next_letters(letters, text[end]);
		if (end + 1 < TELLING)
			continue;
		bit = bit_of(letters);
		if ((filter.bits[bit / 8] & 1 << bit % 8) != 0 &&
			begins_with_word(words, text + start, length - start))
			return true;
	}
	return false;
}
