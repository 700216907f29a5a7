/* Field rows: where a property comes from, and how it is written. */
#include "mapping/fields.h"

#include "base/clock.h"
#include "base/url.h"
#include "mapping/joined.h"
#include "mapping/trims.h"

#include <string.h>

enum {
	TEXT_CUT = 500,
	/* A longer value, which a buyer's browser chose, is not used. */
	ATTRIBUTE_MAX = 255,
};

/* The value of a row's path: in the object, or in a record. */
static const cJSON *value_of(
	const struct scope *scope, const struct field *row, const cJSON *object)
{
	static const char order[] = "@order.";
	static const char customer[] = "@customer.";

	if (row->path[0] != '@')
		return json_at(object, row->path);
	if (strncmp(row->path, order, sizeof(order) - 1) == 0)
		return json_at(scope->work->stored->order.value, row->path + sizeof(order) - 1);
	return json_at(scope->work->identity->customer, row->path + sizeof(customer) - 1);
}

/* A row that a level of shrinking leaves out. */
static void write_removable(struct scope *scope, const struct field *row, const cJSON *value)
{
	size_t start = scope->out->length;

	scope->row_shrink = row->shrink;
	row->convert(scope, row, value);
	scope->row_shrink = SHRINK_NOTHING;
	trims_note(scope, row->shrink, start);
}

/* Raises the level of shrinking: this text is too long for any message. */
static void leave_out(struct scope *scope)
{
	if (scope->row_shrink == SHRINK_NOTHING || scope->row_shrink >= SHRINK_PRODUCTS)
		scope->overflows = true;
	else if ((int)scope->shrink < scope->row_shrink)
		scope->shrink = (enum shrink)scope->row_shrink;
}

bool field_goes_on(struct scope *scope, size_t start)
{
	if (scope->out->length - start > scope->longest)
		leave_out(scope);
	return !scope->overflows &&
	       (scope->row_shrink == SHRINK_NOTHING || (int)scope->shrink < scope->row_shrink);
}

void fields_write(struct scope *scope, const struct field *rows, const cJSON *object)
{
	for (const struct field *row = rows; row->property != NULL && !scope->overflows; row++) {
		const cJSON *value;

		if (row->shrink != SHRINK_NOTHING && (int)scope->shrink >= row->shrink)
			continue;
		value = value_of(scope, row, object);
		if (value == NULL)
			continue;
		if (row->shrink == SHRINK_NOTHING)
			row->convert(scope, row, value);
		else
			write_removable(scope, row, value);
		if (scope->out->length > scope->most)
			trims_keep_within(scope);
	}
}

/* The length of the longest beginning of `value` that has at most `most` bytes and only whole
 * characters. */
static size_t whole_characters(const char *value, size_t most)
{
	while (most > 0 && ((unsigned char)value[most] & 0xc0) == 0x80)
		most--;
	return most;
}

static void write_text(struct scope *scope, const char *value)
{
	char cut[TEXT_CUT + 1];
	size_t length = strnlen(value, scope->longest + 1);

	if (scope->shrink < SHRINK_TEXTS && length > scope->longest) {
		leave_out(scope);
		value = "";
	} else if (scope->shrink >= SHRINK_TEXTS && length > TEXT_CUT) {
		length = whole_characters(value, TEXT_CUT);
		memcpy(cut, value, length);
		cut[length] = '\0';
		value = cut;
	}
	json_add_string(scope->out, value);
}

void field_text(struct scope *scope, const char *property, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	json_add_key(scope->out, property);
	write_text(scope, value);
}

void field_money(struct scope *scope, const char *property, struct money amount)
{
	if (!amount.known) {
		work_invalid_field(scope->work, property);
		return;
	}
	json_add_key(scope->out, property);
	money_write(amount, scope->out);
}

void as_text(struct scope *scope, const struct field *row, const cJSON *value)
{
	if (cJSON_IsString(value))
		field_text(scope, row->property, value->valuestring);
	else
		work_invalid_field(scope->work, row->property);
}

void as_money(struct scope *scope, const struct field *row, const cJSON *value)
{
	field_money(scope, row->property, amount_at(value, "."));
}

