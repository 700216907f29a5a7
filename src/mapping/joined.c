/* Texts joined by ",", as long as a message can hold them. */
#include "mapping/joined.h"

#include "base/steps.h"
#include "mapping/work.h"

#include <string.h>

/* Up to so many bytes are searched; beyond that a map is used. */
enum { LOOKED_THROUGH = 256 };

bool joined_is_full(const struct joined *joined)
{
	return joined->text.failed || joined->text.length > MESSAGE_MAX;
}

static bool is_joined(const struct text *joined, const char *value, size_t length)
{
	const char *at = joined->length > 0 ? text_string(joined) : "";

	steps_add(joined->length / 4);
	while (*at != '\0') {
		size_t step = strcspn(at, ",");

		if (step == length && memcmp(at, value, length) == 0)
			return true;
		at += step + (at[step] == ',');
	}
	return false;
}

/* Adds the pieces between the commas of a text to the map. The text lives as long as the map. */
static void note_pieces(struct joined *joined, const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		size_t step = (size_t)((comma != NULL ? comma : end) - text);
		void **place = string_map_place(&joined->pieces, text, step);

		if (place == NULL)
			joined->text.failed = true;
		else
			*place = joined;
		text += step + 1;
	}
}

static bool is_noted(struct joined *joined, const char *value, size_t length)
{
	if (joined->pieces.root == NULL) {
		const char *copy = arena_copy(joined->arena, text_string(&joined->text));

		joined->pieces.arena = joined->arena;
		if (copy == NULL)
			joined->text.failed = true;
		else
			note_pieces(joined, copy, strlen(copy));
	}
	return string_map_get(&joined->pieces, value, length) != NULL;
}

static void append(struct joined *joined, const char *value, size_t length)
{
	if (joined->text.length > 0)
		text_put(&joined->text, ",");
	text_add(&joined->text, value, length <= MESSAGE_MAX ? length : MESSAGE_MAX + 1);
}

void joined_add(struct joined *joined, const char *value, size_t length)
{
	if (length == 0 || joined_is_full(joined))
		return;
	if (joined->text.length <= LOOKED_THROUGH) {
		if (!is_joined(&joined->text, value, length))
			append(joined, value, length);
	} else if (!is_noted(joined, value, length)) {
		append(joined, value, length);
		note_pieces(joined, value, length);
	}
}

void joined_append(struct joined *joined, const char *value)
{
	if (!joined_is_full(joined))
		append(joined, value, strlen(value));
}
