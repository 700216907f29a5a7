/* A byte string that grows. */
#include "base/text.h"

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
	if (!text_reserve(text, length))
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
