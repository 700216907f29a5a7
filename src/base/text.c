/* A byte string that grows. */
#include "base/text.h"

#include "base/steps.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 256 };

bool text_reserve(struct text *text, size_t more)
{
	size_t capacity = text->capacity > 0 ? text->capacity : SMALLEST;
	char *data;

	if (text->failed || more > SIZE_MAX / 4 - text->length) {
		text->failed = true;
		return false;
	}
	if (text->length + more < text->capacity)
		return true;
	while (capacity <= text->length + more)
		capacity *= 2;
	data = realloc(text->data, capacity);
	if (data == NULL) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	text->data[text->length] = '\0';
	return true;
}

void text_add(struct text *text, const void *bytes, size_t length)
{
	bool has_room;

	steps_add_bytes(length);
	has_room = !text->failed && length < text->capacity - text->length;

	if (!has_room && !text_reserve(text, length))
		return;
	if (length > 0)
		memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_put(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_format(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text->failed = true;
		return;
	}
	if (!text_reserve(text, (size_t)length + 1))
		return;
	va_start(arguments, format);
	(void)vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	text->length += (size_t)length;
}

void text_number(struct text *text, uint64_t number, unsigned digits)
{
	char buffer[24];
	char *at = buffer + sizeof(buffer);

	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (at > buffer && (size_t)(buffer + sizeof(buffer) - at) < digits)
		*--at = '0';
	text_add(text, at, (size_t)(buffer + sizeof(buffer) - at));
}

void text_label(struct text *text, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			text_put(text, "\\");
		if (*value == '\n')
			text_put(text, "\\n");
		else
			text_add(text, value, 1);
	}
}

void text_cut(struct text *text, size_t length)
{
	if (text->data == NULL || length >= text->length)
		return;
	text->length = length;
	text->data[length] = '\0';
}

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){0};
}

const char *text_string(const struct text *text)
{
	return text->data != NULL ? text->data : "";
}

char *text_take(struct text *text)
{
	char *data;

	if (!text_reserve(text, 1)) {
		text_free(text);
		return NULL;
	}
	data = text->data;
	*text = (struct text){0};
	return data;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t less = a < b ? a : b;

	return less < c ? less : c;
}

/* Levenshtein's distance, a row at a time. */
size_t text_distance(const char *a, const char *b)
{
	enum { LETTERS = 31 };
	size_t row[LETTERS + 1];
	size_t length = strnlen(b, LETTERS);

	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 0; i < LETTERS && a[i] != '\0'; i++) {
		size_t diagonal = row[0]++;

		for (size_t j = 1; j <= length; j++) {
			size_t changed = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			row[j] = smallest(row[j] + 1, row[j - 1] + 1, changed);
		}
	}
	return row[length];
}

const char *text_or(const char *a, const char *b)
{
	return a != NULL ? a : b;
}