void as_positive_money(struct scope *scope, const struct field *row, const cJSON *value)
{
	struct money amount = amount_at(value, ".");

	if (!amount.known || money_positive(amount))
		field_money(scope, row->property, amount);
}

void as_count(struct scope *scope, const struct field *row, const cJSON *value)
{
	struct money count = money_shorten(amount_at(value, ".")); /* 2.0 is a count, too */

	if (!count.known || count.scale != 0) {
		work_invalid_field(scope->work, row->property);
		return;
	}
	field_money(scope, row->property, count);
}

void as_flag(struct scope *scope, const struct field *row, const cJSON *value)
{
	if (cJSON_IsBool(value))
		json_add_flag(scope->out, row->property, cJSON_IsTrue(value));
	else
		work_invalid_field(scope->work, row->property);
}

void as_true(struct scope *scope, const struct field *row, const cJSON *value)
{
	if (cJSON_IsTrue(value))
		json_add_flag(scope->out, row->property, true);
}

void as_flag_text(struct scope *scope, const struct field *row, const cJSON *value)
{
	if (cJSON_IsBool(value))
		field_text(scope, row->property, cJSON_IsTrue(value) ? "true" : "false");
	else
		as_text(scope, row, value);
}

void as_time(struct scope *scope, const struct field *row, const cJSON *value)
{
	int64_t time = time_parse(cJSON_IsString(value) ? value->valuestring : NULL);
	char text[TIME_TEXT];

	if (time == TIME_UNKNOWN) {
		work_invalid_field(scope->work, row->property);
		return;
	}
	time_format(time, text);
	json_add_member(scope->out, row->property, text);
}

void field_joined(struct scope *scope, const struct field *row, const cJSON *list, const char *path)
{
	struct joined joined = {.arena = scope->work->arena};
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		const char *text = json_text(item, path);

		if (text != NULL)
			joined_append(&joined, text);
		if (joined_is_full(&joined))
			break;
	}
	field_joined_text(scope, row->property, &joined);
}

void field_joined_text(struct scope *scope, const char *property, struct joined *joined)
{
	if (joined->text.failed)
		work_fail(scope->work, "no memory");
	field_text(scope, property, text_string(&joined->text));
	text_free(&joined->text);
}

void as_joined(struct scope *scope, const struct field *row, const cJSON *value)
{
	field_joined(scope, row, value, ".");
}

void as_texts(struct scope *scope, const struct field *row, const cJSON *value)
{
	const cJSON *item;
	size_t before = scope->out->length;
	bool any = false;

	json_add_key(scope->out, row->property);
	text_put(scope->out, "[");
	cJSON_ArrayForEach (item, value) {
		if (json_text(item, ".") == NULL)
			continue;
		if (!field_goes_on(scope, before))
			break;
		json_add_comma(scope->out);
		write_text(scope, item->valuestring);
		any = true;
	}
	text_put(scope->out, "]");
	if (!any)
		text_cut(scope->out, before);
}

void as_object(struct scope *scope, const struct field *row, const cJSON *value)
{
	size_t before = scope->out->length;
	size_t empty;

	json_add_key(scope->out, row->property);
	text_put(scope->out, "{");
	empty = scope->out->length;
	fields_write(scope, row->items, value);
	if (scope->out->length == empty)
		text_cut(scope->out, before);
	else
		text_put(scope->out, "}");
}

struct money amount_at(const cJSON *object, const char *path)
{
	return money_parse(json_text(object, path));
}

struct money sum_of(const cJSON *list, const char *path)
{
	struct money sum = MONEY_ZERO;
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		sum = money_add(sum, amount_at(item, path));
	}
	return sum;
}

/* ---- attributes ---- */

const char *attribute_value(const cJSON *attributes, const struct strings *names)
{
	const cJSON *item;

	for (size_t i = 0; i < names->count; i++) {
		cJSON_ArrayForEach (item, attributes) {
			const char *name = json_text(item, "name");
			const char *value = json_text(item, "value");

			if (name != NULL && value != NULL && strcmp(name, names->items[i]) == 0 &&
				strlen(value) <= ATTRIBUTE_MAX && url_is_clean_text(value))
				return value;
		}
	}
	return NULL;
}
