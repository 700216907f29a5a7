/* Lists of a message, cut to the size of the message (trims.h). */
#include "mapping/fields.h"
#include "mapping/trims.h"

void list_begin(struct scope *scope, const char *property)
{
	json_add_key(scope->out, property);
	text_put(scope->out, "[");
	scope->items = 0;
	scope->is_cut = false;
	scope->has_limit = false;
}

/* An item that would be cut at SHRINK_PRODUCTS may fit at a lower level: the place of the first
 * such item is kept until the level is known. */
static bool is_kept(struct scope *scope, const struct list_place *before)
{
	if (scope->out->length > scope->most)
		trims_keep_within(scope);
	if (!scope->overflows && trims_length_at(scope, SHRINK_PROPERTIES) <= scope->limit) {
		scope->items++;
		return true;
	}
	if (!scope->has_limit)
		scope->at_limit = *before;
	scope->has_limit = true;
	if (scope->shrink >= SHRINK_PRODUCTS || scope->overflows) {
		trims_cut_at(scope, &scope->at_limit);
		return false;
	}
	scope->items++;
	return true;
}

bool field_item(struct scope *scope, const struct field *rows, const cJSON *item)
{
	struct list_place before = trims_place(scope);

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
	struct list_place before = trims_place(scope);
	size_t shift;

	json_add_comma(scope->out);
	shift = scope->out->length - start;
	text_add(scope->out, from->out->data + start, end - start);
	if (!trims_copy(scope, from, end, shift, trim))
		return false;
	return is_kept(scope, &before);
}

void list_cut(struct scope *scope)
{
	struct list_place here = trims_place(scope);

	scope->overflows = true;
	(void)is_kept(scope, &here);
}

void list_end(struct scope *scope, const char *property, size_t count)
{
	/* closes the list, the properties and the message */
	if (scope->has_limit && !scope->is_cut &&
		trims_length_at(scope, SHRINK_PROPERTIES) + 3 > scope->most)
		trims_cut_at(scope, &scope->at_limit);
	text_put(scope->out, "]");
	if (scope->items < count)
		text_format(scope->out, ",\"%s_truncated\":true,\"%s_count\":%zu", property,
			property, count);
}

/* Empty items, and those that are not objects, are left out. */
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
