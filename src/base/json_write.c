/* Writes JSON into a text. */
#include "base/json.h"

#include "base/steps.h"

#include <string.h>

/* The bytes that end a run without escapes: NUL, control characters, quote, backslash. */
/* clang-format off */
static const unsigned char stops[256] = {
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* 0x00 */
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* 0x10 */
	0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 0x20 */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 0x30 */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 0x40 */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, /* 0x50 */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 0x60 */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, /* 0x70 */
};
/* clang-format on */

/* The number of bytes from `string` on that need no escaping. */
static size_t plain_length(const char *string)
{
	const unsigned char *at = (const unsigned char *)string;

	while (!stops[*at])
		at++;
	steps_add((size_t)(at - (const unsigned char *)string) / 4 + 1);
	return (size_t)(at - (const unsigned char *)string);
}

static void add_escaped(struct text *text, char character)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[][2] = {
		{'"', '"'}, {'\\', '\\'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}};

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (letters[i][0] == character) {
			text_add(text, (const char[]){'\\', letters[i][1]}, 2);
			return;
		}
	}
	text_add(text,
		(const char[]){'\\', 'u', '0', '0', hex[(unsigned char)character >> 4],
			hex[character & 15]},
		6);
}

void json_add_string(struct text *text, const char *string)
{
	text_add(text, "\"", 1);
	for (;;) {
		size_t length = plain_length(string);

		text_add(text, string, length);
		string += length;
		if (*string == '\0')
			break;
		add_escaped(text, *string++);
	}
	text_add(text, "\"", 1);
}

void json_add_comma(struct text *text)
{
	char last = text->length > 0 ? text->data[text->length - 1] : '{';

	if (last != '{' && last != '[' && last != ':')
		text_add(text, ",", 1);
}

void json_add_key(struct text *text, const char *key)
{
	json_add_comma(text);
	text_add(text, "\"", 1);
	text_put(text, key);
	text_add(text, "\":", 2);
}

void json_add_member(struct text *text, const char *key, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	json_add_key(text, key);
	json_add_string(text, value);
}

void json_add_number(struct text *text, const char *key, int64_t number)
{
	json_add_key(text, key);
	if (number < 0)
		text_put(text, "-");
	text_number(text, number < 0 ? (uint64_t)-number : (uint64_t)number, 1);
}

void json_add_flag(struct text *text, const char *key, bool value)
{
	json_add_key(text, key);
	text_put(text, value ? "true" : "false");
}

static void add_children(struct text *text, const cJSON *parent)
{
	for (const cJSON *child = parent->child; child != NULL; child = child->next) {
		if (child != parent->child)
			text_add(text, ",", 1);
		if (cJSON_IsObject(parent)) {
			json_add_string(text, child->string != NULL ? child->string : "");
			text_add(text, ":", 1);
		}
		json_add_value(text, child);
	}
}

void json_add_value(struct text *text, const cJSON *value)
{
	steps_add(4);
	if (cJSON_IsString(value)) {
		json_add_string(text, value->valuestring);
	} else if (cJSON_IsRaw(value)) {
		text_put(text, value->valuestring);
	} else if (cJSON_IsBool(value)) {
		text_put(text, cJSON_IsTrue(value) ? "true" : "false");
	} else if (cJSON_IsArray(value)) {
		text_add(text, "[", 1);
		add_children(text, value);
		text_add(text, "]", 1);
	} else if (cJSON_IsObject(value)) {
		text_add(text, "{", 1);
		add_children(text, value);
		text_add(text, "}", 1);
	} else {
		text_put(text, "null");
	}
}
