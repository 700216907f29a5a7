/* Lists of a message, and how much of them it can hold (docs/events.md, Size).
 *
 * A message is written once. What a higher level of shrinking leaves out is noted as a trim while
 * it is written: so the size at each level is known, and what is too much is taken out at the end.
 * Nothing is written any more once it is sure that no level has room for it. */
#include "mapping/fields.h"

#include <string.h>

/* A part of the message that a level of shrinking leaves out. */
struct trim {
	size_t start;
	size_t end;
	int level;
};

/* All of a message, in their order. The memory is used again for the next message. */
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

	if (work->trims == NULL) {
		work->trims = arena_alloc(work->arena, sizeof(*work->trims));
		if (work->trims == NULL) {
			work_fail(work, "no memory");
			return;
		}
		*work->trims = (struct trims){0};
	}
	work->trims->count = 0;
	memset(work->trims->bytes, 0, sizeof(work->trims->bytes));
	scope->trims = work->trims;
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

/* How long the message is at a level, so far. */
static size_t length_at(const struct scope *scope, int level)
{
	size_t length = scope->out->length;

	for (int i = 1; scope->trims != NULL && i <= level && i < SHRINK_PRODUCTS; i++)
		length -= scope->trims->bytes[i];
	return length;
}

void trims_keep_within(struct scope *scope)
{
	while (scope->shrink < SHRINK_PROPERTIES &&
		length_at(scope, (int)scope->shrink) > scope->most)
		scope->shrink++;
	if (length_at(scope, SHRINK_PROPERTIES) > scope->most)
		scope->overflows = true;
}

/* Where the first of two members is taken out, the comma behind it goes with it. */
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

/* ---- lists ---- */

static struct list_place place_of(const struct scope *scope)
{
	struct list_place place = {.length = scope->out->length, .items = scope->items};

	if (scope->trims != NULL) {
		place.trims = scope->trims->count;
		memcpy(place.bytes, scope->trims->bytes, sizeof(place.bytes));
	}
	return place;
}

/* Ends the list at a place: the message is one of SHRINK_PRODUCTS. */
static void cut(struct scope *scope, const struct list_place *place)
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

void list_begin(struct scope *scope, const char *property)
{
	json_add_key(scope->out, property);
	text_put(scope->out, "[");
	scope->items = 0;
	scope->is_cut = false;
	scope->has_limit = false;
}

/* An item that would be cut at SHRINK_PRODUCTS may fit at a lower level: the place of the first
 * such item is kept until that is known. */
static bool is_kept(struct scope *scope, const struct list_place *before)
{
	if (scope->out->length > scope->most)
		trims_keep_within(scope);
	if (!scope->overflows && length_at(scope, SHRINK_PROPERTIES) <= scope->limit) {
		scope->items++;
		return true;
	}
	if (!scope->has_limit)
		scope->at_limit = *before;
	scope->has_limit = true;
	if (scope->shrink >= SHRINK_PRODUCTS || scope->overflows) {
		cut(scope, &scope->at_limit);
		return false;
	}
	scope->items++;
	return true;
}

bool field_item(struct scope *scope, const struct field *rows, const cJSON *item)
{
	struct list_place before = place_of(scope);

	if (!work_goes_on(scope->work))
		return false;
	json_add_comma(scope->out);
	text_put(scope->out, "{");
	fields_write(scope, rows, item);
	text_put(scope->out, "}");
	return is_kept(scope, &before);
}

bool list_item_again(
	struct scope *scope, const struct scope *from, size_t start, size_t end, size_t *trim)
{
	struct list_place before = place_of(scope);
	const struct trims *trims = from->trims;
	size_t shift;

	json_add_comma(scope->out);
	shift = scope->out->length - start;
	text_add(scope->out, from->out->data + start, end - start);
	for (; *trim < trims->count && trims->items[*trim].end <= end; ++*trim) {
		const struct trim *noted = &trims->items[*trim];

		if (!make_room(scope))
			return false;
		scope->trims->items[scope->trims->count++] =
			(struct trim){noted->start + shift, noted->end + shift, noted->level};
		scope->trims->bytes[noted->level] += noted->end - noted->start;
	}
	return is_kept(scope, &before);
}

void list_cut(struct scope *scope)
{
	struct list_place here = place_of(scope);

	scope->overflows = true;
	(void)is_kept(scope, &here);
}

void list_end(struct scope *scope, const char *property, size_t count)
{
	/* what closes the list, the properties and the message */
	if (scope->has_limit && !scope->is_cut &&
		length_at(scope, SHRINK_PROPERTIES) + 3 > scope->most)
		cut(scope, &scope->at_limit);
	text_put(scope->out, "]");
	if (scope->items < count)
		text_format(scope->out, ",\"%s_truncated\":true,\"%s_count\":%zu", property,
			property, count);
}

/* An item that says nothing, or is no object, is none. */
static bool is_item(const cJSON *item)
{
	return cJSON_IsObject(json_at(item, "."));
}

void as_list(struct scope *scope, const struct field *row, const cJSON *value)
{
	size_t count = 0;
	const cJSON *item;

	cJSON_ArrayForEach (item, value) {
		count += is_item(item);
	}
	if (count == 0)
		return;
	list_begin(scope, row->property);
	cJSON_ArrayForEach (item, value) {
		if (!is_item(item))
			continue;
		scope->position = scope->items + 1;
		if (!field_item(scope, row->items, item))
			break;
	}
	list_end(scope, row->property, count);
}
