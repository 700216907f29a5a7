/* The size of a message (docs/events.md, Every message).
 *
 * A message is written once. A trim notes a part that a higher level of shrinking leaves out while
 * it is written: so the size at each level is known, and the parts that do not fit are removed at
 * the end. Writing stops once it is certain that no level fits. */
#include "mapping/trims.h"

#include <string.h>

/* A part of the message that a level of shrinking leaves out. */
struct trim {
	size_t start;
	size_t end;
	int level;
};

/* All trims of a message, in order. The memory is used again for the next message. */
struct trims {
	struct trim *items;
	size_t count;
	size_t room;
	size_t bytes[SHRINK_PRODUCTS]; /* that each level leaves out */
};

/* ---- trims ---- */

void trims_begin(struct scope *scope)
{
	struct work *work = scope->work;

	if (work->scratch.trims == NULL) {
		work->scratch.trims = arena_alloc(work->arena, sizeof(*work->scratch.trims));
		if (work->scratch.trims == NULL) {
			work_fail(work, "no memory");
			return;
		}
		*work->scratch.trims = (struct trims){0};
	}
	work->scratch.trims->count = 0;
	memset(work->scratch.trims->bytes, 0, sizeof(work->scratch.trims->bytes));
	scope->trims = work->scratch.trims;
}

static bool make_room(struct scope *scope)
{
	struct trims *trims = scope->trims;
	size_t room = trims->room > 0 ? trims->room * 2 : 64;
	struct trim *items;

	if (trims->count < trims->room)
		return true;
	items = arena_alloc(scope->work->arena, room * sizeof(*items));
	if (items == NULL) {
		work_fail(scope->work, "no memory");
		return false;
	}
	if (trims->count > 0)
		memcpy(items, trims->items, trims->count * sizeof(*items));
	trims->items = items;
	trims->room = room;
	return true;
}

void trims_note(struct scope *scope, int level, size_t start)
{
	struct trims *trims = scope->trims;
	size_t end = scope->out->length;

	if (trims == NULL || level >= SHRINK_PRODUCTS || start == end || !make_room(scope))
		return;
	trims->items[trims->count++] = (struct trim){start, end, level};
	trims->bytes[level] += end - start;
}

/* The length of the message so far, at a level. */
size_t trims_length_at(const struct scope *scope, int level)
{
	size_t length = scope->out->length;

	for (int i = 1; scope->trims != NULL && i <= level && i < SHRINK_PRODUCTS; i++)
		length -= scope->trims->bytes[i];
	return length;
}

void trims_keep_within(struct scope *scope)
{
	while (scope->shrink < SHRINK_PROPERTIES &&
		trims_length_at(scope, (int)scope->shrink) > scope->most)
		scope->shrink++;
	if (trims_length_at(scope, SHRINK_PROPERTIES) > scope->most)
		scope->overflows = true;
}

/* When the first of two members is removed, the comma after it is removed, too. */
static size_t end_of(const struct text *out, const struct trim *trim, size_t length)
{
	bool is_first =
		length > 0 && (out->data[length - 1] == '{' || out->data[length - 1] == '[');

	return trim->end + (is_first && trim->end < out->length && out->data[trim->end] == ',');
}

bool trims_take_out(struct scope *scope)
{
	struct text *out = scope->out;
	const struct trims *trims = scope->trims;
	size_t length = 0;
	size_t from = 0;

	trims_keep_within(scope);
	if (scope->overflows || out->failed)
		return false;
	for (size_t i = 0; trims != NULL && i < trims->count; i++) {
		const struct trim *trim = &trims->items[i];

		if (trim->level > (int)scope->shrink)
			continue;
		memmove(out->data + length, out->data + from, trim->start - from);
		length += trim->start - from;
		from = end_of(out, trim, length);
	}
	if (from == 0)
		return true;
	memmove(out->data + length, out->data + from, out->length - from);
	text_cut(out, length + out->length - from);
	return true;
}

/* ---- places ---- */

struct list_place trims_place(const struct scope *scope)
{
	struct list_place place = {.length = scope->out->length, .items = scope->items};

	if (scope->trims != NULL) {
		place.trims = scope->trims->count;
		memcpy(place.bytes, scope->trims->bytes, sizeof(place.bytes));
	}
	return place;
}

/* Ends the list at a place: the message is one of SHRINK_PRODUCTS. */
void trims_cut_at(struct scope *scope, const struct list_place *place)
{
	text_cut(scope->out, place->length);
	scope->items = place->items;
	scope->is_cut = true;
	scope->overflows = false;
	if (scope->shrink < SHRINK_PRODUCTS)
		scope->shrink = SHRINK_PRODUCTS;
	if (scope->trims == NULL)
		return;
	scope->trims->count = place->trims;
	memcpy(scope->trims->bytes, place->bytes, sizeof(place->bytes));
}

bool trims_copy(
	struct scope *scope, const struct scope *from, size_t end, size_t shift, size_t *trim)
{
	const struct trims *trims = from->trims;

	for (; *trim < trims->count && trims->items[*trim].end <= end; ++*trim) {
		const struct trim *noted = &trims->items[*trim];

		if (!make_room(scope))
			return false;
		scope->trims->items[scope->trims->count++] =
			(struct trim){noted->start + shift, noted->end + shift, noted->level};
		scope->trims->bytes[noted->level] += noted->end - noted->start;
	}
	return true;
}
